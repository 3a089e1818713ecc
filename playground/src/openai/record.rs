//! The log of requests: one record per request, and waiting for a change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::HeaderMap;
use parking_lot::Mutex;
use tokio::sync::watch;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered yet.
    Open,
    /// Answered with a transcript, or with the body that the test has scripted.
    Finished,
    /// The client disconnected before the answer.
    ClosedByClient,
    /// The emulator broke the connection: by script, or because it was stopped.
    Cut,
    /// The request broke a rule of the API: status and sentence.
    Refused(u16, String),
    /// An injected fault, such as a 503: status and sentence.
    Failed(u16, String),
}

/// A request and its outcome. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Request {
    /// When the body had arrived completely.
    pub at: Instant,
    /// The path that was called.
    pub path: String,
    /// The request's headers.
    pub headers: Arc<HeaderMap>,
    /// The fields of the form except the file, in order.
    pub fields: Vec<(String, String)>,
    /// The name of the file; empty without a file.
    pub file_name: String,
    /// The MIME type of the file.
    pub mime: String,
    /// The length of the file in bytes, also when it is too long to be kept.
    pub size: usize,
    /// The file; empty if it is longer than the limit.
    pub bytes: Bytes,
    /// The duration read from the file, in seconds.
    pub seconds: Option<f64>,
    /// The outcome so far.
    pub outcome: Outcome,
}

impl Request {
    /// Returns the first value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// Returns all values of a field, in order.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Every request so far, in order of arrival.
#[derive(Debug)]
pub(super) struct Log {
    entries: Mutex<Vec<Request>>,
    changes: watch::Sender<()>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { entries: Mutex::default(), changes: watch::Sender::new(()) }
    }

    pub(super) fn all(&self) -> Vec<Request> {
        self.entries.lock().clone()
    }

    /// Records a request that is about to be answered.
    pub(super) fn open(self: &Arc<Self>, entry: Request) -> OpenRequest {
        let mut entries = self.entries.lock();
        entries.push(entry);
        let index = entries.len() - 1;
        drop(entries);
        self.changes.send_replace(());
        OpenRequest { log: Arc::clone(self), index, closed: false }
    }

    /// Probes at once and after every change, until there is a value or the bound has passed.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        mut probe: impl FnMut(&[Request]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut changes = self.changes.subscribe();
        let deadline = tokio::time::Instant::now() + bound;
        loop {
            changes.mark_unchanged();
            if let Some(found) = probe(&self.entries.lock()) {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                let outcomes: Vec<Outcome> = self
                    .entries
                    .lock()
                    .iter()
                    .rev()
                    .take(5)
                    .rev()
                    .map(|entry| entry.outcome.clone())
                    .collect();
                anyhow::bail!("not within {bound:?}: {what}; the transcription API saw last {outcomes:?}");
            }
        }
    }
}

/// A request without an outcome yet. Dropping it means that the client disconnected, because the server drops
/// the handler of a closed connection.
pub(super) struct OpenRequest {
    log: Arc<Log>,
    index: usize,
    closed: bool,
}

impl OpenRequest {
    pub(super) fn close(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.closed, true) {
            if let Some(entry) = self.log.entries.lock().get_mut(self.index) {
                entry.outcome = outcome;
            }
            self.log.changes.send_replace(());
        }
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.settle(Outcome::ClosedByClient);
    }
}
