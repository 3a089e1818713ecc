//! `/balance`: what there is, what is reserved, and what the last operations were for.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::rendering::render;
use super::super::text::money;
use super::{answer_to, carry_out};
use crate::db::DbError;
use crate::db::balance::{Balance, Booked};
use crate::services::statement;

pub(super) async fn handle(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let language = envelope.language();
    let message = |balance: Balance, booked: &[Booked]| {
        answer_to(&envelope, render(&money::balance(language, balance, booked)))
    };
    let show = || statement::show(&context.books, envelope.caller(), message);
    carry_out(&context, "statement::show", show).await
}
