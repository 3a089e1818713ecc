//! Errands: work that a tool hands to a model of its own. The conversation carries them out, because only it may ask a
//! model; a tool knows no more of that than this.

use std::fmt;

use futures::future::BoxFuture;

use crate::domain::model::{Effort, Model};
use crate::domain::money::Usd;

/// Who carries out errands.
pub trait Delegate: fmt::Debug + Send + Sync {
    /// Carries one out, within its limit of money.
    fn carry_out(&self, errand: Errand) -> BoxFuture<'_, Report>;
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Errand {
    /// Who does it.
    pub model: Model,
    /// How hard it thinks.
    pub effort: Option<Effort>,
    /// Its standing instructions.
    pub system: &'static str,
    /// The task.
    pub prompt: String,
    /// What it is told when it has to come to its end.
    pub last_words: &'static str,
    /// What it may cost at most, US dollars.
    pub cap: Usd,
}

/// What an errand came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The answer, or why there is none.
    pub answer: Result<String, Unfinished>,
    /// What its calls have cost, US dollars.
    pub cost: Usd,
    /// How many rounds it took.
    pub rounds: usize,
}

/// Why an errand has brought no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfinished {
    /// Its money was used up.
    Cap,
    /// It went in circles.
    Rounds,
    /// The model declined.
    Refused,
    /// The model ended without a word.
    Empty,
    /// The turn was cut.
    Cut,
    /// The provider failed, by the error's name.
    Failed(&'static str),
}

impl Unfinished {
    /// A word that tells the kind.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cap => "cost_cap",
            Self::Rounds => "too_many_rounds",
            Self::Refused => "refused",
            Self::Empty => "no_answer",
            Self::Cut => "cut",
            Self::Failed(name) => name,
        }
    }
}

/// Never gets anything done.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Nobody;

#[cfg(test)]
impl Delegate for Nobody {
    fn carry_out(&self, _errand: Errand) -> BoxFuture<'_, Report> {
        Box::pin(std::future::ready(Report { answer: Err(Unfinished::Cap), cost: Usd::ZERO, rounds: 1 }))
    }
}
