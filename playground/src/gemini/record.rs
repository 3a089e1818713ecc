//! The record of a request to the Gemini API.

use std::sync::Arc;
use std::time::Instant;

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::recorder::{self, Entry, OpenEntry};

pub use crate::recorder::Outcome;

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
