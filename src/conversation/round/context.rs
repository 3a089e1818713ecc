//! What a round works with, and how it ends.

use tokio::sync::mpsc;

use super::super::assistant::Assistant;
use super::super::interrupt::Stop;
use crate::domain::turn::{Interruption, TurnEvent};
use crate::llm::{LlmError, StopReason};
use crate::services::metering::{CUT, TurnMeter};

/// How a round ended.
#[derive(Debug)]
pub(in crate::conversation) enum RoundEnd {
    /// The model stopped.
    Stop(StopReason),
    /// The turn was cut.
    Cut(Interruption),
    /// No answer, or one that broke off.
    Failed(LlmError),
}

impl RoundEnd {
    /// The column name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Stop(reason) => reason.name(),
            Self::Cut(_) => CUT,
            Self::Failed(error) => error.name(),
        }
    }
}

/// Where a round goes on.
#[derive(Clone, Copy)]
pub(in crate::conversation) struct RoundContext<'a> {
    /// Who answers, and where that is counted.
    pub(in crate::conversation) assistant: &'a Assistant,
    /// Where its calls are noted.
    pub(in crate::conversation) meter: &'a TurnMeter,
    /// Who watches; nobody watches a sub-agent.
    pub(in crate::conversation) screen: Option<&'a mpsc::Sender<TurnEvent>>,
    /// What cuts it.
    pub(in crate::conversation) stop: &'a Stop,
    /// How often a request may be sent that brings no visible text.
    pub(in crate::conversation) tries: u32,
}
