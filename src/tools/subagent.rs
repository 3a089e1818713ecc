//! Sub-agents: a task that a tool passes to a model of its own. The conversation runs it, because only the
//! conversation may call a model; a tool knows only these types.

use std::fmt;

use futures::future::BoxFuture;

use crate::domain::model::{Effort, Model};
use crate::domain::money::Usd;
use crate::llm::message::InlineFile;

/// Runs sub-agents.
pub(crate) trait RunSubagent: fmt::Debug + Send + Sync {
    /// Runs a sub-agent to its end, within its spending limit.
    fn run(&self, task: SubagentTask) -> BoxFuture<'_, SubagentReport>;
}

/// The task of a sub-agent.
#[derive(Clone, Debug)]
pub(crate) struct SubagentTask {
    /// The model to use.
    pub model: Model,
    /// The thinking effort.
    pub effort: Option<Effort>,
    /// Its system prompt.
    pub system: &'static str,
    /// The files that it sees before the task. The prompt cache keeps them for the next task with the same
    /// files.
    pub files: Vec<InlineFile>,
    /// The task.
    pub prompt: String,
    /// Whether it may call tools.
    pub tools: bool,
    /// The instruction for its last answer, if it may call tools.
    pub last_words: &'static str,
    /// The most it may cost, US dollars.
    pub cap: Usd,
}

/// The result of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SubagentReport {
    /// The answer, or the reason why there is none.
    pub answer: Result<String, Unfinished>,
    /// The cost of its calls, US dollars.
    pub cost: Usd,
    /// The number of rounds it took.
    pub rounds: usize,
    /// The tokens that its calls read from the prompt cache.
    pub cache_read: u64,
}

/// Why a sub-agent has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unfinished {
    /// Its money was used up.
    Cap,
    /// It did not finish within its rounds.
    Rounds,
    /// The model declined.
    Refused,
    /// The model ended without text.
    Empty,
    /// The turn was cut.
    Cut,
    /// The provider failed; contains the error's name.
    Failed(&'static str),
}

impl Unfinished {
    /// Returns a word for the reason, which the calling model reads.
    pub(crate) fn name(self) -> &'static str {
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

/// A stub that runs nothing: every task is over its limit.
#[cfg(test)]
#[derive(Debug)]
pub(super) struct Unavailable;

#[cfg(test)]
impl RunSubagent for Unavailable {
    fn run(&self, _task: SubagentTask) -> BoxFuture<'_, SubagentReport> {
        let report =
            SubagentReport { answer: Err(Unfinished::Cap), cost: Usd::ZERO, rounds: 1, cache_read: 0 };
        Box::pin(std::future::ready(report))
    }
}
