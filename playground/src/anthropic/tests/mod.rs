//! The emulator over HTTP: every refusal, every scenario, and what tests rely on.

mod files;
mod refusals;
mod scenarios;
mod streams;
mod web;

use std::time::Duration;

use axum::http::HeaderMap;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{Anthropic, Settings};

/// The longest that anything here may take.
const BOUND: Duration = Duration::from_secs(10);

async fn start() -> Anthropic {
    Anthropic::start(Settings::default()).await.unwrap()
}

/// A request as a correct client sends it.
fn post(api: &Anthropic, path: &str, body: &Value) -> RequestBuilder {
    reqwest::Client::new()
        .post(format!("{}{path}", api.url()))
        .header("x-api-key", "sk-ant-test")
        .header("anthropic-version", "2026-10-21")
        .json(body)
}

/// What came back, read to its end.
#[derive(Debug)]
struct HttpAnswer {
    status: u16,
    headers: HeaderMap,
    text: String,
    /// The connection broke.
    broken: bool,
}

impl HttpAnswer {
    async fn to(request: RequestBuilder) -> Self {
        tokio::time::timeout(BOUND, async {
            let mut response = request.send().await.unwrap();
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let mut bytes = Vec::new();
            let broken = loop {
                match response.chunk().await {
                    Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                    Ok(None) => break false,
                    Err(_) => break true,
                }
            };
            Self { status, headers, text: String::from_utf8(bytes).unwrap(), broken }
        })
        .await
        .unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The events of a stream; each event's name must be its data's type.
    fn events(&self) -> Vec<Value> {
        let parts = self.text.split("\n\n").filter(|part| !part.is_empty());
        parts
            .map(|part| {
                let (name, data) = part.split_once('\n').unwrap();
                let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
                assert_eq!(name.strip_prefix("event: ").unwrap(), data["type"]);
                data
            })
            .collect()
    }

    /// The message that a correct client builds from the stream; checks the order of its events.
    fn message(&self) -> Value {
        let mut message = Value::Null;
        let mut open: Option<usize> = None;
        for event in self.events() {
            let index = event["index"].as_u64().map(|index| usize::try_from(index).unwrap());
            match event["type"].as_str().unwrap() {
                "message_start" => message = event["message"].clone(),
                "content_block_start" => {
                    assert_eq!(open, None);
                    open = index;
                    let content = message["content"].as_array_mut().unwrap();
                    assert_eq!(Some(content.len()), index);
                    content.push(event["content_block"].clone());
                }
                "content_block_delta" => {
                    assert_eq!(open, index);
                    add(&mut message["content"][index.unwrap()], &event["delta"]);
                }
                "content_block_stop" => {
                    assert_eq!(open.take(), index);
                    finish(&mut message["content"][index.unwrap()]);
                }
                "message_delta" => {
                    assert_eq!(open, None);
                    for part in ["delta", "usage"] {
                        let target = if part == "usage" { &mut message["usage"] } else { &mut message };
                        for (name, value) in event[part].as_object().unwrap() {
                            target[name] = value.clone();
                        }
                    }
                }
                _ => {}
            }
        }
        message
    }

    fn said(&self) -> String {
        let content = self.message()["content"].clone();
        let texts = content.as_array().into_iter().flatten().filter_map(|block| block["text"].as_str());
        texts.collect()
    }
}

fn add(block: &mut Value, delta: &Value) {
    let append = |block: &mut Value, field: &str, text: &Value| {
        let grown = block[field].as_str().unwrap_or_default().to_owned() + text.as_str().unwrap();
        block[field] = json!(grown);
    };
    match delta["type"].as_str().unwrap() {
        "text_delta" => append(block, "text", &delta["text"]),
        "thinking_delta" => append(block, "thinking", &delta["thinking"]),
        "signature_delta" => append(block, "signature", &delta["signature"]),
        "input_json_delta" => append(block, "json", &delta["partial_json"]),
        _ => {}
    }
}

/// Parses collected input, where it is complete.
fn finish(block: &mut Value) {
    if let Some(Value::String(input)) = block.as_object_mut().unwrap().remove("json")
        && let Ok(input) = serde_json::from_str(&input)
    {
        block["input"] = input;
    }
}

fn ask(text: &str) -> Value {
    json!({"model":"claude-sonnet-5-5","max_tokens":8000,"stream":true,
        "messages":[{"role":"user","content":text}]})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn answer(api: &Anthropic, body: &Value) -> HttpAnswer {
    HttpAnswer::to(post(api, "/v1/messages", body)).await
}

/// The request that follows: the answer is sent back, then the user speaks or the tool results.
#[expect(clippy::needless_pass_by_value, reason = "callers write literals")]
fn follow(body: &Value, answered: &Value, next: Value) -> Value {
    let mut body = body.clone();
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role":"assistant","content":answered["content"]}));
    if !next.is_null() {
        messages.push(json!({"role":"user","content":next}));
    }
    body
}
