//! Files in a conversation.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::digest::ContentDigest;
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::FileId;
use crate::domain::speech::Spoken;

/// The largest file that Telegram's own Bot API server lets a bot download, in bytes.
pub const PUBLIC_LIMIT: u64 = 20 * 1024 * 1024;

/// The largest file that is downloaded from any server, in bytes: a file is in memory while it is read.
pub const LARGEST_LOADED: u64 = 128 * 1024 * 1024;

/// How long the provider keeps a copy.
pub(crate) const COPY_LIFETIME: TimeDelta = TimeDelta::days(90);

/// The kind of message that contained a file.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture sent as a photo; always JPEG.
    Photo,
    /// A file of any type.
    Document,
    /// A piece of music or another recording.
    Audio,
    /// A recording made in the chat.
    Voice,
    /// A video.
    Video,
    /// A round video recorded in the chat.
    VideoNote,
    /// A video without sound that plays automatically.
    Animation,
    /// A sticker.
    Sticker,
}

impl FileKind {
    /// Returns the name for columns and labels, which the model reads too.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns whether it is a recording made in the chat, whose words count as the message.
    pub fn is_spoken(self) -> bool {
        matches!(self, Self::Voice | Self::VideoNote)
    }
}

/// A file in a message, as Telegram describes it. Its content has not been downloaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// The kind of message that contained the file.
    pub kind: FileKind,
    /// Telegram's `file_id`; downloads work only with this bot's token.
    pub telegram_id: String,
    /// Telegram's `file_unique_id`: identical for every bot, only good for comparing.
    pub unique_id: String,
    /// The file name from the sender, or a generated one.
    pub name: String,
    /// The MIME type, as far as it is known.
    pub mime: String,
    /// The size in bytes, if Telegram reports it.
    pub size: Option<u64>,
    /// How long it plays, in seconds, if Telegram reports it.
    pub duration_s: Option<u32>,
    /// The digest of the content, once it was loaded.
    pub digest: Option<ContentDigest>,
}

/// What is known of a content that was loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// The length in bytes.
    pub size: u64,
    /// The digest; unknown for contents that were loaded by older versions.
    pub digest: Option<ContentDigest>,
}

impl Attachment {
    /// Returns whether both files have the same content, as far as Telegram reports it.
    pub fn is_content_of(&self, other: &Self) -> bool {
        !self.unique_id.is_empty() && self.unique_id == other.unique_id
    }
}

/// A copy of a file at the model's provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderCopy {
    /// The provider's id of the copy.
    pub id: String,
    /// When the provider deletes it.
    pub expires_at: DateTime<Utc>,
}

/// Why a picture that was fetched cannot be shown to a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PictureFault {
    /// It has more pixels than are decoded.
    TooManyPixels,
    /// It is damaged or incomplete.
    Broken,
    /// It is a picture of a format that cannot be decoded.
    Unsupported,
    /// It is no picture.
    Foreign,
}

/// Why a document that was fetched has no preview.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DocumentFault {
    /// It contains nothing but white space.
    Empty,
    /// It needs a password.
    Encrypted,
    /// It is damaged or incomplete.
    Broken,
    /// It unpacks to more than is read.
    TooLarge,
    /// Its content is of a format that is not read, whatever its name says.
    Unsupported,
}

impl DocumentFault {
    /// Returns the value of the column.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Why a file is not fetched although a model could read it. Decided when its message arrives, and stored, so
/// that later prompts do not depend on settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It is too large.
    TooLarge {
        /// The largest size of such a file at that time, in bytes.
        limit: u64,
    },
    /// Its sender has reached the limit of a day.
    DailyLimit,
}

impl Refusal {
    /// Returns the values of the columns: the name, and the largest size in bytes.
    pub fn columns(self) -> (&'static str, Option<u64>) {
        match self {
            Self::TooLarge { limit } => ("too_large", Some(limit)),
            Self::DailyLimit => ("daily_limit", None),
        }
    }

    /// Reads the columns. Returns `None` if they do not fit together.
    pub fn from_columns(name: &str, limit: Option<u64>) -> Option<Self> {
        match (name, limit) {
            ("too_large", Some(limit)) => Some(Self::TooLarge { limit }),
            ("daily_limit", None) => Some(Self::DailyLimit),
            _ => None,
        }
    }
}

