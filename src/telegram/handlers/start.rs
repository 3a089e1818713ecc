//! `/start`: greets a new or a returning user.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::reply;
use super::super::text;
use crate::db::DbError;

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let name = &header.sender.first_name;
    let greeting = |language, known: &crate::db::people::KnownUser| {
        if known.is_new { text::welcome(language, name) } else { text::welcome_back(language, name) }
    };
    reply(&context, &header, greeting).await
}
