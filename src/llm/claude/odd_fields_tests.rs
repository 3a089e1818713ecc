//! Replaces each field of each event with unexpected values; the rest of the answer must arrive.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::event::{LlmEvent, Reported, StopReason, ToolCall};
use super::LlmError;
use super::decode::Decoder;
use super::tests::decode;
use crate::domain::usage::Usage;

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

#[test]
fn figures_that_are_missing_or_odd_are_known_to_be() {
    let start = |usage: &str| format!(r#"{{"type":"message_start","message":{{"usage":{usage}}}}}"#);
    let end = |usage: &str| format!(r#"{{"type":"message_delta","delta":{{}},"usage":{usage}}}"#);
    for (beginning, ending, prompt, output, figures) in [
        (r#"{"input_tokens": 5}"#, r#"{"output_tokens": 7}"#, true, true, (5, 7)),
        (r#"{"input_tokens": 5.0}"#, r#"{"output_tokens": "7"}"#, true, true, (5, 7)),
        (r#"{"input_tokens": 5, "cache_read_input_tokens": null}"#, "null", true, false, (5, 0)),
        (r#"{"input_tokens": 5, "cache_read_input_tokens": -1}"#, "{}", false, false, (5, 0)),
        (r#"{"input_tokens": 5, "cache_creation_input_tokens": "x"}"#, "[]", false, false, (5, 0)),
        (r#"{"input_tokens": -5, "output_tokens": 3}"#, r#"{"output_tokens": -7}"#, false, false, (0, 3)),
        (r#"{"input_tokens": 1e300}"#, r#"{"output_tokens": 1e999}"#, false, false, (0, 0)),
        (r#"{"input_tokens": 99999999}"#, r#"{"output_tokens": 99999999}"#, false, false, (0, 0)),
        ("null", r#"{"input_tokens": 5, "output_tokens": 7}"#, true, true, (5, 7)),
        (r#"{"input_tokens": 5, "output_tokens": 9}"#, r#"{"input_tokens": "?"}"#, true, false, (5, 9)),
        ("12", "\"odd\"", false, false, (0, 0)),
    ] {
        let mut decoder = Decoder::default();
        decoder.read(None, &start(beginning));
        let read = decoder.read(None, &end(ending));
        let [Ok(LlmEvent::Usage(reported))] = read[..] else { panic!("{ending}: {read:?}") };
        let read = (reported.prompt, reported.output, (reported.usage.input, reported.usage.output));
        assert_eq!(read, (prompt, output, figures), "{beginning} {ending}");
    }
}

#[test]
fn a_second_beginning_only_adds_what_it_knows_better() {
    let start = |input: u64, output: u64| json!({"type": "message_start", "message": {"usage": {"input_tokens": input, "output_tokens": output}}});
    let text = |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    let events = decode(&[start(9, 1), text("a"), start(5, 3), text("b")]);
    let reported = |input, output| {
        let usage = Usage { input, output, ..Usage::default() };
        LlmEvent::Usage(Reported { usage, prompt: true, output: false })
    };
    let said = |text: &str| LlmEvent::Text(text.to_owned());
    assert_eq!(events, [reported(9, 1), said("a"), reported(9, 3), said("b")]);
}

#[test]
fn halves_of_a_character_in_two_deltas_are_one_character() {
    let mut decoder = Decoder::default();
    let mut events = Vec::new();
    for data in [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"\ud83d"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\ud83d"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ude00b"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\ude00c\ud83d"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"n"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"a\":\"\ud83d"}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\ude00\\ud83d\"}"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
    ] {
        events.extend(decoder.read(None, data).into_iter().map(Result::unwrap));
    }
    events.retain(|event| !matches!(event, LlmEvent::Alive | LlmEvent::Working));
    let input = json!({"a": "😀"});
    let said = |text: &str| LlmEvent::Text(text.to_owned());
    assert_eq!(
        events,
        [
            said("a"),
            said("😀b"),
            said("c"),
            LlmEvent::Block(json!({"type": "text", "text": "a😀bc"})),
            LlmEvent::Block(json!({"type": "tool_use", "id": "t", "name": "n", "input": input})),
            LlmEvent::ToolCall(ToolCall { id: "t".into(), name: "n".into(), input: Ok(input) }),
        ]
    );
}

#[test]
fn blocks_without_a_beginning_an_end_or_a_place_are_read_by_their_deltas() {
    let stop = |reason: &str| json!({"type": "message_delta", "delta": {"stop_reason": reason}});
    let delta =
        |index: Value, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let start = |block: Value| json!({"type": "content_block_start", "content_block": block});
    let tool = json!({"type": "tool_use", "id": "t", "name": "n", "input": {}});
    let calls = |events: &[Value]| -> Vec<Result<Value, ()>> {
        let called = decode(events).into_iter().filter_map(|event| match event {
            LlmEvent::ToolCall(call) => Some(call.input.map_err(drop)),
            _ => None,
        });
        called.collect()
    };
    let whole = delta(Value::Null, json!({"partial_json": "{\"a\":1}"}));
    let half = delta(Value::Null, json!({"type": "input_json_delta", "partial_json": "{\"a\":"}));
    for (events, expected) in [
        (vec![start(tool.clone()), whole.clone(), stop("end_turn")], vec![Ok(json!({"a": 1}))]),
        (vec![start(tool.clone()), half.clone(), stop("tool_use")], vec![]),
        (vec![start(tool.clone()), whole.clone(), stop("max_tokens")], vec![]),
        (vec![whole.clone(), stop("tool_use")], vec![Ok(json!({"a": 1}))]),
        (vec![start(json!("odd")), whole.clone(), stop("tool_use")], vec![Ok(json!({"a": 1}))]),
        (
            vec![start(tool.clone()), delta(json!(4), json!({"partial_json": "[1]"})), stop("odd")],
            vec![Err(())],
        ),
    ] {
        // A block that is not an object ends immediately.
        let mut events = events;
        if expected == [Err(())] {
            events.insert(2, json!({"type": "content_block_stop"}));
        }
        assert_eq!(calls(&events), expected, "{events:?}");
    }
    let text = [
        delta(json!(7), json!({"type": "text_delta", "text": "a"})),
        delta(Value::Null, json!({"text": "b"})),
    ];
    let said = |text: &str| LlmEvent::Text(text.to_owned());
    assert_eq!(decode(&text), [said("a"), said("b")]);
}

#[test]
fn a_call_without_a_name_or_an_id_gets_one_that_the_service_takes() {
    let events = decode(&[
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": null, "name": 3}}),
        json!({"type": "content_block_stop", "index": 0}),
    ]);
    let [LlmEvent::Block(block), LlmEvent::ToolCall(call)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(
        (block["id"].as_str(), block["name"].as_str()),
        (Some(call.id.as_str()), Some(call.name.as_str()))
    );
    assert!(call.id.starts_with("toolu_") && call.id.len() > 10, "{}", call.id);
    assert_eq!(call.name, "unknown");
}

#[test]
fn an_error_is_one_whatever_it_says() {
    for error in ["null", "5", "{}", r#"{"type": null, "message": 7}"#, r#"{"type": "\ud83d"}"#, "1e999"] {
        let read = Decoder::default().read(None, &format!(r#"{{"type":"error","error":{error}}}"#));
        assert!(
            matches!(read[..], [Err(LlmError::Provider { .. } | LlmError::Rejected { .. })]),
            "{error}: {read:?}"
        );
    }
}

#[test]
fn pings_and_what_cannot_be_read_are_no_progress_and_the_input_of_a_tool_is() {
    let mut decoder = Decoder::default();
    let mut read = |data: &str| decoder.read(None, data).into_iter().map(Result::unwrap).collect::<Vec<_>>();
    for data in
        [r#"{"type":"ping"}"#, r#"{"type":"new"}"#, "odd", r#"{"type":"content_block_delta","delta":null}"#]
    {
        assert_eq!(read(data), [LlmEvent::Alive], "{data}");
    }
    for data in [
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{"}}"#,
    ] {
        assert_eq!(read(data), [LlmEvent::Working], "{data}");
    }
}
