//! `/model`, `/settings` and `/personality`: the cards on which people choose.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::replies::carry_out;
use super::super::replies::choices::{self, Card};
use crate::db::DbError;
use crate::db::people::KnownUser;
use crate::services::intake;

/// Shows the models.
pub(super) async fn models(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    show(&context, &header, Card::Models).await
}

/// Shows the settings.
pub(super) async fn settings(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    show(&context, &header, Card::Settings).await
}

/// Shows the personality; only in private chats, where nobody else reads it.
pub(super) async fn personality(context: Arc<BotContext>, header: MessageHeader) -> Result<(), DbError> {
    show(&context, &header, Card::Personality).await
}

async fn show(context: &BotContext, header: &MessageHeader, card: Card) -> Result<(), DbError> {
    let message = |known: &KnownUser| choices::compose(&context.books, header, card, known);
    let answer = || intake::answer_command(&context.books, header.caller(), message);
    carry_out(context, answer).await
}
