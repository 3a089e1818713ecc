//! Scripted answers: transcripts and faults.

use std::time::Duration;

use serde_json::{Value, json};

use super::error::ApiError;
use crate::anthropic::Gate;

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

#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// A transcript; without a text, one that names the duration.
    Transcript {
        text: Option<String>,
        languages: Option<Vec<String>>,
        usage: Option<Usage>,
    },
    /// A body that need not be JSON.
    Raw(u16, String),
    Fail(ApiError),
    /// No answer until the client leaves.
    Hang,
    /// The connection breaks without an answer.
    Cut,
    /// The connection breaks in the middle of a transcript.
    CutMidway,
}

/// A scripted answer to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) plan: Plan,
    pub(super) delay: Duration,
    pub(super) gate: Option<Gate>,
}

impl Reply {
    fn of(plan: Plan) -> Self {
        Self { plan, delay: Duration::ZERO, gate: None }
    }

    /// Creates a transcript with this text, which may be empty, and with the usage of the file.
    pub fn text(text: impl Into<String>) -> Self {
        Self::of(Plan::Transcript { text: Some(text.into()), languages: None, usage: None })
    }

    /// Creates the answer that the emulator gives without a script: a sentence that names the duration.
    pub fn usual() -> Self {
        Self::of(Plan::Transcript { text: None, languages: None, usage: None })
    }

    /// Sets the languages that a transcript reports. An empty list omits the field.
    #[must_use]
    pub fn languages(mut self, codes: &[&str]) -> Self {
        if let Plan::Transcript { languages, .. } = &mut self.plan {
            *languages = Some(codes.iter().map(|code| (*code).to_owned()).collect());
        }
        self
    }

    /// Sets the usage that a transcript reports.
    #[must_use]
    pub fn usage(mut self, reported: Usage) -> Self {
        if let Plan::Transcript { usage, .. } = &mut self.plan {
            *usage = Some(reported);
        }
        self
    }

    /// Creates an error answer.
    pub fn error(error: ApiError) -> Self {
        Self::of(Plan::Fail(error))
    }

    /// Creates an answer with this status and body, which need not be JSON.
    pub fn raw(status: u16, body: impl Into<String>) -> Self {
        Self::of(Plan::Raw(status, body.into()))
    }

    /// Creates a request that is never answered; it ends when the client disconnects.
    pub fn hang() -> Self {
        Self::of(Plan::Hang)
    }

    /// Creates a connection that breaks without an answer.
    pub fn cut() -> Self {
        Self::of(Plan::Cut)
    }

    /// Creates a connection that breaks in the middle of the answer.
    pub fn cut_midway() -> Self {
        Self::of(Plan::CutMidway)
    }

    /// Lets this time pass before the answer.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Holds the answer until the test opens the gate.
    #[must_use]
    pub fn held(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }
}
