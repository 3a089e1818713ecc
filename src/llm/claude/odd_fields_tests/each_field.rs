//! Replaces each field of each event with unexpected values; the rest of the answer must arrive.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::domain::usage::Usage;
use crate::llm::claude::decode::Decoder;
use crate::llm::event::{LlmEvent, Reported, StopReason, ToolCall};

/// Returns an answer with every kind of event that the service sends.
fn answer() -> Vec<Value> {
    vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": "claude-sonnet-5-5", "content": [], "stop_reason": null, "stop_sequence": null,
            "usage": {"input_tokens": 412, "output_tokens": 3, "cache_creation_input_tokens": 30,
                "cache_read_input_tokens": 5120, "service_tier": "standard",
                "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Look."}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "", "citations": null}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation":
            {"type": "web_search_result_location", "url": "https://a.b", "cited_text": "c"}}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block":
            {"type": "tool_use", "id": "toolu_1", "name": "note", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta":
            {"type": "input_json_delta", "partial_json": "{\"text\":"}}),
        json!({"type": "content_block_delta", "index": 2, "delta":
            {"type": "input_json_delta", "partial_json": "\"a\"}"}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": null}, "usage":
            {"input_tokens": 412, "output_tokens": 61, "cache_creation_input_tokens": 30,
             "cache_read_input_tokens": 5120, "output_tokens_details": {"thinking_tokens": 7},
             "server_tool_use": {"web_search_requests": 2}}}),
        json!({"type": "message_stop"}),
    ]
}

/// Returns the path of each value inside an event.
fn paths(value: &Value, path: &str, all: &mut Vec<String>) {
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            let path = format!("{path}/{name}");
            all.push(path.clone());
            paths(value, &path, all);
        }
    }
}

/// Returns the event as JSON with another value at a path; `None` removes the field.
fn changed(event: &Value, path: &str, instead: Option<&str>) -> String {
    const MARK: &str = "\u{1}here\u{1}";
    let (parent, name) = path.rsplit_once('/').unwrap();
    let mut event = event.clone();
    let fields = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match instead {
        Some(_) => fields.insert(name.to_owned(), MARK.into()),
        None => fields.remove(name),
    };
    event.to_string().replace(&Value::from(MARK).to_string(), instead.unwrap_or_default())
}

/// The result of a stream.
#[derive(Default, Debug)]
struct Came {
    text: String,
    calls: Vec<ToolCall>,
    reported: Option<Reported>,
    ending: Option<StopReason>,
    stop: Option<StopReason>,
}

fn read(events: &[(String, String)], named: bool) -> Came {
    let mut decoder = Decoder::default();
    let mut came = Came::default();
    for (name, data) in events {
        for event in decoder.read(Some(name.as_str()).filter(|_| named), data) {
            match event.unwrap_or_else(|error| panic!("{data}: {error}")) {
                LlmEvent::Text(text) => came.text.push_str(&text),
                LlmEvent::ToolCall(call) => came.calls.push(call),
                LlmEvent::Usage(reported) => came.reported = Some(reported),
                LlmEvent::Ending(reason) => came.ending = Some(reason),
                LlmEvent::Stop(reason) => came.stop = Some(reason),
                LlmEvent::Alive
                | LlmEvent::Working
                | LlmEvent::Thinking(_)
                | LlmEvent::Cited(_)
                | LlmEvent::ServerCall(_)
                | LlmEvent::ServerResult(_)
                | LlmEvent::Block(_) => {}
            }
        }
    }
    came
}

/// The replacements of one field: every type of value that it should not have.
const INSTEAD: [Option<&str>; 15] = [
    None,
    Some("null"),
    Some("true"),
    Some("-7"),
    Some("0.5"),
    Some("1e300"),
    Some("1e999"),
    Some("-1e999"),
    Some("18446744073709551616"),
    Some("\"\""),
    Some("\"odd\""),
    Some("\"\\ud83d\""),
    Some("[]"),
    Some("[1e999]"),
    Some("{}"),
];

