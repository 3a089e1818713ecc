//! The log of calls: one record per call, and waiting for a change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

use super::faults::Operation;

/// The outcome of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered completely yet.
    Open,
    /// Answered.
    Finished,
    /// The client disconnected before the answer was complete.
    ClosedByClient,
    /// The emulator broke the connection, or the code died.
    Cut,
    /// The call broke a rule of the API: status and sentence.
    Refused(u16, String),
    /// The call was right, but what it names is gone: a status of 404 or 502.
    Missing(u16),
    /// An injected fault, such as a 503.
    Failed(u16),
}

/// A call and its outcome. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it had arrived completely.
    pub at: Instant,
    /// When its answer was complete or given up.
    pub ended: Option<Instant>,
    /// What it does.
    pub operation: Operation,
    /// HTTP method and path.
    pub line: String,
    /// Its headers.
    pub headers: Arc<HeaderMap>,
    /// The sandbox that it names or has created.
    pub sandbox: Option<String>,
    /// The query as it came.
    pub query: String,
    /// The body as JSON; `null` if it is none.
    pub body: Value,
    /// The length of the body in bytes.
    pub size: usize,
    /// The outcome so far.
    pub outcome: Outcome,
}

/// Every call so far, in order of arrival.
#[derive(Debug)]
pub(super) struct Log {
    calls: Mutex<Vec<Call>>,
    changes: watch::Sender<()>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { calls: Mutex::default(), changes: watch::Sender::new(()) }
    }

    pub(super) fn all(&self) -> Vec<Call> {
        self.calls.lock().clone()
    }

    /// Records a call that is about to be answered.
    pub(super) fn open(self: &Arc<Self>, call: Call) -> OpenCall {
        let mut calls = self.calls.lock();
        calls.push(call);
        let index = calls.len() - 1;
        drop(calls);
        self.changes.send_replace(());
        OpenCall { log: Arc::clone(self), index, closed: false }
    }

    /// Tells those who wait that something else has changed.
    pub(super) fn touch(&self) {
        self.changes.send_replace(());
    }

    /// Probes at once and after every change, until there is a value or the bound has passed.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        mut probe: impl FnMut(&[Call]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut changes = self.changes.subscribe();
        let deadline = tokio::time::Instant::now() + bound;
        loop {
            changes.mark_unchanged();
            if let Some(found) = probe(&self.calls.lock()) {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                let calls = self.calls.lock();
                let last: Vec<(&str, &Outcome)> = calls
                    .iter()
                    .rev()
                    .take(8)
                    .rev()
                    .map(|call| (call.line.as_str(), &call.outcome))
                    .collect();
                anyhow::bail!("not within {bound:?}: {what}; the sandbox service saw last {last:?}");
            }
        }
    }
}

/// A call without an outcome yet. Dropping it means that the client disconnected, because the server drops
/// the handler and the body of a closed connection.
pub(super) struct OpenCall {
    log: Arc<Log>,
    index: usize,
    closed: bool,
}

impl OpenCall {
    /// Notes the sandbox that the call has created.
    pub(super) fn created(&self, sandbox: &str) {
        if let Some(call) = self.log.calls.lock().get_mut(self.index) {
            call.sandbox = Some(sandbox.to_owned());
        }
    }

    pub(super) fn close(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.closed, true) {
            if let Some(call) = self.log.calls.lock().get_mut(self.index) {
                call.outcome = outcome;
                call.ended = Some(Instant::now());
            }
            self.log.changes.send_replace(());
        }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.settle(Outcome::ClosedByClient);
    }
}
