//! Speech: what was said in a recording, and which recording it is.

use serde::{Deserialize, Serialize};

use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, MessageId};

/// The words of a recording, as the model reads them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Spoken {
    /// The duration that Telegram reports, in seconds.
    pub seconds: u32,
    /// The words, in the language that was spoken; empty if nothing was said.
    pub text: String,
}

impl Spoken {
    /// Returns whether nothing was said.
    pub fn is_silence(&self) -> bool {
        self.text.is_empty()
    }
}

/// Returns a duration as people write it, such as `0:07`, `12:30` or `1:02:05`.
pub fn clock(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Identifies a recording made in a chat: the message that contains it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RecordingId {
    /// The chat.
    pub chat: ChatId,
    /// The message with the recording. For one of another chat, whose number is unknown, the message that
    /// replies.
    pub message: MessageId,
    /// Whether `message` is the one that replies.
    pub replied: bool,
}

impl std::fmt::Display for RecordingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.chat, self.message)?;
        f.write_str(if self.replied { ":replied" } else { "" })
    }
}

/// Identifies a transcription, of which there is one for ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum TranscriptionId {
    /// Of a recording made in a chat, whose words are a message.
    Recording(RecordingId),
    /// Of any other file, asked for by the model. People's files and made files have ids of one form.
    File(PublicFileId),
}

impl TranscriptionId {
    /// Returns the key of the row of a request that was stopped. The lease tells it from others.
    pub fn stopped_key(self, lease: i64) -> String {
        format!("{self}:stopped:{lease}")
    }
}

/// Returns the key of the charge of a row in the ledger, which the audit composes in the same way.
pub fn charge_key(row: &str) -> String {
    format!("transcription:{row}")
}

impl std::fmt::Display for TranscriptionId {
    /// Writes the key of its row.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Recording(recording) => recording.fmt(f),
            Self::File(file) => file.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests;
