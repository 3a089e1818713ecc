//! The shape of the check tables: a request and what the API says to it.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::anthropic::transcript::Transcript;

/// One row: a request body and the answer that it must get.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) body: Value,
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    /// A part of the sentence; empty for accepted requests.
    pub(crate) says: &'static str,
}

impl Case {
    /// The same row under the older API version.
    pub(crate) fn under_2023(mut self) -> Self {
        self.version = "2023-06-01";
        self
    }
}

/// A request that is refused with status 400.
pub(crate) fn refused(name: &'static str, body: Value, says: &'static str) -> Case {
    Case { name, body, version: "2026-10-21", status: 400, says }
}

/// A request that must pass.
pub(crate) fn accepted(name: &'static str, body: Value) -> Case {
    Case { name, body, version: "2026-10-21", status: 200, says: "" }
}

/// A correct request with these top-level fields replaced; `null` takes a field away.
pub(crate) fn with(fields: Value) -> Value {
    let mut body =
        json!({"model":"claude-sonnet-5-5","max_tokens":1000,"messages":[{"role":"user","content":"hi"}]});
    let Value::Object(fields) = fields else { return body };
    for (name, value) in fields {
        if value.is_null() {
            body.as_object_mut().unwrap().remove(&name);
        } else {
            body[name] = value;
        }
    }
    body
}

/// A correct request with this content in its only message.
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(crate) fn saying(content: Value) -> Value {
    with(json!({"messages":[{"role":"user","content":content}]}))
}

/// Every table of this folder.
pub(crate) fn all() -> Vec<Case> {
    [
        super::blocks::tests::cases(),
        super::cache_marks::tests::cases(),
        super::citations::tests::cases(),
        super::fields::tests::cases(),
        super::messages::tests::cases(),
        super::pairing::tests::cases(),
        super::signatures::tests::cases(),
        super::thinking::tests::cases(),
        super::tools::tests::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Runs a table against the checks themselves.
pub(crate) fn run(cases: Vec<Case>) {
    assert!(!cases.is_empty());
    for case in cases {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", case.version.parse().unwrap());
        let prompt = Transcript::of(&case.body);
        let (status, says) = match super::body(&headers, &case.body, false, &prompt, false) {
            Ok(_) => (200, String::new()),
            Err(error) => (error.status, error.message),
        };
        assert_eq!(status, case.status, "{}: {says}", case.name);
        assert!(says.contains(case.says), "{}: {says:?} lacks {:?}", case.name, case.says);
    }
}
