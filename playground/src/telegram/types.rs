//! Public data types of the emulated Telegram: its settings, and copies of people, messages, drafts, calls and
//! violations, which do not change with its state.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

/// Settings of the emulator.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The only accepted token, in the usual form `<digits>:<secret>`.
    pub token: String,
    /// User id of the bot.
    pub bot_id: i64,
    /// Username of the bot, without `@`.
    pub bot_username: String,
    /// Port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Whether calls over a flood limit get 429. Off by default, so that tests need not wait.
    pub enforce_rates: bool,
    /// Id of the first update. A bot remembers the ids it has seen, so an emulator used with an existing
    /// database must begin above all ids of earlier emulators.
    pub first_update: i64,
    /// First message id. All private chats share one sequence, together with basic groups; each supergroup has
    /// its own. With an existing database it must be above all ids of earlier emulators, like `first_update`.
    pub first_message: i64,
    /// Time limit of the bot for a pre-checkout query; 10 s in the real service.
    pub checkout_limit: Duration,
    /// Directory in which a local Bot API server (`--local`) keeps its files: it hands out files of any size
    /// by their absolute paths and not by HTTP. `None` is the public service.
    pub local_files: Option<PathBuf>,
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
            local_files: None,
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
    /// Language of the person's app as an IETF tag, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<String>,
    /// Whether the person has Telegram Premium.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_premium: bool,
}

impl Person {
    /// Creates a person with an English app and no other optional field.
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

/// Ids of the message and of the update that a person's action created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SentIds {
    /// Id of the message in its chat.
    pub message_id: i64,
    /// Id of the update; 0 if the bot does not subscribe to that kind of update.
    pub update_id: i64,
}

/// A message in its current state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Id within the chat.
    pub id: i64,
    /// Unix time in seconds.
    pub date: i64,
    /// Id of the sender.
    pub from: i64,
    /// Whether the emulated bot sent it.
    pub from_bot: bool,
    /// The text, or the caption of a file; empty for service messages.
    pub text: String,
    /// Formatting, as `MessageEntity` objects.
    pub entities: Vec<Value>,
    /// Topic (`message_thread_id`) of the message, if any.
    pub topic: Option<i64>,
    /// Number of edits.
    pub edits: u32,
    /// Inline keyboard, if any.
    pub reply_markup: Option<Value>,
    /// The whole Bot API `Message` object.
    pub raw: Value,
}

/// One state of a streamed draft.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The draft's id, chosen by the bot.
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
    /// The chat that the call named.
    pub chat: Option<i64>,
    /// Parameters, JSON-encoded ones parsed, whatever the encoding of the request was.
    pub params: Value,
    /// When it arrived.
    pub at: Instant,
    /// The answer.
    pub answer: CallOutcome,
    /// Total size of all uploaded files, in bytes.
    pub uploaded_bytes: usize,
    /// The name from the caller's base URL, if it came through `Telegram::url_for`.
    pub caller: Option<String>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// Not answered: a long poll, a held or hanging call, or a caller that disconnected.
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
    /// The file's id; empty if there is no file at the path.
    pub file_id: String,
    /// The part of the URL after the token.
    pub path: String,
    /// When the request arrived.
    pub at: Instant,
    /// How it ended. `Ok` means that the whole file was written to the connection.
    pub answer: CallOutcome,
}

/// A call that a correct bot would not have made.
#[derive(Debug, Clone)]
pub struct Violation {
    /// Method in its documented spelling.
    pub method: String,
    /// The chat that the call named.
    pub chat: Option<i64>,
    /// What was wrong.
    pub kind: ViolationKind,
    /// The refusal's sentence.
    pub description: String,
    /// When it happened.
    pub at: Instant,
}

/// The kind of a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ViolationKind {
    /// A call before `retry_after` was over.
    InsidePenalty,
    /// Refused because of formatting.
    Formatting,
    /// Refused because the text or caption was too long or empty.
    Length,
}

/// The kind of file that a message contains.
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
    /// A GIF, or a video without sound.
    Animation,
    /// A sticker.
    Sticker,
}

/// A fault that a test injects into calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Refused with 429.
    Flood {
        /// The value of `retry_after`, in seconds.
        retry_after_s: u64,
    },
    /// The call gets this HTTP status and a body that is not JSON, as from a proxy.
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
    /// The call is carried out, then the connection is cut without an answer; a download is cut in the
    /// middle.
    DropAfter,
    /// The call waits this long before it is carried out.
    Hang(Duration),
}

/// A feature of a message that can be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// Formatting.
    Entities,
    /// Buttons.
    Keyboard,
    /// A reply to another message.
    Reply,
    /// A topic.
    Topic,
    /// An edit of an existing message.
    Edit,
    /// Text, and so every text message.
    Text,
}
