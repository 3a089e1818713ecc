//! The methods that the bot calls, as plain structs. They are written by hand because the framework's own
//! stop at Bot API 9.1, and because entities and updates pass through as unchanged JSON.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::domain::ids::{ChatId, MessageId, TopicId, UserId};

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

mod topics;

pub(crate) use topics::{DeleteForumTopic, GetChatMember};

/// Returns the bot's own account.
#[derive(Serialize, Debug)]
pub(crate) struct GetMe {}
method!("getMe", GetMe => Me);

/// The bot's own account. Servers of the Bot API differ in which other fields they send, so no others are
/// read.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Me {
    /// The user id of the bot.
    pub id: i64,
    /// The name without the `@`; empty if it was not sent, and then nobody can mention the bot.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub username: String,
}

impl Me {
    /// Returns the name to display: `@name`, or the id if no name is known.
    pub(crate) fn title(&self) -> String {
        if self.username.is_empty() { format!("bot {}", self.id) } else { format!("@{}", self.username) }
    }
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

/// Fetches updates and confirms all before `offset`.
#[derive(Serialize, Debug)]
pub(crate) struct GetUpdates<'a> {
    /// The first update to return; `None` for the oldest pending one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// The most updates to return, 1 to 100.
    pub limit: u8,
    /// How long to wait for an update, in seconds.
    pub timeout: u64,
    /// The kinds of updates to return, by name.
    pub allowed_updates: &'a [&'a str],
}

impl Method for GetUpdates<'_> {
    const NAME: &'static str = "getUpdates";
    /// Raw JSON, so that kinds unknown to the framework are not lost.
    type Response = Vec<Box<RawValue>>;

    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.timeout + 10))
    }
}

/// Makes Telegram deliver updates to a webhook.
#[derive(Serialize, Debug)]
pub(crate) struct SetWebhook<'a> {
    /// The webhook's address.
    pub url: &'a str,
    /// The secret token that Telegram must present.
    pub secret_token: &'a str,
    /// The kinds of updates to deliver, by name.
    pub allowed_updates: &'a [&'a str],
}
method!("setWebhook", SetWebhook<'_> => bool);

/// Removes the webhook, so that updates can be fetched.
#[derive(Serialize, Debug)]
pub(crate) struct DeleteWebhook {}
method!("deleteWebhook", DeleteWebhook => bool);

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
        let row = |(text, data)| json!([{ "text": text, "callback_data": data }]);
        Self(json!({ "inline_keyboard": buttons.into_iter().map(row).collect::<Vec<_>>() }))
    }
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

/// Sends an invoice in Stars.
#[derive(Serialize, Debug)]
pub(crate) struct SendInvoice<'a> {
    /// The chat to send to.
    pub chat_id: ChatId,
    /// The topic in the chat.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// The title, 1 to 32 characters.
    pub title: &'a str,
    /// The description, 1 to 255 characters.
    pub description: &'a str,
    /// The payload, 1 to 128 bytes; returned with the payment.
    pub payload: &'a str,
    /// The currency, always Stars.
    pub currency: &'static str,
    /// Exactly one price.
    pub prices: [LabeledPrice<'a>; 1],
}
method!("sendInvoice", SendInvoice<'_> => Sent);

/// The price of an invoice.
#[derive(Serialize, Clone, Copy, Debug)]
pub(crate) struct LabeledPrice<'a> {
    /// The label of the price.
    pub label: &'a str,
    /// The amount in Stars.
    pub amount: u32,
}

/// Accepts or refuses a payment.
#[derive(Serialize, Debug)]
pub(crate) struct AnswerPreCheckoutQuery<'a> {
    /// The id of the pre-checkout query.
    pub pre_checkout_query_id: &'a str,
    /// Whether Telegram may take the Stars.
    pub ok: bool,
    /// The reason of a refusal, shown to the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl Method for AnswerPreCheckoutQuery<'_> {
    const NAME: &'static str = "answerPreCheckoutQuery";
    type Response = bool;

    /// Telegram waits ten seconds in all, so there must be time for a second try.
    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(3))
    }
}

/// Refunds a payment in Stars.
#[derive(Serialize, Debug)]
pub(crate) struct RefundStarPayment<'a> {
    /// The payer.
    pub user_id: UserId,
    /// Telegram's id of the payment.
    pub telegram_payment_charge_id: &'a str,
}
method!("refundStarPayment", RefundStarPayment<'_> => bool);

/// Lists Star transactions, oldest first.
#[derive(Serialize, Debug)]
pub(crate) struct GetStarTransactions {
    /// The number of transactions to skip.
    pub offset: i64,
    /// The most transactions to return, 1 to 100.
    pub limit: i64,
}
method!("getStarTransactions", GetStarTransactions => StarTransactions);

/// A page of the list of Star transactions.
#[derive(Deserialize, Debug)]
pub(crate) struct StarTransactions {
    /// Raw JSON, because there may be unknown kinds of partners.
    pub transactions: Vec<Box<RawValue>>,
}

/// Sets the menu of commands.
#[derive(Serialize, Debug)]
pub(crate) struct SetMyCommands<'a> {
    /// The commands in order.
    pub commands: Vec<BotCommand>,
    /// The two-letter language code; `None` sets the menu for every language without a menu of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<&'a str>,
}
method!("setMyCommands", SetMyCommands<'_> => bool);

/// One command of the menu.
#[derive(Serialize, Clone, Debug)]
pub(crate) struct BotCommand {
    /// The name without the slash.
    pub command: &'static str,
    /// The description, 1 to 256 characters.
    pub description: String,
}
