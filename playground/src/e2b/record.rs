//! The record of a call to the sandbox service.

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use serde_json::Value;

use super::faults::Operation;
use crate::recorder::{self, Entry, OpenEntry};

pub use crate::recorder::Outcome;

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

impl Entry for Call {
    fn close(&mut self, outcome: Outcome) {
        self.outcome = outcome;
        self.ended = Some(Instant::now());
    }

    fn summary(&self) -> String {
        format!("{} {:?}", self.line, self.outcome)
    }
}

/// Every call so far, in order of arrival.
pub(super) type Log = recorder::Log<Call>;
/// A call without an outcome yet.
pub(super) type OpenCall = OpenEntry<Call>;
