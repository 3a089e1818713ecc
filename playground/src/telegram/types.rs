//! What a test, the page or a load driver sees of the emulated Telegram: people, messages, drafts,
//! calls and violations. Plain data, cloned out of the state.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

/// How the emulator is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The one token that is accepted, in the usual form `<digits>:<secret>`.
    pub token: String,
    /// User id of the bot.
    pub bot_id: i64,
    /// Username of the bot, without `@`.
    pub bot_username: String,
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Whether flood limits answer 429. Off by default, so that tests are not paced.
    pub enforce_rates: bool,
    /// Number of the first update. A bot remembers the numbers it has seen, so an emulator that meets the
    /// database of an earlier one must begin above everything that one used.
    pub first_update: i64,
    /// Id of the first message of private chats together and of each supergroup; what was said of updates holds here too.
    pub first_message: i64,
    /// How long the bot may take to answer a pre-checkout query; 10 s in the real service.
    pub checkout_limit: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            token: "123456:TEST-TOKEN".to_owned(),
            bot_id: 123_456,
            bot_username: "starling_bot".to_owned(),
            port: 0,
            enforce_rates: false,
            first_update: 700_000_001,
            first_message: 1,
            checkout_limit: Duration::from_secs(10),
        }
    }
}

/// An account: a person or a bot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// User id; also the id of the person's private chat with the bot.
    pub id: i64,
    /// Whether the account is a bot.
    pub is_bot: bool,
    /// First name, as shown.
    pub first_name: String,
    /// Last name, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Username without `@`, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Language of the person's app as an IETF tag, if told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
    /// Whether the person has Telegram Premium.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_premium: bool,
}

impl Person {
    /// A person with an English app and nothing else known.
    pub fn new(id: i64, first_name: &str) -> Self {
        Self {
            id,
            is_bot: false,
            first_name: first_name.to_owned(),
            last_name: None,
            username: None,
            language_code: Some("en".to_owned()),
            is_premium: false,
        }
    }
}

/// What a person's action produced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SentIds {
    /// Id of the message in its chat.
    pub message_id: i64,
    /// Id of the update that tells the bot; 0 when the bot does not subscribe to that kind of update.
    pub update_id: i64,
}

/// A message as the chat shows it now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Id within the chat.
    pub id: i64,
    /// Unix time in seconds.
    pub date: i64,
    /// Who sent it.
    pub from: i64,
    /// Whether the emulated bot sent it.
    pub from_bot: bool,
    /// The text, or the caption of a file; empty for service messages.
    pub text: String,
    /// Formatting, as `MessageEntity` objects.
    pub entities: Vec<Value>,
    /// Topic (`message_thread_id`) it stands in.
    pub topic: Option<i64>,
    /// How often it was edited.
    pub edits: u32,
    /// Inline keyboard, if any.
    pub reply_markup: Option<Value>,
    /// The whole Bot API `Message` object.
    pub raw: Value,
}

/// One state of a streamed draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The bot's id of the draft.
    pub draft_id: i64,
    /// The text of this state; empty shows a thinking placeholder.
    pub text: String,
    /// Formatting, as `MessageEntity` objects.
    pub entities: Vec<Value>,
    /// Topic it is shown in.
    pub topic: Option<i64>,
    /// Whether the person sees a stop button.
    pub can_stop: bool,
    /// Whether a stop leaves the draft on the screen.
    pub keep_on_stop: bool,
    /// When it was shown.
    pub at: Instant,
}

/// One call of the Bot API.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method in its documented spelling.
    pub method: String,
    /// The chat it was about.
    pub chat: Option<i64>,
    /// Parameters, JSON-encoded ones parsed, whatever the encoding of the request was.
    pub params: Value,
    /// When it arrived.
    pub at: Instant,
    /// What it was answered.
    pub answer: CallOutcome,
    /// Bytes of all uploaded files together.
    pub uploaded_bytes: usize,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Not answered yet: a long poll, a held or hanging call, or the caller went away.
    Waiting,
    /// Answered with a result.
    Ok,
    /// Refused.
    Error {
        /// HTTP status and `error_code`.
        code: u16,
        /// The sentence of the refusal.
        description: String,
        /// Seconds to wait, with 429.
        retry_after: Option<u64>,
    },
    /// The connection was cut instead of an answer.
    Cut,
}

/// One download of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// The file; empty when there is none at the path.
    pub file_id: String,
    /// What stood behind the token.
    pub path: String,
    /// When it was asked for.
    pub at: Instant,
    /// How it ended; `Ok` means that the whole file was handed to the connection.
    pub answer: CallOutcome,
}

/// A call that a well-behaved bot would not have made.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Method in its documented spelling.
    pub method: String,
    /// The chat it was about.
    pub chat: Option<i64>,
    /// What was wrong.
    pub kind: ViolationKind,
    /// The refusal's sentence.
    pub description: String,
    /// When it happened.
    pub at: Instant,
}

/// What a violation was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ViolationKind {
    /// Called again before `retry_after` was over.
    InsidePenalty,
    /// Refused because of formatting.
    Formatting,
    /// Refused because the text or caption was too long or empty.
    Length,
}

/// What a person attaches to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// A picture, offered in several sizes.
    Photo,
    /// Any file.
    Document,
    /// A voice note.
    Voice,
    /// Music.
    Audio,
    /// A video.
    Video,
    /// A round video.
    VideoNote,
    /// A sticker.
    Sticker,
}

/// A fault that calls run into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Refused with 429.
    Flood {
        /// Seconds to wait, as told to the bot.
        retry_after_s: u64,
    },
    /// Answered with this HTTP status and a body that is not JSON, as a proxy in front would.
    Status(u16),
    /// Refused with this error.
    Error {
        /// HTTP status and `error_code`.
        code: u16,
        /// The sentence of the refusal.
        description: String,
    },
    /// The connection is cut before anything happens.
    DropConnection,
    /// The call is carried out, then the connection is cut without an answer; a download is cut in the middle.
    DropAfter,
    /// The call waits this long before it is carried out.
    Hang(Duration),
}

/// Something that a message can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Formatting.
    Entities,
    /// Buttons.
    Keyboard,
    /// A message that it answers.
    Reply,
    /// A topic.
    Topic,
    /// The place of another message, which it changes.
    Edit,
    /// A text, so every message.
    Text,
}
