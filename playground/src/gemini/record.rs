//! The log of requests: one record per request, and waiting for a change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered yet.
    Open,
    /// Answered, with or without a picture, or with the body that the test has scripted.
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
    /// The query of the URL; a key must not stand there.
    pub query: String,
    /// The request's headers.
    pub headers: Arc<HeaderMap>,
    /// The body; `null` if it is no JSON.
    pub body: Arc<Value>,
    /// The outcome so far.
    pub outcome: Outcome,
    /// What the answer says it has used (`usageMetadata`); `null` before it, and if it says nothing.
    pub usage: Arc<Value>,
}

impl Request {
    /// Returns the texts of the newest content, joined by line breaks.
    pub fn prompt(&self) -> String {
        let texts = self.parts().filter_map(|part| part["text"].as_str());
        texts.collect::<Vec<_>>().join("\n")
    }

    /// Returns the source pictures: MIME type and content.
    pub fn sources(&self) -> Vec<(String, Vec<u8>)> {
        let inline = self.parts().filter_map(|part| {
            let inline = part.get("inlineData")?;
            let bytes = STANDARD.decode(inline["data"].as_str()?).ok()?;
            Some((inline["mimeType"].as_str()?.to_owned(), bytes))
        });
        inline.collect()
    }

    fn parts(&self) -> impl Iterator<Item = &Value> {
        let newest = self.body["contents"].as_array().and_then(|contents| contents.last());
        newest.and_then(|content| content["parts"].as_array()).into_iter().flatten()
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
                anyhow::bail!("not within {bound:?}: {what}; the Gemini API saw last {outcomes:?}");
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
    /// Returns its place in the order of arrival, from 1.
    pub(super) fn number(&self) -> usize {
        self.index + 1
    }

    /// Ends the request with this answer.
    pub(super) fn finish(self, answer: &Value) {
        if let Some(entry) = self.log.entries.lock().get_mut(self.index) {
            entry.usage = Arc::new(answer["usageMetadata"].clone());
        }
        self.close(Outcome::Finished);
    }

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
