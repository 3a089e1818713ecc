//! The record of a request to the transcription API.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::HeaderMap;

use crate::recorder::{self, Entry, OpenEntry};

pub use crate::recorder::Outcome;

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

impl Entry for Request {
    fn close(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    fn summary(&self) -> String {
        format!("{:?}", self.outcome)
    }
}

/// Every request so far, in order of arrival.
pub(super) type Log = recorder::Log<Request>;
/// A request without an outcome yet.
pub(super) type OpenRequest = OpenEntry<Request>;
