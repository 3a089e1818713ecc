//! The record of a request to the Messages or Files API.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;

use super::endpoint::Endpoint;
use super::files::SentFile;
use crate::recorder::{self, Entry, OpenEntry};

pub use crate::recorder::Outcome;

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

impl Entry for Recorded {
    fn close(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    fn summary(&self) -> String {
        format!("{:?} {:?} {:?}", self.endpoint, self.outcome, self.newest_user_text())
    }
}

/// Every request so far, in order of arrival.
pub(super) type Log = recorder::Log<Recorded>;

/// A request whose answer is being sent. Dropping it means that the client disconnected.
#[derive(Debug)]
pub(super) struct ResponseLog {
    entry: OpenEntry<Recorded>,
    last_byte: Option<Instant>,
    started: bool,
}

impl ResponseLog {
    /// Records a request that is about to be answered.
    pub(super) fn open(log: &Arc<Log>, entry: Recorded) -> Self {
        Self { entry: log.open(entry), last_byte: None, started: false }
    }

    /// Records that bytes were written; `content` is `true` if they contain a content delta.
    pub(super) fn wrote(&mut self, content: bool) {
        let now = Instant::now();
        self.last_byte = Some(now);
        if content && !std::mem::replace(&mut self.started, true) {
            self.entry.change(|entry| entry.first_delta_at = Some(now));
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
            self.entry.change(|entry| match &mut entry.usage {
                Value::Object(known) => known.extend(usage),
                unknown => *unknown = Value::Object(usage),
            });
        }
    }

    pub(super) fn close(mut self, outcome: Outcome) {
        self.settle(outcome);
    }

    fn settle(&mut self, outcome: Outcome) {
        let last_byte = self.last_byte;
        self.entry.settle(outcome, |entry| entry.last_byte_at = last_byte);
    }
}

impl Drop for ResponseLog {
    fn drop(&mut self) {
        self.settle(Outcome::ClosedByClient);
    }
}
