//! `/paysupport` and `/terms`, which Telegram requires of every seller.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::reply;
use super::super::text::money;
use crate::db::DbError;

/// Replies with the contact for questions about payments.
pub(super) async fn contact(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let contact = context.books.terms.support_contact.as_deref();
    reply(&context, &header, |language, _| money::pay_support(language, contact)).await
}

/// Replies with the terms of sale.
pub(super) async fn terms(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    reply(&context, &header, |language, _| money::terms(language)).await
}
