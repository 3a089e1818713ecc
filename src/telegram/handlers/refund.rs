//! `/refund`: lists what can be given back, or asks for one payment to be given back.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::rendering::render;
use super::super::text::money;
use super::{answer_to, carry_out};
use crate::db::DbError;
use crate::db::payments::Payment;
use crate::services::refunds::{self, Asked};

pub(super) async fn handle(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let language = envelope.language();
    let books = &context.books;
    if envelope.arguments.is_empty() {
        let message =
            |payments: &[Payment]| answer_to(&envelope, render(&money::refundable(language, payments)));
        let list = || refunds::list(books, envelope.caller(), message);
        return carry_out(&context, "refunds::list", list).await;
    }
    let message = |asked: &Asked| answer_to(&envelope, render(&money::refund_asked(language, asked)));
    let ask = || refunds::ask(books, envelope.caller(), &envelope.arguments, message);
    let owed = context.db.persist("refunds::ask", &context.life.abort, ask).await?;
    context.courier().deliver(owed);
    context.cashier.wake();
    Ok(())
}
