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

/// A copy of a file at the model's provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderCopy {
    /// Its id there.
    pub id: String,
    /// When the provider deletes it.
    pub expires_at: DateTime<Utc>,
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
    /// Its length in bytes.
    pub size: u64,
    /// Its id at the model's provider, while a copy is there.
    pub provider_id: Option<String>,
    /// When it came or was made.
    pub at: DateTime<Utc>,
}
