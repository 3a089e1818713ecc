//! Scripted answers: pictures, refusals and faults.

use std::time::Duration;

use super::error::ApiError;
use crate::replies::{self, Plan};

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

/// An answer in order.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An answer with pictures or words.
    Candidates(Candidates),
    /// A prompt that is not accepted, for this reason.
    Blocked(String),
}

/// What an answer contains.
#[derive(Clone, Debug)]
pub struct Candidates {
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
pub type Reply = replies::Reply<Answer, ApiError>;

impl Reply {
    fn candidates(pictures: usize, words: &str, finish: &str) -> Self {
        Self::of(Plan::Answer(Answer::Candidates(Candidates {
            pictures,
            words: words.to_owned(),
            finish: finish.to_owned(),
            thoughts: false,
            jpeg: false,
            usage: Usage::Counted,
        })))
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
        Self::of(Plan::Answer(Answer::Blocked(reason.to_owned())))
    }

    /// Adds a text and a draft of the picture as thoughts.
    #[must_use]
    pub fn with_thoughts(self) -> Self {
        self.change(|candidates| candidates.thoughts = true)
    }

    /// Makes the pictures JPEG instead of PNG.
    #[must_use]
    pub fn jpeg(self) -> Self {
        self.change(|candidates| candidates.jpeg = true)
    }

    /// Sets the usage that the answer reports.
    #[must_use]
    pub fn usage(self, reported: Usage) -> Self {
        self.change(|candidates| candidates.usage = reported)
    }

    fn change(self, change: impl FnOnce(&mut Candidates)) -> Self {
        self.adjust(|answer| {
            if let Answer::Candidates(candidates) = answer {
                change(candidates);
            }
        })
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
