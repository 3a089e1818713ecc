//! `/help`: what the bot can do, and the commands that the sender may use here.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::reply;
use super::super::text::commands;
use crate::db::DbError;

pub(super) async fn handle(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    let asker = context.asker(&header);
    reply(&context, &header, |language, _| commands::help(language, asker)).await
}
