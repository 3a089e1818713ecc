//! What a test hands to the emulator: scripted replies made of steps, and gates that hold a stream
//! at a chosen place until the test has looked around.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::{error::ApiError, scenario::Scenario};

/// One scripted answer to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    pub(super) plan: Plan,
}

#[derive(Clone, Debug)]
pub(super) enum Plan {
    Steps(Vec<Step>),
    Scenario(Scenario),
    Fail(ApiError),
}

impl Reply {
    /// One text block and a normal end.
    pub fn text(text: impl Into<String>) -> Self {
        Self::steps(vec![Step::Text(text.into())])
    }

    /// What the scenario would answer to this request.
    pub fn scenario(scenario: Scenario) -> Self {
        Self { plan: Plan::Scenario(scenario) }
    }

    /// An error answer instead of a stream, without `retry-after`.
    pub fn status(status: u16, kind: &str) -> Self {
        Self::error(ApiError::new(status, kind, format!("Scripted {kind}")))
    }

    /// An error answer with every detail chosen.
    pub fn error(error: ApiError) -> Self {
        Self { plan: Plan::Fail(error) }
    }

    /// Adds a `retry-after` header in seconds to an error answer; other replies stay as they are.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        if let Plan::Fail(error) = &mut self.plan {
            error.retry_after = Some(seconds);
        }
        self
    }

    /// The steps in order; without [`Step::Stop`] the answer ends as `tool_use` after a tool call,
    /// else as `end_turn`.
    pub fn steps(steps: Vec<Step>) -> Self {
        Self { plan: Plan::Steps(steps) }
    }
}

/// One thing that the scripted model does.
#[derive(Clone, Debug)]
pub enum Step {
    /// Says text; adjacent texts are one block. Cut short when the request's `max_tokens` are used up.
    Text(String),
    /// Thinks, in a signed block; left out where the request or the model does not think.
    Thinking(String),
    /// Calls a client tool with complete input.
    ToolUse {
        /// The tool's name.
        name: String,
        /// The arguments.
        input: Value,
    },
    /// Begins a tool call whose input JSON breaks off; follow it with `Stop(MaxTokens)`.
    BrokenToolUse {
        /// The tool's name.
        name: String,
        /// The piece of JSON that arrives.
        partial: String,
    },
    /// A whole block as it stands, such as a server tool's result.
    Block(Value),
    /// A `ping` event.
    Ping,
    /// Pings this far apart, and nothing else, until the client leaves.
    Pings(Duration),
    /// The whole answer as the data of its events, byte by byte: what the real service would not send. Nothing of the
    /// steps before is sent, and the stream ends behind it if no step follows that keeps it open or breaks it.
    Raw(Vec<String>),
    /// An event, and inside an open text block a delta, of kinds that no client knows.
    Unknown,
    /// From here on one word a delta, this far apart.
    Slow(Duration),
    /// Silence.
    Wait(Duration),
    /// Silence until the test opens the gate.
    Gate(Gate),
    /// Silence until the client leaves.
    Hang,
    /// An in-stream error, after which the stream ends.
    Error {
        /// The error type, such as `overloaded_error`.
        kind: String,
        /// The sentence.
        message: String,
    },
    /// The connection breaks.
    Cut,
    /// The answer ends for this reason.
    Stop(StopReason),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A natural end.
    EndTurn,
    /// The request's `max_tokens` were used up.
    MaxTokens,
    /// One of the request's stop sequences came up.
    StopSequence,
    /// Client tools were called.
    ToolUse,
    /// A long server turn waits to be sent back.
    PauseTurn,
    /// The model refused; the answer carries `stop_details`.
    Refusal,
    /// The context window is full.
    ContextExceeded,
}

impl StopReason {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::MaxTokens => "max_tokens",
            Self::StopSequence => "stop_sequence",
            Self::ToolUse => "tool_use",
            Self::PauseTurn => "pause_turn",
            Self::Refusal => "refusal",
            Self::ContextExceeded => "model_context_window_exceeded",
        }
    }
}

/// The place in a script where streams wait; goes into [`Step::Gate`].
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Receiver<bool>,
    reached: watch::Sender<usize>,
}

/// The test's side of a gate; dropping it opens the gate.
#[derive(Debug)]
pub struct GateKeeper {
    open: watch::Sender<bool>,
    reached: watch::Receiver<usize>,
}

impl Gate {
    /// A closed gate and its keeper.
    pub fn new() -> (Self, GateKeeper) {
        let (open, opened) = watch::channel(false);
        let (arrive, reached) = watch::channel(0);
        (Self { open: opened, reached: arrive }, GateKeeper { open, reached })
    }

    pub(super) async fn pass(mut self) {
        self.reached.send_modify(|streams| *streams += 1);
        // An error means that the keeper is gone, and then nobody would ever open the gate.
        let _ = self.open.wait_for(|open| *open).await;
    }
}

impl GateKeeper {
    /// Lets every waiting and every later stream pass.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Returns when a stream stands at the gate, at once if one already came; for ever if the script
    /// was dropped before any did, so tests put a bound on it.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Returns when so many streams stand at the gate or have passed it; [`GateKeeper::reached`] says what else holds.
    pub async fn reached_by(&self, count: usize) {
        let mut reached = self.reached.clone();
        if reached.wait_for(|streams| *streams >= count).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_gate_holds_until_it_is_opened_and_tells_of_arrivals() {
        let (gate, keeper) = Gate::new();
        let mut passing = std::pin::pin!(gate.clone().pass());
        assert!(futures::poll!(passing.as_mut()).is_pending());
        keeper.reached().await;
        keeper.open();
        passing.await;
        gate.pass().await;
    }

    #[tokio::test]
    async fn a_dropped_keeper_opens_its_gate() {
        let (gate, keeper) = Gate::new();
        drop(keeper);
        gate.pass().await;
    }
}
