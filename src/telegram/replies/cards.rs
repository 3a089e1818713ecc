//! The rights and the redrawing of cards: messages of the bot with buttons that change them in place. A card
//! belongs to the person whose command it answers (`outbox.owner_id`), and nobody else may use its buttons.
//! What a tap may do depends on the person and the message, which Telegram names, never on the button's data
//! alone.

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::text;
use crate::bot_api::ApiError;
use crate::bot_api::methods::{EditMessageText, InlineKeyboard, NoPreview};
use crate::db::{DbError, outbox};
use crate::domain::people::{ChatKind, Language};
use crate::rendering::RichText;

/// Returns what a person is told who may not use the buttons of the message at which `header` points, or `None`
/// if the card is theirs. In a private chat all cards are. `not_yours` is said about the card of another person.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn refusal(
    context: &BotContext,
    header: &MessageHeader,
    language: Language,
    not_yours: impl FnOnce(Language) -> String,
) -> Result<Option<String>, DbError> {
    let key = header.key;
    if header.chat.kind == ChatKind::Private {
        return Ok(None);
    }
    let owner = || outbox::owner(context.db.pool(), key.chat, header.message);
    let sentence = match context.db.persist(owner).await? {
        Some(owner) if owner == header.sender.id => return Ok(None),
        Some(_) => not_yours(language),
        None => text::old_button(language),
    };
    tracing::warn!(
        chat.id = key.chat.0,
        user.id = header.sender.id.0,
        "a tap on somebody else's card or an old one"
    );
    Ok(Some(sentence))
}

/// Shows new content in a card. A failure is harmless: the person can tap again.
pub(crate) async fn redraw(
    context: &BotContext,
    header: &MessageHeader,
    content: RichText,
    keyboard: Option<InlineKeyboard>,
) {
    let (text, entities) = content.into_wire();
    let method = EditMessageText {
        chat_id: header.key.chat,
        message_id: header.message,
        text: &text,
        entities: &entities,
        link_preview_options: NoPreview::default(),
        reply_markup: keyboard,
    };
    let edited = context.screen.api.deliver(header.key.chat, &method).await;
    match edited {
        // A second tap on the same button.
        Ok(_) | Err(ApiError::NotModified) => {}
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "a card is not changed");
        }
    }
}
