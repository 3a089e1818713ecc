//! The context of a round, and how it ends.

use tokio::sync::mpsc;

use super::super::assistant::Assistant;
use super::super::interrupt::Stop;
use super::super::web_use::WebUse;
use crate::domain::turn::{Interruption, TurnEvent};
use crate::llm::{LlmError, StopReason};
use crate::services::metering::{CUT, TurnMeter};

/// How a round ended.
#[derive(Debug)]
pub(in crate::conversation) enum RoundEnd {
    /// The model stopped.
    Stop(StopReason),
    /// The turn was stopped.
    Cut(Interruption),
    /// No answer arrived, or it broke off.
    Failed(LlmError),
}

impl RoundEnd {
    /// Returns the name that is stored with the call.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Stop(reason) => reason.name(),
            Self::Cut(_) => CUT,
            Self::Failed(error) => error.name(),
        }
    }
}

/// The context of a round.
#[derive(Clone, Copy)]
pub(in crate::conversation) struct RoundContext<'a> {
    /// The provider and the metrics.
    pub(in crate::conversation) assistant: &'a Assistant,
    /// The meter that records the calls.
    pub(in crate::conversation) meter: &'a TurnMeter,
    /// The screen of the turn; `None` for a sub-agent, which nobody watches.
    pub(in crate::conversation) screen: Option<&'a mpsc::Sender<TurnEvent>>,
    /// Turns calls of the provider's tools into rows, status lines and marks; `None` for a sub-agent, whose text is not
    /// shown.
    pub(in crate::conversation) web: Option<&'a WebUse>,
    /// The stop signal of the turn.
    pub(in crate::conversation) stop: &'a Stop,
    /// The number of tries for a request that returns no visible text.
    pub(in crate::conversation) tries: u32,
}
