//! Methods that send messages and drafts, and that change messages: texts, captions, buttons.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Method;
use crate::domain::ids::{ChatId, MessageId, TopicId};

/// A message that was sent.
#[derive(Deserialize, Clone, Copy, Debug)]
pub(crate) struct Sent {
    /// The message id in the chat.
    pub message_id: i32,
}

/// Sends a message.
#[derive(Serialize, Debug)]
pub(crate) struct SendMessage<'a> {
    /// The chat to send to.
    pub chat_id: ChatId,
    /// The topic in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// 1 to 4096 code points.
    pub text: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// The message that it replies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_parameters: Option<ReplyParameters>,
    /// No preview of the first link: answers contain many.
    pub link_preview_options: NoPreview,
    /// Whether it arrives without a sound.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disable_notification: bool,
    /// The buttons below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("sendMessage", SendMessage<'_> => Sent);

/// Parameters of a reply.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct ReplyParameters {
    message_id: MessageId,
    allow_sending_without_reply: bool,
}

impl ReplyParameters {
    /// Replies to `message`. If that is gone, the message is sent without a reply.
    pub(crate) fn to(message: MessageId) -> Self {
        Self { message_id: message, allow_sending_without_reply: true }
    }
}

/// Disables link previews.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct NoPreview {
    is_disabled: bool,
}

impl Default for NoPreview {
    fn default() -> Self {
        Self { is_disabled: true }
    }
}

/// Sends the content of a message again, without a link to it.
#[derive(Serialize, Debug)]
pub(crate) struct CopyMessage {
    /// The chat to send to.
    pub chat_id: ChatId,
    /// The topic in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// The chat of the original.
    pub from_chat_id: ChatId,
    /// The original.
    pub message_id: MessageId,
    /// The buttons below the copy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("copyMessage", CopyMessage => Sent);

/// Replaces the text of a message of the bot.
#[derive(Serialize, Debug)]
pub(crate) struct EditMessageText<'a> {
    /// The chat of the message.
    pub chat_id: ChatId,
    /// The message id.
    pub message_id: MessageId,
    /// 1 to 4096 code points.
    pub text: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// No preview of the first link.
    pub link_preview_options: NoPreview,
    /// The buttons below it; `None` removes the present ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("editMessageText", EditMessageText<'_> => Sent);

/// Replaces the caption of a message of the bot.
#[derive(Serialize, Debug)]
pub(crate) struct EditMessageCaption<'a> {
    /// The chat of the message.
    pub chat_id: ChatId,
    /// The message id.
    pub message_id: MessageId,
    /// Up to 1024 code points; an empty text removes the caption.
    pub caption: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub caption_entities: &'a Value,
}
method!("editMessageCaption", EditMessageCaption<'_> => Sent);

/// Changes the buttons of a message of the bot.
#[derive(Serialize, Debug)]
pub(crate) struct EditMessageReplyMarkup {
    /// The chat of the message.
    pub chat_id: ChatId,
    /// The message id.
    pub message_id: MessageId,
    /// The buttons; `None` removes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("editMessageReplyMarkup", EditMessageReplyMarkup => EditResponse);

/// A message of the bot after an edit.
#[derive(Deserialize, Clone, Copy, Debug)]
pub(crate) struct EditResponse {
    /// The message that it replies to.
    pub reply_to_message: Option<Sent>,
}

/// Buttons below a message, in Telegram's format.
#[derive(Serialize, Clone, Debug)]
#[serde(transparent)]
pub(crate) struct InlineKeyboard(pub Value);

impl InlineKeyboard {
    /// Creates a column of buttons, each with a label and the data (1 to 64 bytes) that a press sends back.
    pub(crate) fn column(buttons: impl IntoIterator<Item = (String, String)>) -> Self {
        Self::grid(1, buttons)
    }

    /// Creates rows of up to `columns` buttons.
    pub(crate) fn grid(columns: usize, buttons: impl IntoIterator<Item = (String, String)>) -> Self {
        let button = |(text, data)| json!({ "text": text, "callback_data": data });
        let buttons: Vec<Value> = buttons.into_iter().map(button).collect();
        Self(json!({ "inline_keyboard": buttons.chunks(columns).collect::<Vec<_>>() }))
    }

    /// Creates rows of buttons.
    pub(crate) fn rows(rows: &[Vec<Button>]) -> Self {
        Self(json!({ "inline_keyboard": rows }))
    }
}

/// A button below a message.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct Button {
    /// The label.
    pub text: String,
    /// What a press sends back, 1 to 64 bytes.
    pub callback_data: String,
    /// The colour; `None` for the ordinary one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<ButtonStyle>,
}

/// The colours of buttons. Apps that do not know them show the ordinary one.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ButtonStyle {
    /// Red: for what cannot be undone.
    Danger,
    /// Green: for what is chosen.
    Success,
}

/// Shows an unfinished message in a private chat. It disappears 30 s after the last call.
#[derive(Serialize, Debug)]
pub(crate) struct SendMessageDraft<'a> {
    /// The chat to send to.
    pub chat_id: ChatId,
    /// The topic in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// The draft id, not zero; a call with the same id changes the draft in place.
    pub draft_id: i32,
    /// Up to 4096 code points.
    pub text: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// Shows a stop button; a press arrives as `stopped_message_generation`.
    pub can_stop: bool,
}
method!("sendMessageDraft", SendMessageDraft<'_> => bool);
