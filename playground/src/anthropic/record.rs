//! The log of requests: one record per request, and waiting for a change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::HeaderMap;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use tokio::sync::watch;

use super::endpoint::Endpoint;
use super::files::SentFile;

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is still being sent.
    Open,
    /// The answer was sent to the end of its script, including an in-stream error.
    Finished,
    /// The client disconnected before the end.
    ClosedByClient,
    /// The emulator broke the connection: by script, or because it was stopped.
    Cut,
    /// The request broke a rule of the API: status and sentence.
    Refused(u16, String),
    /// An injected fault, such as a 529: status and sentence.
    Failed(u16, String),
}

/// A request and its outcome. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// When the body had arrived completely.
    pub at: Instant,
    /// The part of the API that was called.
    pub endpoint: Endpoint,
    /// The parsed body; `null` if it was not JSON.
    pub body: Arc<Value>,
    /// The body as received.
    pub raw: Bytes,
    /// The request's headers.
    pub headers: Arc<HeaderMap>,
    /// The outcome so far.
    pub outcome: Outcome,
    /// When the first content delta was written to the connection.
    pub first_delta_at: Option<Instant>,
    /// When the last byte was written to the connection; `None` while the answer is open.
    pub last_byte_at: Option<Instant>,
    /// Whether the answer is a stream of events.
    pub streams: bool,
    /// The usage reported to the client, with the newest value of each field; `null` before the first report
    /// and for answers that are not streams.
    pub usage: Value,
    pub(super) sent: Vec<SentFile>,
}

impl Recorded {
    /// Creates the record of a request that has just arrived.
    pub(super) fn new(endpoint: Endpoint, headers: HeaderMap, body: Value, raw: Bytes) -> Self {
        Self {
            at: Instant::now(),
            endpoint,
            body: Arc::new(body),
            raw,
            headers: Arc::new(headers),
            outcome: Outcome::Open,
            first_delta_at: None,
            last_byte_at: None,
            streams: false,
            usage: Value::Null,
            sent: Vec::new(),
        }
    }

    /// Returns the uploaded files named by the request, in the order of the prompt, including those in tool
    /// results.
    pub fn files(&self) -> &[SentFile] {
        &self.sent
    }

    /// Returns the texts of the last user message, joined by line breaks.
    pub fn newest_user_text(&self) -> String {
        super::conversation::newest_user_text(&self.body)
    }

    pub(super) fn accepted(&self) -> bool {
        self.endpoint == Endpoint::Messages && !matches!(self.outcome, Outcome::Refused(..))
    }
}

/// Every request so far, in order of arrival.
#[derive(Debug)]
pub(super) struct Log {
    entries: Mutex<Vec<Recorded>>,
    changes: watch::Sender<()>,
}

impl Log {
    pub(super) fn new() -> Self {
        Self { entries: Mutex::default(), changes: watch::Sender::new(()) }
    }

    pub(super) fn read<T>(&self, probe: impl FnOnce(&[Recorded]) -> T) -> T {
        probe(&self.entries())
    }

    /// Records a request whose outcome is already known.
    pub(super) fn add(&self, entry: Recorded) -> usize {
        let mut entries = self.entries();
        entries.push(entry);
        let index = entries.len() - 1;
        drop(entries);
        self.changes.send_replace(());
        index
    }

    /// Records a request that is about to be answered.
    pub(super) fn open(self: &Arc<Self>, entry: Recorded) -> ResponseLog {
        ResponseLog {
            log: Arc::clone(self),
            index: self.add(entry),
            last_byte: None,
            started: false,
            closed: false,
        }
    }

    fn change(&self, index: usize, edit: impl FnOnce(&mut Recorded)) {
        if let Some(entry) = self.entries().get_mut(index) {
            edit(entry);
        }
        self.changes.send_replace(());
    }

    /// Probes at once and after every change, until there is a value or the bound has passed.
    pub(super) async fn until<T>(
        &self,
        what: &str,
        bound: Duration,
        mut probe: impl FnMut(&[Recorded]) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut changes = self.changes.subscribe();
        let deadline = tokio::time::Instant::now() + bound;
        loop {
            changes.mark_unchanged();
            if let Some(found) = self.read(&mut probe) {
                return Ok(found);
            }
            if tokio::time::timeout_at(deadline, changes.changed()).await.is_err() {
                let seen = self.read(summary);
                anyhow::bail!("not within {bound:?}: {what}; the model API saw {seen}");
            }
        }
    }

    fn entries(&self) -> MutexGuard<'_, Vec<Recorded>> {
        self.entries.lock()
    }
}

fn summary(entries: &[Recorded]) -> String {
    let tail = entries.iter().rev().take(5).rev();
    let lines: Vec<String> =
        tail.map(|e| format!("{:?} {:?} {:?}", e.endpoint, e.outcome, e.newest_user_text())).collect();
    format!("{} requests, the last being [{}]", entries.len(), lines.join("; "))
}

/// A request without an outcome yet. Dropping it means that the client disconnected, because the server drops
/// the answer of a closed connection.
#[derive(Debug)]
pub(super) struct ResponseLog {
    log: Arc<Log>,
    index: usize,
    last_byte: Option<Instant>,
    started: bool,
    closed: bool,
}

impl ResponseLog {
    /// Records that bytes were written; `content` is `true` if they contain a content delta.
    pub(super) fn wrote(&mut self, content: bool) {
        let now = Instant::now();
        self.last_byte = Some(now);
        if content && !std::mem::replace(&mut self.started, true) {
            self.log.change(self.index, |entry| entry.first_delta_at = Some(now));
        }
    }

    /// Records the usage in events that are about to be written.
    pub(super) fn reports(&mut self, events: &[u8]) {
        let events = String::from_utf8_lossy(events);
        let told = events.lines().filter(|line| line.contains("\"usage\""));
        for data in told.filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok()) {
            let usage =
                data.get("usage").or_else(|| data.get("message")?.get("usage")).and_then(Value::as_object);
            let Some(usage) = usage.cloned() else { continue };
            self.log.change(self.index, |entry| match &mut entry.usage {
                Value::Object(known) => known.extend(usage),
                unknown => *unknown = Value::Object(usage),
            });
        }
    }

    pub(super) fn close(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        if !std::mem::replace(&mut self.closed, true) {
            let last_byte = self.last_byte;
            self.log.change(self.index, |entry| {
                entry.outcome = outcome;
                entry.last_byte_at = last_byte;
            });
        }
    }
}

impl Drop for ResponseLog {
    fn drop(&mut self) {
        self.settle(Outcome::ClosedByClient);
    }
}
