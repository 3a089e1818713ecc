//! Files that a conversation knows of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::FileId;

/// The most bytes of a file that Telegram lets a bot download. What is larger never has a copy.
pub const DOWNLOAD_LIMIT: u64 = 20 * 1024 * 1024;

/// What kind of message brought a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A picture, sent as one; always JPEG.
    Photo,
    /// Any file.
    Document,
    /// A piece of music or another recording.
    Audio,
    /// A recording made in the chat.
    Voice,
    /// A film.
    Video,
    /// A round film made in the chat.
    VideoNote,
    /// A film without sound that plays by itself.
    Animation,
    /// A sticker.
    Sticker,
}

impl FileKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Photo,
        Self::Document,
        Self::Audio,
        Self::Voice,
        Self::Video,
        Self::VideoNote,
        Self::Animation,
        Self::Sticker,
    ];

    /// The column and label name, which the model reads too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Document => "document",
            Self::Audio => "audio",
            Self::Voice => "voice",
            Self::Video => "video",
            Self::VideoNote => "video_note",
            Self::Animation => "animation",
            Self::Sticker => "sticker",
        }
    }

    /// The kind of a column's name; none if there is no such kind.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A file in a message, as Telegram tells of it. Its bytes are still there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attachment {
    /// What kind of message brought it.
    pub kind: FileKind,
    /// Telegram's name for it, good for downloading with this bot's token.
    pub telegram_id: String,
    /// Telegram's name for its content; the same for everybody, and good for nothing but comparing.
    pub unique_id: String,
    /// Its name, as the sender gave it, or one of ours.
    pub name: String,
    /// Its MIME type, as far as it is known.
    pub mime: String,
    /// Its length in bytes, if Telegram tells it.
    pub size: Option<u64>,
}

impl Attachment {
    /// Whether another file has the same content, as far as Telegram tells.
    pub fn is_content_of(&self, other: &Self) -> bool {
        !self.unique_id.is_empty() && self.unique_id == other.unique_id
    }
}

/// A copy of a file at the model's provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderCopy {
    /// Its id there.
    pub id: String,
    /// When the provider deletes it.
    pub expires_at: DateTime<Utc>,
}

/// What came of fetching a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Retrieval {
    /// It was not tried: no model reads such a file, or its sender cannot be answered.
    #[default]
    Untried,
    /// The model's provider has a copy.
    Copied(ProviderCopy),
    /// It was fetched, and no model reads it.
    Unreadable,
    /// It was tried in vain.
    Failed,
}

impl Retrieval {
    /// The copy at the provider.
    pub fn copy(&self) -> Option<&ProviderCopy> {
        if let Self::Copied(copy) = self { Some(copy) } else { None }
    }

    /// Whether the file was fetched; `None` if that was not tried.
    pub fn succeeded(&self) -> Option<bool> {
        match self {
            Self::Untried => None,
            Self::Copied(_) | Self::Unreadable => Some(true),
            Self::Failed => Some(false),
        }
    }
}

/// The length of a file in bytes, if it is known. Zero is believed only of a file that was fetched: it also stands for a
/// length that Telegram does not tell.
pub fn known_size(size: u64, fetched: Option<bool>) -> Option<u64> {
    (size > 0 || fetched == Some(true)).then_some(size)
}

/// A file as the model is told of it. Its bytes are elsewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct KnownFile {
    /// Its row.
    pub id: FileId,
    /// What kind of message brought it.
    pub kind: FileKind,
    /// Its name, as the sender or the tool gave it.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Its length in bytes, if that is known.
    pub size: Option<u64>,
    /// Its id at the model's provider, while a copy is there.
    pub provider_id: Option<String>,
    /// When it came or was made.
    pub at: DateTime<Utc>,
    /// Whether it came with the message that is replied to.
    #[serde(default)]
    pub replied: bool,
    /// Whether it could not be fetched from Telegram.
    #[serde(default)]
    pub not_fetched: bool,
}
