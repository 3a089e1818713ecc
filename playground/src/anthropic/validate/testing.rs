//! The rows of the check tables: a request and the API's answer.

use axum::http::HeaderMap;
use serde_json::{Value, json};

use crate::anthropic::files::{Incoming, Known, Limits, Store};
use crate::anthropic::transcript::Transcript;
use crate::samples;

/// A row: a request body and the expected answer.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) body: Value,
    pub(crate) version: &'static str,
    pub(crate) status: u16,
    /// A part of the sentence; empty for accepted requests.
    pub(crate) says: &'static str,
}

impl Case {
    /// Sets the older API version.
    pub(crate) fn under_2023(mut self) -> Self {
        self.version = "2023-06-01";
        self
    }
}

/// Creates a row that is refused with status 400.
pub(crate) fn refused(name: &'static str, body: Value, says: &'static str) -> Case {
    Case { name, body, version: "2026-10-21", status: 400, says }
}

/// Creates a row that is accepted.
pub(crate) fn accepted(name: &'static str, body: Value) -> Case {
    Case { name, body, version: "2026-10-21", status: 200, says: "" }
}

/// Returns a valid request with these top-level fields replaced; `null` removes a field.
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

/// Returns a valid request with this content in its only message.
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(crate) fn saying(content: Value) -> Value {
    with(json!({"messages":[{"role":"user","content":content}]}))
}

/// Returns the rows of every table in this folder.
pub(crate) fn all() -> Vec<Case> {
    [
        super::blocks::tests::cases(),
        super::cache_marks::tests::cases(),
        super::citations::tests::cases(),
        super::fields::tests::cases(),
        super::files::tests::cases(),
        super::messages::tests::cases(),
        super::pairing::tests::cases(),
        super::server_tools::tests::cases(),
        super::signatures::tests::cases(),
        super::thinking::tests::cases(),
        super::tools::tests::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Returns a store with the files that the cases name: `file_` and the first word of each line.
pub(crate) fn stock(store: &mut Store) {
    let mut large = samples::jpeg(100, 100);
    large.resize(10 * 1024 * 1024 + 1, 0);
    let mut huge = samples::pdf(1);
    huge.resize(32 * 1024 * 1024 + 1, b' ');
    for (id, mime, bytes) in [
        ("png", "image/png", samples::png(40, 30)),
        ("jpeg", "image/jpeg", samples::jpeg(1280, 720)),
        ("wide", "image/jpeg", samples::jpeg(2001, 10)),
        ("panorama", "image/jpeg", samples::jpeg(8001, 10)),
        ("large", "image/jpeg", large),
        ("disguised", "image/png", samples::jpeg(10, 10)),
        ("broken", "image/png", b"no picture".to_vec()),
        ("bmp", "image/bmp", b"BM".to_vec()),
        ("pdf", "application/pdf", samples::pdf(3)),
        ("book", "application/pdf", samples::pdf(101)),
        ("library", "application/pdf", samples::pdf(601)),
        ("huge", "application/pdf", huge),
        ("fake", "application/pdf", b"no PDF".to_vec()),
        ("text", "text/plain", "день".into()),
        ("table", "text/csv", b"a,b".to_vec()),
    ] {
        let name = format!("{id}.{}", mime.rsplit('/').next().unwrap());
        let incoming =
            Incoming { name, mime: mime.to_owned(), bytes: bytes.into(), lives: None, downloadable: false };
        store.add(format!("file_{id}"), incoming).unwrap();
    }
}

/// Runs a table against the checks themselves.
pub(crate) fn run(cases: Vec<Case>) {
    assert!(!cases.is_empty());
    let mut store = Store::new(Limits { file: usize::MAX, storage: usize::MAX });
    stock(&mut store);
    for case in cases {
        let mut headers = HeaderMap::new();
        headers.insert("anthropic-version", case.version.parse().unwrap());
        let prompt = Transcript::with(&case.body, Known::of(&case.body, &mut store));
        let (status, says) = match super::body(&headers, &case.body, false, &prompt, false) {
            Ok(_) => (200, String::new()),
            Err(error) => (error.status, error.message),
        };
        assert_eq!(status, case.status, "{}: {says}", case.name);
        assert!(says.contains(case.says), "{}: {says:?} lacks {:?}", case.name, case.says);
    }
}
