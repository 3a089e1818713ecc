//! Files on their way to a chat: the kind of message that each becomes, and what is sent together.

use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::file_id::PublicFileId;

/// The largest file that a bot may send, in bytes.
pub const UPLOAD_LIMIT: u64 = 50 * 1024 * 1024;
/// The largest file that is sent as a photo, in bytes.
const PHOTO_LIMIT: u64 = 10 * 1024 * 1024;
/// The most files in an album.
const ALBUM: usize = 10;
/// The longest caption, in code points.
pub const CAPTION_LIMIT: usize = 1_024;

/// The kind of message that a file is sent as.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture, which Telegram compresses.
    Photo,
    /// A file of any type, unchanged.
    Document,
    /// A piece of music.
    Audio,
    /// A recording that is played in the chat; OGG with Opus.
    Voice,
    /// A video.
    Video,
    /// A round video recorded in a chat; only as a copy of one that Telegram has.
    VideoNote,
    /// A video without sound that plays automatically; GIF or MP4.
    Animation,
    /// A sticker; only as a copy of one that Telegram has.
    Sticker,
}

impl MediaKind {
    /// Returns the name in rows, and of the field of the Bot API that contains the file.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the kind for a file that is to be sent as `wanted`, or as whatever suits it. A kind that
    /// Telegram would not accept for this type or size becomes [`MediaKind::Document`].
    pub fn of(wanted: Option<Self>, mime: &str, size: u64) -> Self {
        let natural = Self::natural(mime, size);
        match wanted {
            None => natural,
            Some(Self::Audio) if natural == Self::Voice => Self::Audio,
            Some(Self::Animation) if mime == "video/mp4" => Self::Animation,
            Some(wanted) if wanted == natural => wanted,
            Some(_) => Self::Document,
        }
    }

    fn natural(mime: &str, size: u64) -> Self {
        match mime {
            "image/jpeg" | "image/png" | "image/webp" if size <= PHOTO_LIMIT => Self::Photo,
            "image/gif" => Self::Animation,
            "audio/ogg" | "audio/opus" => Self::Voice,
            "audio/mpeg" | "audio/mp4" | "audio/x-m4a" | "audio/aac" => Self::Audio,
            "video/mp4" => Self::Video,
            _ => Self::Document,
        }
    }

    /// Returns what may be in one album with it: photos and videos mix, documents and audio do not; `None` if
    /// it stands alone.
    fn album(self) -> Option<Self> {
        match self {
            Self::Photo | Self::Video => Some(Self::Photo),
            Self::Document | Self::Audio => Some(self),
            Self::Voice | Self::Animation | Self::VideoNote | Self::Sticker => None,
        }
    }

    /// Returns whether a message of this kind can have a caption.
    pub fn has_caption(self) -> bool {
        !matches!(self, Self::VideoNote | Self::Sticker)
    }
}

/// A file that is owed to a chat. Its content is loaded when it is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MediaFile {
    /// The id that the model knows.
    pub id: PublicFileId,
    /// How it is sent.
    pub kind: MediaKind,
    /// Telegram's id of a file that Telegram has; `None` for one that a tool has made.
    pub telegram_id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Its size in bytes; 0 if it is not known.
    pub size: u64,
}

/// Files that the model sends together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileDelivery {
    /// Its number in the attempt, from 0.
    pub number: usize,
    /// The files in order, at least one.
    pub files: Vec<MediaFile>,
    /// The text below the first file, as Markdown; may be empty.
    pub caption: String,
}

/// Splits files into messages, in order: albums of two to ten that fit together and are at most as large as
/// one upload, and single files.
pub fn messages(files: &[MediaFile]) -> Vec<Vec<MediaFile>> {
    let mut messages: Vec<Vec<MediaFile>> = Vec::new();
    for file in files {
        let fits = |album: &&mut Vec<MediaFile>| {
            let size: u64 = album.iter().map(|file| file.size).sum();
            let kind = file.kind.album();
            album.len() < ALBUM
                && kind.is_some()
                && size + file.size <= UPLOAD_LIMIT
                && album.last().is_some_and(|last| last.kind.album() == kind)
        };
        match messages.last_mut().filter(fits) {
            Some(album) => album.push(file.clone()),
            None => messages.push(vec![file.clone()]),
        }
    }
    messages
}

/// A file that an answer was to send, as later prompts tell of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SentFileNote {
    /// The id that the model knows.
    pub id: PublicFileId,
    /// Its name.
    pub name: String,
    /// Whether Telegram has accepted it.
    pub sent: bool,
}

/// What became of a file that was to be sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FileFate {
    /// Telegram has accepted it.
    Sent,
    /// Telegram has refused it; contains the reason.
    Refused(String),
    /// It is still owed.
    Pending,
}

/// Where the fates of the files of one delivery are reported, once. If it is dropped, they are still owed.
#[derive(Clone, Debug)]
pub struct FileReceipt(Arc<Mutex<Option<oneshot::Sender<Vec<FileFate>>>>>);

impl FileReceipt {
    /// Creates a receipt, and what receives the fates.
    pub fn new() -> (Self, oneshot::Receiver<Vec<FileFate>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), receiver)
    }

    /// Reports the fates, in the order of the files. Nothing happens if nobody waits for them any more.
    pub fn report(self, fates: Vec<FileFate>) {
        if let Some(sender) = self.0.lock().take()
            && sender.send(fates).is_err()
        {
            tracing::debug!("nobody waits for the fate of files");
        }
    }
}

impl PartialEq for FileReceipt {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for FileReceipt {}

#[cfg(test)]
mod tests;