/// The result of fetching a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Retrieval {
    /// Fetching was not tried: no model reads such a file, or its sender cannot be answered.
    #[default]
    Untried,
    /// Fetching was not tried, or ended at once, because of a limit.
    Refused(Refusal),
    /// The model's provider has a copy.
    Copied(ProviderCopy),
    /// The file was fetched, but no model can read it.
    Unreadable,
    /// The file was fetched, but it is a picture that cannot be shown to a model.
    Faulty(PictureFault),
    /// The file was fetched, and the model reads this preview of it.
    Previewed(String),
    /// The file was fetched, but it is a document that cannot be read.
    FaultyDocument(DocumentFault),
    /// Fetching was tried and failed. For a recording: it could not be transcribed.
    Failed,
    /// A recording was transcribed.
    Heard(Spoken),
    /// A recording was not transcribed, because this installation has no such service.
    Off,
}

impl Retrieval {
    /// Returns the copy at the provider.
    pub fn copy(&self) -> Option<&ProviderCopy> {
        if let Self::Copied(copy) = self { Some(copy) } else { None }
    }

    /// Returns the preview of a document.
    pub fn preview(&self) -> Option<&str> {
        if let Self::Previewed(preview) = self { Some(preview) } else { None }
    }

    /// Returns why a document has no preview.
    pub fn document_fault(&self) -> Option<DocumentFault> {
        if let Self::FaultyDocument(fault) = self { Some(*fault) } else { None }
    }

    /// Returns the limit that prevented fetching.
    pub fn refusal(&self) -> Option<Refusal> {
        if let Self::Refused(refusal) = self { Some(*refusal) } else { None }
    }

    /// Returns what was said in a recording.
    pub fn spoken(&self) -> Option<&Spoken> {
        if let Self::Heard(spoken) = self { Some(spoken) } else { None }
    }

    /// Returns whether the file was fetched, or `None` if fetching was not tried.
    pub fn succeeded(&self) -> Option<bool> {
        match self {
            Self::Untried | Self::Refused(_) | Self::Off => None,
            Self::Copied(_)
            | Self::Unreadable
            | Self::Faulty(_)
            | Self::Previewed(_)
            | Self::FaultyDocument(_)
            | Self::Heard(_) => Some(true),
            Self::Failed => Some(false),
        }
    }
}

/// Returns the size of a file in bytes, if it is known. Zero is accepted only for a file that was fetched,
/// because it also stands for a size that Telegram did not report.
pub fn known_size(size: u64, fetched: Option<bool>) -> Option<u64> {
    (size > 0 || fetched == Some(true)).then_some(size)
}

/// A file as described to the model, without its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownFile {
    /// The row's id.
    pub id: FileId,
    /// The id by which the model names it. The default stands for a file that is not stored yet, and for
    /// cache entries from before previews.
    #[serde(default)]
    pub public_id: PublicFileId,
    /// The kind of message that contained the file.
    pub kind: FileKind,
    /// The file name, from the sender or the tool.
    pub name: String,
    /// The MIME type.
    pub mime: String,
    /// The size in bytes, if it is known.
    pub size: Option<u64>,
    /// The provider's id of its copy, while there is one.
    pub provider_id: Option<String>,
    /// When the file arrived or was created.
    pub at: DateTime<Utc>,
    /// Whether the file belongs to the message that is replied to.
    #[serde(default)]
    pub replied: bool,
    /// Whether the file could not be fetched from Telegram.
    #[serde(default)]
    pub not_fetched: bool,
    /// What was said in it, if it is a recording that was transcribed.
    #[serde(default)]
    pub spoken: Option<Spoken>,
    /// The preview that the model reads, if it is a document that was read.
    #[serde(default)]
    pub preview: Option<String>,
    /// Why it has no preview, if it is a document that could not be read.
    #[serde(default)]
    pub fault: Option<DocumentFault>,
    /// The limit that prevented fetching it.
    #[serde(default)]
    pub refusal: Option<Refusal>,
}

impl KnownFile {
    /// Returns the words of a recording that are the message, or a part of it.
    pub fn words(&self) -> Option<&Spoken> {
        self.spoken.as_ref().filter(|spoken| !spoken.is_silence())
    }
}
