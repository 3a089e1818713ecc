//! Messages: what a person sent, and what a conversation remembers.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::file::{Attachment, KnownFile, ProviderCopy};
use crate::domain::ids::{MessageId, ThreadKey, UpdateId};
use crate::domain::people::{Chat, Person};

/// A message that waits for an answer: read from an update, nothing stored yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Incoming {
    /// The update that brought it; its inbox row is closed together with the opening of the turn.
    pub update: UpdateId,
    /// The conversation it belongs to.
    pub key: ThreadKey,
    /// Its number in the chat; also the order of messages inside a batch.
    pub message: MessageId,
    /// Who wrote it.
    pub sender: Person,
    /// Where.
    pub chat: Chat,
    /// The text, or what stands below the file; empty only with a file.
    pub text: String,
    /// When Telegram received it (whole seconds).
    pub date: DateTime<Utc>,
    /// What else the person pointed at.
    pub context: Context,
    /// The file that came with it.
    pub attachment: Option<Attachment>,
    /// The copy of that file at the model's provider, once it was fetched.
    pub copy: Option<ProviderCopy>,
    /// The file of the message that is replied to.
    pub replied_attachment: Option<Attachment>,
    /// Telegram's name for the album that it is a part of.
    pub album: Option<String>,
}

impl Incoming {
    /// Whether there is nothing in it that a model could read: no words, and a file of which there is no copy.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty() && self.copy.is_none()
    }
}

/// Reply, quote and forward marks of a message, in the form that the prompt shows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Context {
    /// The message that this one answers.
    pub reply: Option<Reply>,
    /// The part of it that the person marked.
    pub quote: Option<String>,
    /// Where a forwarded message came from, as a name.
    pub forwarded_from: Option<String>,
}

/// The message that is replied to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// Its number; `None` if it stands in another chat.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// The title of the other chat that it stands in, if that is known.
    #[serde(default)]
    pub chat: Option<String>,
    /// Who wrote it.
    pub sender: String,
    /// Its text or caption, at most [`Reply::TEXT_CHARS`] code points: of a longer one the middle is cut out.
    #[serde(alias = "snippet")]
    pub text: String,
    /// What it carries beside the text, in words for the model: kind, file name, a poll's question.
    #[serde(default)]
    pub content: Option<String>,
}

impl Reply {
    /// The longest text that the prompt repeats, in code points: four full messages of Telegram.
    pub const TEXT_CHARS: usize = 16_000;
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The column and wire name.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// A message as the conversation remembers it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remembered {
    /// Who speaks.
    pub role: Role,
    /// The whole text: of an answer, everything that was shown.
    pub text: String,
    /// The sender's name, shown to the model in groups.
    pub sender: Option<String>,
    /// Reply, quote and forward marks.
    pub context: Context,
    /// How often the person changed it.
    pub edits: i32,
    /// Whether the answer was cut by a stop, a newer message or a crash.
    pub interrupted: bool,
    /// The files that came with it. Entries of the cache from before there were files have none.
    #[serde(default)]
    pub files: Vec<KnownFile>,
}
