//! Scripted replies made of steps, and gates that hold a stream at a chosen step until the test continues.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use super::{error::ApiError, scenario::Scenario};

/// A scripted answer to one request.
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
    /// Creates an answer with one text block and a normal end.
    pub fn text(text: impl Into<String>) -> Self {
        Self::steps(vec![Step::Text(text.into())])
    }

    /// Creates the answer that a scenario gives to the request.
    pub fn scenario(scenario: Scenario) -> Self {
        Self { plan: Plan::Scenario(scenario) }
    }

    /// Creates an error answer instead of a stream, without `retry-after`.
    pub fn status(status: u16, kind: &str) -> Self {
        Self::error(ApiError::new(status, kind, format!("Scripted {kind}")))
    }

    /// Creates an error answer with all details.
    pub fn error(error: ApiError) -> Self {
        Self { plan: Plan::Fail(error) }
    }

    /// Adds a `retry-after` header in seconds to an error answer. Has no effect on other replies.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        if let Plan::Fail(error) = &mut self.plan {
            error.retry_after = Some(seconds);
        }
        self
    }

    /// Creates an answer of these steps. Without [`Step::Stop`] it ends as `tool_use` after a tool call,
    /// otherwise as `end_turn`.
    pub fn steps(steps: Vec<Step>) -> Self {
        Self { plan: Plan::Steps(steps) }
    }
}

/// One step of a scripted answer.
#[derive(Clone, Debug)]
pub enum Step {
    /// Text; adjacent texts form one block. Cut if the request's `max_tokens` are used up.
    Text(String),
    /// A signed thinking block; omitted if the request or the model does not think.
    Thinking(String),
    /// A call of a client tool with complete input.
    ToolUse {
        /// The tool's name.
        name: String,
        /// The arguments.
        input: Value,
    },
    /// A tool call whose input JSON breaks off; follow it with `Stop(MaxTokens)`.
    BrokenToolUse {
        /// The tool's name.
        name: String,
        /// The piece of JSON that arrives.
        partial: String,
    },
    /// A whole block, unchanged, such as a server tool's result.
    Block(Value),
    /// A search of the built-in web for this query, with its result.
    Search(String),
    /// A fetch of this address of the built-in web, with its result.
    Fetch(String),
    /// The results of the server tools' calls that the conversation has left open.
    Results,
    /// A text block with citations.
    Cited {
        /// The text.
        text: String,
        /// The citations, such as of [`super::web::search_citation`].
        citations: Vec<Value>,
    },
    /// A `ping` event.
    Ping,
    /// Pings this far apart, and nothing else, until the client leaves.
    Pings(Duration),
    /// The whole answer as the raw data of its events, for what the real service would not send. Earlier
    /// steps are discarded, and the stream ends after it unless a later step keeps it open or breaks it.
    Raw(Vec<String>),
    /// An event of an unknown kind, and inside an open text block also a delta of an unknown kind.
    Unknown,
    /// Sends one word per delta from here on, at this interval.
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
        /// The message of the error.
        message: String,
    },
    /// The connection breaks.
    Cut,
    /// The end of the answer, with its reason.
    Stop(StopReason),
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// A natural end.
    EndTurn,
    /// The request's `max_tokens` were used up.
    MaxTokens,
    /// One of the request's stop sequences occurred.
    StopSequence,
    /// Client tools were called.
    ToolUse,
    /// A long server turn is paused and must be sent back.
    PauseTurn,
    /// The model refused; the answer carries `stop_details`.
    Refusal,
    /// The context window is full.
    ContextExceeded,
}

impl StopReason {
    /// Returns the value of `stop_reason`.
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

/// A gate at which streams wait; used in [`Step::Gate`].
#[derive(Clone, Debug)]
pub struct Gate {
    open: watch::Receiver<bool>,
    reached: watch::Sender<usize>,
}

/// The test's handle of a gate. Dropping it opens the gate.
#[derive(Debug)]
pub struct GateKeeper {
    open: watch::Sender<bool>,
    reached: watch::Receiver<usize>,
}

impl Gate {
    /// Creates a closed gate and its keeper.
    pub fn new() -> (Self, GateKeeper) {
        let (open, opened) = watch::channel(false);
        let (arrive, reached) = watch::channel(0);
        (Self { open: opened, reached: arrive }, GateKeeper { open, reached })
    }

    pub(crate) async fn pass(mut self) {
        self.reached.send_modify(|streams| *streams += 1);
        // An error means that the keeper is gone, and then nobody would ever open the gate.
        let _ = self.open.wait_for(|open| *open).await;
    }
}

impl GateKeeper {
    /// Opens the gate for every waiting and every later stream.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until a stream has reached the gate. Waits for ever if the script was dropped before any did, so
    /// tests need a time limit.
    pub async fn reached(&self) {
        self.reached_by(1).await;
    }

    /// Waits until `count` streams have reached the gate, counting those that have passed it. Has no time
    /// limit, like [`GateKeeper::reached`].
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
