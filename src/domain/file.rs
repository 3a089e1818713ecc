//! Files in a conversation.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::FileId;

/// The largest file that Telegram lets a bot download, in bytes. Larger files never have a copy at the
/// provider.
pub const DOWNLOAD_LIMIT: u64 = 20 * 1024 * 1024;

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

/// The result of fetching a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Retrieval {
    /// Fetching was not tried: no model reads such a file, or its sender cannot be answered.
    #[default]
    Untried,
    /// The model's provider has a copy.
    Copied(ProviderCopy),
    /// The file was fetched, but no model can read it.
    Unreadable,
    /// The file was fetched, but it is a picture that cannot be shown to a model.
    Faulty(PictureFault),
    /// Fetching was tried and failed.
    Failed,
}

impl Retrieval {
    /// Returns the copy at the provider.
    pub fn copy(&self) -> Option<&ProviderCopy> {
        if let Self::Copied(copy) = self { Some(copy) } else { None }
    }

    /// Returns whether the file was fetched, or `None` if fetching was not tried.
    pub fn succeeded(&self) -> Option<bool> {
        match self {
            Self::Untried => None,
            Self::Copied(_) | Self::Unreadable | Self::Faulty(_) => Some(true),
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
}
