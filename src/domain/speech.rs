//! Speech: what was said in a recording, and which recording it is.

use serde::{Deserialize, Serialize};

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

/// Identifies a recording and its one transcription: the message that contains it.
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

impl RecordingId {
    /// Returns the key of its charge in the ledger, which the audit composes in the same way.
    pub fn charge_key(self) -> String {
        format!("transcription:{self}")
    }
}

impl std::fmt::Display for RecordingId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.chat, self.message)?;
        f.write_str(if self.replied { ":replied" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_a_clock() {
        for (seconds, shown) in
            [(0, "0:00"), (7, "0:07"), (60, "1:00"), (750, "12:30"), (3_599, "59:59"), (3_725, "1:02:05")]
        {
            assert_eq!(clock(seconds), shown);
        }
    }
}
