//! `/balance`: shows the balance, the reserved amount and the latest operations.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::{answer_to, carry_out};
use super::super::text::money;
use crate::db::DbError;
use crate::db::balance::{Balance, LedgerEntry};
use crate::rendering::render;
use crate::services::statement;

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let language = header.language();
    let message = |balance: Balance, booked: &[LedgerEntry]| {
        answer_to(&header, render(&money::balance(language, balance, booked)))
    };
    let show = || statement::show(&context.books, header.caller(), message);
    carry_out(&context, show).await
}
