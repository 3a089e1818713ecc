//! The methods that the bot calls, as plain structs. They are written by hand because the framework's own
//! stop at Bot API 9.1, and because entities and updates pass through as unchanged JSON.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::domain::ids::{ChatId, TopicId};

/// A method of the Bot API; its fields are the request body.
pub(crate) trait Method: Serialize + Sync {
    /// The method's name in the URL.
    const NAME: &'static str;
    /// The type of the result.
    type Response: DeserializeOwned;
    /// Returns the time limit of the response, if it differs from the default.
    fn limit(&self) -> Option<Duration> {
        None
    }
}

macro_rules! method {
    ($name:literal, $type:ty => $answer:ty) => {
        impl Method for $type {
            const NAME: &'static str = $name;
            type Response = $answer;
        }
    };
}

mod menus;
mod messages;
mod stars;
mod topics;
mod updates;

pub(crate) use menus::{BotCommand, CommandScope, DeleteMyCommands, GetMyCommands, SetMyCommands};
pub(crate) use messages::{
    Button, ButtonStyle, CopyMessage, EditMessageCaption, EditMessageReplyMarkup, EditMessageText,
    EditResponse, InlineKeyboard, NoPreview, ReplyParameters, SendMessage, SendMessageDraft, Sent,
};
pub(crate) use stars::{
    AnswerPreCheckoutQuery, GetStarTransactions, LabeledPrice, RefundStarPayment, SendInvoice,
};
pub(crate) use topics::{
    ChatMember, DeleteForumTopic, EditForumTopic, GetChatMember, GetForumTopicIconStickers, IconSticker,
};
pub(crate) use updates::{DeleteWebhook, GetUpdates, GetWebhookInfo, SetWebhook, WebhookInfo};

/// Returns the bot's own account.
#[derive(Serialize, Debug)]
pub(crate) struct GetMe {}
method!("getMe", GetMe => Me);

/// The bot's own account. Servers of the Bot API differ in which other fields they send, so no others are
/// read, and none but the id is required.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Me {
    /// The user id of the bot.
    pub id: i64,
    /// The name without the `@`; empty if it was not sent, and then nobody can mention the bot.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub username: String,
    /// Whether Telegram hands the bot all messages of groups: its privacy mode is off.
    #[serde(default, deserialize_with = "flag_or_false")]
    pub can_read_all_group_messages: bool,
}

impl Me {
    /// Returns the name to display: `@name`, or the id if no name is known.
    pub(crate) fn title(&self) -> String {
        if self.username.is_empty() { format!("bot {}", self.id) } else { format!("@{}", self.username) }
    }
}

/// Deserialises anything but a boolean as `false`.
fn flag_or_false<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_bool().unwrap_or_default())
}

/// Deserialises anything but a string as an empty string.
fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// Requests the download path of a file.
#[derive(Serialize, Debug)]
pub(crate) struct GetFile<'a> {
    /// Telegram's `file_id`.
    pub file_id: &'a str,
}
method!("getFile", GetFile<'_> => FilePlace);

/// The download path of a file.
#[derive(Deserialize, Debug)]
pub(crate) struct FilePlace {
    /// The path below the base address of files; valid for an hour.
    pub file_path: Option<String>,
}

/// Ends the progress indicator of a pressed button.
#[derive(Serialize, Debug)]
pub(crate) struct AnswerCallbackQuery<'a> {
    /// The id of the callback query.
    pub callback_query_id: &'a str,
    /// The text shown for a moment, up to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Method for AnswerCallbackQuery<'_> {
    const NAME: &'static str = "answerCallbackQuery";
    type Response = bool;

    /// After this time, nobody waits for the indicator to end.
    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }
}

/// Shows a chat action for five seconds.
#[derive(Serialize, Debug)]
pub(crate) struct SendChatAction {
    /// The chat to send to.
    pub chat_id: ChatId,
    /// The topic in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// The action, such as `typing`.
    pub action: &'static str,
}
method!("sendChatAction", SendChatAction => bool);
