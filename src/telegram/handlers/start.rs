//! `/start`: greets a new or a returning user.

use std::sync::Arc;

use super::super::context::Context;
use super::super::inbound::Envelope;
use super::super::text;
use crate::db::DbError;

pub(super) async fn handle(context: Arc<Context>, envelope: Envelope) -> Result<(), DbError> {
    let name = &envelope.sender.first_name;
    let greeting = |language, known: &crate::db::people::Known| {
        if known.is_new { text::welcome(language, name) } else { text::welcome_back(language, name) }
    };
    super::reply(&context, &envelope, greeting).await
}