fn whole() -> Usage {
    Usage {
        input: 412,
        cache_write_5m: 10,
        cache_write_1h: 20,
        cache_read: 5120,
        output: 61,
        thinking: 7,
        web_searches: 2,
        ..Usage::default()
    }
}

/// Returns what may differ if the field at `path` of the event `number` is replaced.
fn excused(event: &Value, path: &str) -> BTreeSet<&'static str> {
    let kind = event["type"].as_str().unwrap();
    let whole_event = path == "/type";
    let delta = event["delta"]["type"].as_str().unwrap_or_default();
    let mut excused = BTreeSet::new();
    let content = whole_event || path == "/delta" || path == "/delta/type";
    match (kind, delta) {
        ("content_block_delta", "text_delta") if content || path == "/delta/text" => {
            excused.insert("text");
        }
        ("content_block_delta", "input_json_delta") if content || path == "/delta/partial_json" => {
            excused.insert("call");
        }
        ("content_block_start", _) if event["content_block"]["type"] == "tool_use" && path != "/index" => {
            excused.insert("call");
        }
        ("content_block_start", _) if path == "/content_block/text" || path == "/content_block/type" => {
            excused.insert("text");
        }
        ("message_delta", _) if whole_event || path == "/delta" || path == "/delta/stop_reason" => {
            excused.insert("reason");
        }
        ("message_stop", _) if whole_event => {
            excused.insert("stop");
        }
        _ => {}
    }
    excused
}

#[test]
fn no_field_costs_more_than_itself() {
    let events = answer();
    let usual: Vec<(String, String)> =
        events.iter().map(|event| (event["type"].as_str().unwrap().to_owned(), event.to_string())).collect();
    let call = ToolCall { id: "toolu_1".into(), name: "note".into(), input: Ok(json!({"text": "a"})) };
    let mut tried = 0;
    for (number, event) in events.iter().enumerate() {
        let mut all = Vec::new();
        paths(event, "", &mut all);
        for (path, instead, named) in all
            .iter()
            .flat_map(|path| INSTEAD.map(|instead| (path, instead)))
            .flat_map(|(path, instead)| [(path, instead, true), (path, instead, false)])
        {
            tried += 1;
            let mut odd = usual.clone();
            odd[number].1 = changed(event, path, instead);
            let came = read(&odd, named);
            let what = format!("{path} is {instead:?} in {event}: {came:?}");
            let excused = excused(event, path);
            let is_excused = |part: &str| excused.contains(part);
            assert!(came.text == "Hello" || is_excused("text"), "{what}");
            assert!(came.calls == [call.clone()] || is_excused("call"), "{what}");
            assert!(came.calls.len() == 1 || path.ends_with("/type"), "{what}");
            let reason = Some(StopReason::ToolUse);
            assert!(came.ending == reason || is_excused("reason"), "{what}");
            assert!(came.stop == reason || is_excused("reason") || is_excused("stop"), "{what}");
            assert!(came.stop.is_some() || is_excused("stop"), "{what}");
            let reported = came.reported.unwrap();
            let Usage { input, cache_write_5m, cache_write_1h, cache_read, output, .. } = reported.usage;
            let exact = whole();
            let prompt = [
                (input, exact.input),
                (cache_read, exact.cache_read),
                (cache_write_5m + cache_write_1h, exact.cache_write_5m + exact.cache_write_1h),
            ];
            let figure = path.contains("tokens");
            let readable_figure = figure && instead == Some("0.5");
            assert!(
                prompt.iter().all(|(read, exact)| read == exact)
                    || !reported.prompt
                    || readable_figure
                    || figure,
                "{what}"
            );
            assert!(output == exact.output || !reported.output || readable_figure, "{what}");
        }
    }
    assert!(tried > 2_000, "{tried}");
}
