//! Scripted answers: transcripts and faults.

use serde_json::{Value, json};

use super::error::ApiError;
use crate::replies::{self, Plan};

/// What an answer reports as usage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Usage {
    /// The duration of the file in seconds, rounded up.
    Measured,
    /// This duration in seconds, whatever the file says.
    Seconds(f64),
    /// Tokens instead of a duration, as models before `gpt-transcribe` report.
    Tokens {
        /// Tokens of the sound.
        audio: u64,
        /// Tokens of the prompt.
        text: u64,
        /// Tokens of the transcript.
        output: u64,
    },
    /// `null`.
    Null,
    /// No such field.
    Missing,
}

impl Usage {
    /// Returns the value of the field; `None` if the answer has no such field.
    pub(super) fn value(self, measured: f64) -> Option<Value> {
        let whole = |seconds: f64| {
            // Whole seconds are integers in the real service's answers.
            let text = if seconds.fract() == 0.0 { format!("{seconds:.0}") } else { seconds.to_string() };
            serde_json::from_str::<Value>(&text).unwrap_or_default()
        };
        Some(match self {
            Self::Measured => json!({"type": "duration", "seconds": whole(measured.ceil())}),
            Self::Seconds(seconds) => json!({"type": "duration", "seconds": whole(seconds)}),
            Self::Tokens { audio, text, output } => json!({
                "type": "tokens",
                "input_tokens": audio + text,
                "output_tokens": output,
                "total_tokens": audio + text + output,
                "input_token_details": {"audio_tokens": audio, "text_tokens": text},
            }),
            Self::Null => Value::Null,
            Self::Missing => return None,
        })
    }
}

/// A transcript; without a text, one that names the duration.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    pub(super) text: Option<String>,
    pub(super) languages: Option<Vec<String>>,
    pub(super) usage: Option<Usage>,
}

/// A scripted answer to one request.
pub type Reply = replies::Reply<Transcript, ApiError>;

impl Reply {
    /// Creates a transcript with this text, which may be empty, and with the usage of the file.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Plan::Answer(Transcript { text: Some(text.into()), ..Transcript::default() }))
    }

    /// Creates the answer that the emulator gives without a script: a sentence that names the duration.
    pub fn usual() -> Self {
        Self::of(Plan::Answer(Transcript::default()))
    }

    /// Sets the languages that a transcript reports. An empty list omits the field.
    #[must_use]
    pub fn languages(self, codes: &[&str]) -> Self {
        let codes = codes.iter().map(|code| (*code).to_owned()).collect();
        self.adjust(|transcript| transcript.languages = Some(codes))
    }

    /// Sets the usage that a transcript reports.
    #[must_use]
    pub fn usage(self, reported: Usage) -> Self {
        self.adjust(|transcript| transcript.usage = Some(reported))
    }
}
