//! `/paysupport` and `/terms`: what Telegram asks of everybody who sells.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::text::money;
use crate::db::DbError;

/// Whom to ask about payments.
pub(super) async fn contact(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let contact = context.books.terms.support_contact.as_deref();
    super::reply(&context, &envelope, |language, _| money::pay_support(language, contact)).await
}

/// The terms of sale.
pub(super) async fn terms(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    super::reply(&context, &envelope, |language, _| money::terms(language)).await
}
