//! What a person may do in a group: asked of Telegram at each use.

use std::time::Duration;

use super::super::context::BotContext;
use super::patiently;
use crate::bot_api::methods::{ChatMember, GetChatMember};
use crate::domain::ids::{ChatId, UserId};

/// The most attempts to ask.
const TRIES: u32 = 3;
/// The longest penalty that a question waits for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns whether a person (or the bot) administers a group, or `None` if Telegram does not tell. An answer is used
/// for a moment. Administrators of the bot have no special rights in groups.
pub(crate) async fn administers(context: &BotContext, chat: ChatId, user: UserId) -> Option<bool> {
    if let Some(known) = context.group_administrators.known(chat, user) {
        return Some(known);
    }
    let administers = ask(context, chat, user).await?.is_administrator();
    context.group_administrators.remember(chat, user, administers);
    Some(administers)
}

/// Returns a person's membership in a chat, or `None` if Telegram does not tell.
pub(super) async fn ask(context: &BotContext, chat: ChatId, user: UserId) -> Option<ChatMember> {
    let method = GetChatMember { chat_id: chat, user_id: user };
    let asked = patiently(context, TRIES, || context.screen.api.inquire(chat, &method, PATIENCE)).await?;
    let told = asked.inspect_err(|error| {
        let error = error as &dyn std::error::Error;
        tracing::warn!(chat.id = chat.0, user.id = user.0, error, "Telegram does not tell a person's rights");
    });
    told.ok()
}
