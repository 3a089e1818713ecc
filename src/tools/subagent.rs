//! Sub-agents: a task that a tool hands to a model of its own. The conversation runs it, because only the conversation
//! may ask a model; a tool knows no more of that than these types.

use std::fmt;

use futures::future::BoxFuture;

use crate::domain::model::{Effort, Model};
use crate::domain::money::Usd;

/// Runs sub-agents.
pub trait RunSubagent: fmt::Debug + Send + Sync {
    /// Runs one to its end, within its limit of money.
    fn run(&self, task: SubagentTask) -> BoxFuture<'_, SubagentReport>;
}

/// What a sub-agent is to do.
#[derive(Clone, Debug)]
pub struct SubagentTask {
    /// The model that does it.
    pub model: Model,
    /// How hard it thinks.
    pub effort: Option<Effort>,
    /// Its system prompt.
    pub system: &'static str,
    /// The task.
    pub prompt: String,
    /// What it is told when it must give its last answer.
    pub last_words: &'static str,
    /// What it may cost at most, US dollars.
    pub cap: Usd,
}

/// What came of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubagentReport {
    /// The answer, or why there is none.
    pub answer: Result<String, Unfinished>,
    /// What its calls have cost, US dollars.
    pub cost: Usd,
    /// How many rounds it took.
    pub rounds: usize,
}

/// Why a sub-agent has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfinished {
    /// Its money was used up.
    Cap,
    /// It did not come to an end within its rounds.
    Rounds,
    /// The model declined.
    Refused,
    /// The model ended without a word.
    Empty,
    /// The turn was cut.
    Cut,
    /// The provider failed; the error's name.
    Failed(&'static str),
}

impl Unfinished {
    /// A word for the kind, which the calling model reads.
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

/// Runs none: every task is over its limit.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Unavailable;

#[cfg(test)]
impl RunSubagent for Unavailable {
    fn run(&self, _task: SubagentTask) -> BoxFuture<'_, SubagentReport> {
        let report = SubagentReport { answer: Err(Unfinished::Cap), cost: Usd::ZERO, rounds: 1 };
        Box::pin(std::future::ready(report))
    }
}
