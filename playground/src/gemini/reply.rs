//! Scripted answers: pictures, refusals and faults.

use std::time::Duration;

use super::error::ApiError;
use crate::anthropic::Gate;

/// What an answer reports as usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// Every count, by the emulator's rule.
    Counted,
    /// Without the details by modality.
    WithoutDetails,
    /// No such field.
    Missing,
}

#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// An answer with this many pictures.
    Candidates(Candidates),
    /// A prompt that is not accepted.
    Blocked(String),
    /// A body that need not be JSON.
    Raw(u16, String),
    Fail(ApiError),
    /// No answer until the client leaves.
    Hang,
    /// The connection breaks without an answer.
    Cut,
    /// The connection breaks in the middle of the answer.
    CutMidway,
}

#[derive(Clone, Debug)]
pub(super) struct Candidates {
    pub(super) pictures: usize,
    /// The text before the pictures.
    pub(super) words: String,
    pub(super) finish: String,
    /// Whether a draft and a text of the model's thoughts come first.
    pub(super) thoughts: bool,
    pub(super) jpeg: bool,
    pub(super) usage: Usage,
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

    fn candidates(pictures: usize, words: &str, finish: &str) -> Self {
        Self::of(Plan::Candidates(Candidates {
            pictures,
            words: words.to_owned(),
            finish: finish.to_owned(),
            thoughts: false,
            jpeg: false,
            usage: Usage::Counted,
        }))
    }

    /// Creates the answer that the emulator gives without a script: one picture.
    pub fn picture() -> Self {
        Self::pictures(1)
    }

    /// Creates an answer with several pictures.
    pub fn pictures(count: usize) -> Self {
        Self::candidates(count, "", "STOP")
    }

    /// Creates an answer without a picture.
    pub fn words(text: &str) -> Self {
        Self::candidates(0, text, "STOP")
    }

    /// Creates an answer without a picture for this `finishReason`.
    pub fn refused(finish: &str) -> Self {
        Self::candidates(0, "", finish)
    }

    /// Creates an answer to a prompt that is not accepted, with this `blockReason`.
    pub fn blocked(reason: &str) -> Self {
        Self::of(Plan::Blocked(reason.to_owned()))
    }

    /// Adds a text and a draft of the picture as thoughts.
    #[must_use]
    pub fn with_thoughts(self) -> Self {
        self.adjust(|candidates| candidates.thoughts = true)
    }

    /// Makes the pictures JPEG instead of PNG.
    #[must_use]
    pub fn jpeg(self) -> Self {
        self.adjust(|candidates| candidates.jpeg = true)
    }

    /// Sets the usage that the answer reports.
    #[must_use]
    pub fn usage(self, reported: Usage) -> Self {
        self.adjust(|candidates| candidates.usage = reported)
    }

    fn adjust(mut self, change: impl FnOnce(&mut Candidates)) -> Self {
        if let Plan::Candidates(candidates) = &mut self.plan {
            change(candidates);
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

    /// Creates the answer that the words of a prompt choose.
    pub(super) fn chosen_by(prompt: &str) -> Self {
        let prompt = prompt.to_lowercase();
        let has = |words: &str| prompt.contains(words);
        if has("forbidden") {
            Self::refused("IMAGE_SAFETY")
        } else if has("blocked") {
            Self::blocked("PROHIBITED_CONTENT")
        } else if has("recite") {
            Self::refused("IMAGE_RECITATION")
        } else if has("words only") {
            Self::words("I would rather describe it than draw it.")
        } else if has("two pictures") {
            Self::pictures(2)
        } else if has("slowly") {
            Self::picture().after(Duration::from_secs(20))
        } else if has("out of order") {
            Self::error(ApiError::overloaded())
        } else {
            Self::picture()
        }
    }
}
