//! `/refund`: lists refundable payments, or requests the refund of one.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::locale;
use super::super::replies::{answer_to, carry_out};
use super::super::text::money;
use crate::db::DbError;
use crate::db::payments::Payment;
use crate::rendering::render;
use crate::services::refunds::{self, RefundStart};

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let language = locale::of(&context, &header.sender).await?;
    let books = &context.books;
    if header.arguments.is_empty() {
        let list = |payments: &[Payment]| money::refundable(language, payments, books.clock.now());
        let message = |payments: &[Payment]| answer_to(&header, render(&list(payments)));
        let list = || refunds::list(books, header.caller(), message);
        return carry_out(&context, list).await;
    }
    let message = |asked: &RefundStart| answer_to(&header, render(&money::refund_asked(language, asked)));
    let ask = || refunds::ask(books, header.caller(), &header.arguments, message);
    let messages = context.db.persist(ask).await?;
    context.courier().deliver(messages);
    context.payment_worker.wake();
    Ok(())
}
