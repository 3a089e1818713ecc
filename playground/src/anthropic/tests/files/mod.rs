//! The Files API as a client meets it: uploads, lists, deletion, expiry, faults, and files in messages.

mod faults;
mod gone;
mod prompts;
mod storing;

use reqwest::RequestBuilder;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::{HttpAnswer, ask, with};
use crate::anthropic::Anthropic;

fn request(api: &Anthropic, method: &str, path: &str) -> RequestBuilder {
    reqwest::Client::new()
        .request(method.parse().unwrap(), format!("{}/v1/files{path}", api.url()))
        .header("x-api-key", "sk-ant-test")
        .header("anthropic-version", "2026-10-21")
}

async fn call(api: &Anthropic, method: &str, path: &str) -> HttpAnswer {
    HttpAnswer::to(request(api, method, path)).await
}

fn part(name: &str, mime: &str, bytes: Vec<u8>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned()).mime_str(mime).unwrap()
}

fn notes() -> Form {
    Form::new().part("file", part("notes.txt", "text/plain", b"remember the milk".to_vec()))
}

async fn send(api: &Anthropic, form: Form) -> HttpAnswer {
    HttpAnswer::to(request(api, "POST", "").multipart(form)).await
}

/// Uploads a file that must be taken; gives its id.
async fn upload(api: &Anthropic, name: &str, mime: &str, bytes: Vec<u8>) -> String {
    let sent = send(api, Form::new().part("file", part(name, mime, bytes))).await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    sent.json()["id"].as_str().unwrap().to_owned()
}

fn block(kind: &str, id: &str) -> Value {
    json!({"type":kind,"source":{"type":"file","file_id":id}})
}

#[expect(clippy::needless_pass_by_value, reason = "callers write literals")]
fn asking(content: Value) -> Value {
    with(ask(""), "messages", json!([{"role":"user","content":content}]))
}
