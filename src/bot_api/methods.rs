//! The methods that the bot calls, as plain structs. Written by hand because the framework's own stop at Bot API 9.1
//! and because entities and updates pass through as the JSON that they are.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::domain::ids::{ChatId, MessageId, TopicId, UserId};

/// A method of the Bot API: its fields are the body.
pub trait Method: Serialize + Sync {
    /// Its name in the address.
    const NAME: &'static str;
    /// What it answers.
    type Response: DeserializeOwned;
    /// How long the answer may take, if not as long as usual.
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

pub use topics::{ChatMember, DeleteForumTopic, GetChatMember};

/// Who we are.
#[derive(Serialize, Debug)]
pub struct GetMe {}
method!("getMe", GetMe => Me);

/// The bot's own account. Servers of the Bot API differ in what else they tell, so nothing else is asked for.
#[derive(Deserialize, Clone, Debug)]
pub struct Me {
    /// Its id.
    pub id: i64,
    /// Its name without the `@`; empty if it was not told, and then nobody can mention the bot.
    #[serde(default, deserialize_with = "text_or_empty")]
    pub username: String,
}

impl Me {
    /// The name for people: `@name`, or the number if no name is known.
    pub fn title(&self) -> String {
        if self.username.is_empty() { format!("bot {}", self.id) } else { format!("@{}", self.username) }
    }
}

/// Reads anything that is no text as an empty one.
fn text_or_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.as_str().unwrap_or_default().to_owned())
}

/// Asks where a file lies.
#[derive(Serialize, Debug)]
pub struct GetFile<'a> {
    /// Telegram's name for it.
    pub file_id: &'a str,
}
method!("getFile", GetFile<'_> => FilePlace);

/// Where a file lies.
#[derive(Deserialize, Debug)]
pub struct FilePlace {
    /// Behind the address of files; good for an hour.
    pub file_path: Option<String>,
}

/// Fetches updates and confirms all before `offset`.
#[derive(Serialize, Debug)]
pub struct GetUpdates<'a> {
    /// The first update that is wanted; none for the oldest that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// How many at most, 1 to 100.
    pub limit: u8,
    /// How long to wait for one, in seconds.
    pub timeout: u64,
    /// The kinds that are wanted, by name.
    pub allowed_updates: &'a [&'a str],
}

impl Method for GetUpdates<'_> {
    const NAME: &'static str = "getUpdates";
    /// Raw, because kinds that the framework does not know must not get lost.
    type Response = Vec<Box<RawValue>>;

    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(self.timeout + 10))
    }
}

/// Lets Telegram deliver updates.
#[derive(Serialize, Debug)]
pub struct SetWebhook<'a> {
    /// Where to.
    pub url: &'a str,
    /// What it must present.
    pub secret_token: &'a str,
    /// The kinds that are wanted, by name.
    pub allowed_updates: &'a [&'a str],
}
method!("setWebhook", SetWebhook<'_> => bool);

/// Ends delivery, so that updates can be fetched.
#[derive(Serialize, Debug)]
pub struct DeleteWebhook {}
method!("deleteWebhook", DeleteWebhook => bool);

/// A message that exists now.
#[derive(Deserialize, Clone, Copy, Debug)]
pub struct Sent {
    /// Its number in the chat.
    pub message_id: i32,
}

/// Sends a message.
#[derive(Serialize, Debug)]
pub struct SendMessage<'a> {
    /// Where to.
    pub chat_id: ChatId,
    /// The topic in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// 1 to 4096 code points.
    pub text: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// The message that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_parameters: Option<ReplyParameters>,
    /// No preview of the first link: answers contain many.
    pub link_preview_options: NoPreview,
    /// A button below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("sendMessage", SendMessage<'_> => Sent);

/// The message that is answered.
#[derive(Serialize, Clone, Copy, Debug)]
pub struct ReplyParameters {
    message_id: MessageId,
    allow_sending_without_reply: bool,
}

impl ReplyParameters {
    /// Answers `message`, and is sent without it if that is gone.
    pub fn to(message: MessageId) -> Self {
        Self { message_id: message, allow_sending_without_reply: true }
    }
}

/// Switches link previews off.
#[derive(Serialize, Clone, Copy, Debug)]
pub struct NoPreview {
    is_disabled: bool,
}

impl Default for NoPreview {
    fn default() -> Self {
        Self { is_disabled: true }
    }
}

/// Replaces the text of a message of ours.
#[derive(Serialize, Debug)]
pub struct EditMessageText<'a> {
    /// Where it stands.
    pub chat_id: ChatId,
    /// Its number.
    pub message_id: MessageId,
    /// 1 to 4096 code points.
    pub text: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// No preview of the first link.
    pub link_preview_options: NoPreview,
    /// A button below it; none removes the one that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("editMessageText", EditMessageText<'_> => Sent);

/// Changes the buttons of a message of ours.
#[derive(Serialize, Debug)]
pub struct EditMessageReplyMarkup {
    /// Where it stands.
    pub chat_id: ChatId,
    /// Its number.
    pub message_id: MessageId,
    /// The buttons; none takes them away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_markup: Option<InlineKeyboard>,
}
method!("editMessageReplyMarkup", EditMessageReplyMarkup => EditResponse);

/// A message of ours as it is after a change.
#[derive(Deserialize, Clone, Copy, Debug)]
pub struct EditResponse {
    /// The message that it answers.
    pub reply_to_message: Option<Sent>,
}

/// Buttons below a message, as Telegram takes them.
#[derive(Serialize, Clone, Debug)]
#[serde(transparent)]
pub struct InlineKeyboard(pub Value);

impl InlineKeyboard {
    /// Buttons one below the other: each with a label and the data (1 to 64 bytes) that a tap brings back.
    pub fn column(buttons: impl IntoIterator<Item = (String, String)>) -> Self {
        let row = |(text, data)| json!([{ "text": text, "callback_data": data }]);
        Self(json!({ "inline_keyboard": buttons.into_iter().map(row).collect::<Vec<_>>() }))
    }
}

/// Ends the waiting mark of a tapped button.
#[derive(Serialize, Debug)]
pub struct AnswerCallbackQuery<'a> {
    /// The tap.
    pub callback_query_id: &'a str,
    /// Shown for a moment, up to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Method for AnswerCallbackQuery<'_> {
    const NAME: &'static str = "answerCallbackQuery";
    type Response = bool;

    /// Later than this, nobody waits for the mark to end.
    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }
}

