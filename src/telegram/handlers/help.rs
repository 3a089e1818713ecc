//! `/help`: what the bot can do.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::reply;
use super::super::text;
use crate::db::DbError;

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    reply(&context, &header, |language, _| text::help(language)).await
}
