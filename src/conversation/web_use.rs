//! What a turn does with the provider's own tools (web search and fetch): their calls with rows and status
//! lines, and the citations in the answer. Calls may be answered in a later round than the one that made
//! them.

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::domain::citations::{Citation, Citations, Source};
use crate::domain::clock::Clock;
use crate::domain::ids::TurnId;
use crate::domain::money::Usd;
use crate::domain::record::ToolCallRecord;
use crate::domain::turn::TurnEvent;
use crate::lifecycle::kill_point;
use crate::llm::event::{ServerCall, ServerResult};

/// The provider's own tools in one turn.
#[derive(Debug)]
pub(super) struct WebUse {
    turn: TurnId,
    attempt: i32,
    clock: Clock,
    /// The price of one search, US dollars.
    search_price: Usd,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    citations: Citations,
    running: Vec<Running>,
    ended: Vec<ToolCallRecord>,
}

/// A call without a result so far.
#[derive(Debug)]
struct Running {
    call: String,
    tool: String,
    started: Instant,
    started_at: DateTime<Utc>,
}

impl WebUse {
    /// Starts with a turn that has used nothing.
    pub(super) fn new(turn: TurnId, attempt: i32, clock: Clock, search_price: Usd) -> Self {
        Self { turn, attempt, clock, search_price, state: Mutex::default() }
    }

    /// Returns the next piece of the answer's text as it is shown.
    pub(super) fn text(&self, piece: String) -> String {
        self.state.lock().citations.text(piece)
    }

    /// Returns the marks that follow the text so far, and the sources that are new.
    pub(super) fn cite(&self, cited: &[Citation]) -> (String, Vec<Source>) {
        self.state.lock().citations.mark(cited)
    }

    /// Notes a call that begins.
    pub(super) fn started(&self, call: ServerCall) -> TurnEvent {
        let ServerCall { id, name, subject, .. } = call;
        let (started, started_at) = (Instant::now(), self.clock.now());
        self.state.lock().running.push(Running { call: id.clone(), tool: name.clone(), started, started_at });
        TurnEvent::ToolStarted { call: id, name, subject }
    }

    /// Notes a result. Returns `None` if its call is not known.
    pub(super) fn ended(&self, result: ServerResult) -> Option<TurnEvent> {
        let mut state = self.state.lock();
        if let Some(page) = result.page {
            state.citations.fetched(page);
        }
        let at = state.running.iter().position(|running| running.call == result.call)?;
        let running = state.running.remove(at);
        let cost = if result.search && !result.failed { self.search_price } else { Usd::ZERO };
        let ended = self.record(&mut state, running, result.failed, cost);
        kill_point!("web: result noted");
        Some(ended)
    }

    /// Notes that the calls without a result get none any more.
    pub(super) fn abandon(&self) -> Vec<TurnEvent> {
        let mut state = self.state.lock();
        let running = std::mem::take(&mut state.running);
        running.into_iter().map(|running| self.record(&mut state, running, true, Usd::ZERO)).collect()
    }

    /// Returns the calls that have ended, and the sources of the answer by their numbers.
    pub(super) fn finish(self) -> (Vec<ToolCallRecord>, Vec<Source>) {
        let State { citations, ended, .. } = self.state.into_inner();
        (ended, citations.into_sources())
    }

    fn record(&self, state: &mut State, running: Running, failed: bool, cost: Usd) -> TurnEvent {
        let Running { call, tool, started, started_at } = running;
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        let (turn, attempt) = (self.turn, self.attempt);
        let ended = ToolCallRecord { turn, attempt, call, tool, failed, duration_ms, cost, started_at };
        state.ended.push(ended.clone());
        TurnEvent::ToolEnded(ended)
    }
}

#[cfg(test)]
mod tests;