/// Shows an unfinished message in a private chat. It lives 30 s after the last call.
#[derive(Serialize, Debug)]
pub struct SendMessageDraft<'a> {
    /// Where to.
    pub chat_id: ChatId,
    /// The topic in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// Not zero; the same id changes the draft in place.
    pub draft_id: i32,
    /// Up to 4096 code points.
    pub text: &'a str,
    /// Formatting; offsets in UTF-16 units.
    pub entities: &'a Value,
    /// Shows a stop button; a tap comes as `stopped_message_generation`.
    pub can_stop: bool,
}
method!("sendMessageDraft", SendMessageDraft<'_> => bool);

/// Shows for five seconds that something is being done.
#[derive(Serialize, Debug)]
pub struct SendChatAction {
    /// Where to.
    pub chat_id: ChatId,
    /// The topic in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// What, such as `typing`.
    pub action: &'static str,
}
method!("sendChatAction", SendChatAction => bool);

/// Sends an invoice in Stars.
#[derive(Serialize, Debug)]
pub struct SendInvoice<'a> {
    /// Where to.
    pub chat_id: ChatId,
    /// The topic in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_thread_id: Option<TopicId>,
    /// 1 to 32 characters.
    pub title: &'a str,
    /// 1 to 255 characters.
    pub description: &'a str,
    /// 1 to 128 bytes; comes back with the payment.
    pub payload: &'a str,
    /// Always Stars.
    pub currency: &'static str,
    /// Exactly one price.
    pub prices: [LabeledPrice<'a>; 1],
}
method!("sendInvoice", SendInvoice<'_> => Sent);

/// What an invoice costs.
#[derive(Serialize, Clone, Copy, Debug)]
pub struct LabeledPrice<'a> {
    /// What for.
    pub label: &'a str,
    /// Stars.
    pub amount: u32,
}

/// Lets somebody pay, or not.
#[derive(Serialize, Debug)]
pub struct AnswerPreCheckoutQuery<'a> {
    /// The question.
    pub pre_checkout_query_id: &'a str,
    /// Whether the Stars may be taken.
    pub ok: bool,
    /// Why not, for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

impl Method for AnswerPreCheckoutQuery<'_> {
    const NAME: &'static str = "answerPreCheckoutQuery";
    type Response = bool;

    /// Telegram waits ten seconds in all, so that a second try must fit.
    fn limit(&self) -> Option<Duration> {
        Some(Duration::from_secs(3))
    }
}

/// Gives the Stars of a payment back.
#[derive(Serialize, Debug)]
pub struct RefundStarPayment<'a> {
    /// Who paid.
    pub user_id: UserId,
    /// Telegram's name for the payment.
    pub telegram_payment_charge_id: &'a str,
}
method!("refundStarPayment", RefundStarPayment<'_> => bool);

/// Lists Star transactions, oldest first.
#[derive(Serialize, Debug)]
pub struct GetStarTransactions {
    /// How many to leave out at the beginning.
    pub offset: i64,
    /// How many at most, 1 to 100.
    pub limit: i64,
}
method!("getStarTransactions", GetStarTransactions => StarTransactions);

/// A page of the list.
#[derive(Deserialize, Debug)]
pub struct StarTransactions {
    /// As JSON, because partners come in kinds that are not known yet.
    pub transactions: Vec<Box<RawValue>>,
}

/// The menu of commands.
#[derive(Serialize, Debug)]
pub struct SetMyCommands<'a> {
    /// The commands.
    pub commands: Vec<BotCommand>,
    /// Two letters; none is for everybody whose language has no menu of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<&'a str>,
}
method!("setMyCommands", SetMyCommands<'_> => bool);

/// One command of the menu.
#[derive(Serialize, Clone, Debug)]
pub struct BotCommand {
    /// Without the slash.
    pub command: &'static str,
    /// 1 to 256 characters.
    pub description: String,
}
