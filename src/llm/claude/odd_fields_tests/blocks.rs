//! Blocks of text and tool calls that lack their beginning, end, place or name, and characters in two halves.

use serde_json::{Value, json};

use crate::llm::claude::decode::Decoder;
use crate::llm::claude::tests::decode;
use crate::llm::event::{LlmEvent, ToolCall};

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
