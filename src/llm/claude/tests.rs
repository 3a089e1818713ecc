//! Encoding and decoding without a network: streams as lists of literals, requests as JSON.

use serde_json::{Value, json};

use super::super::event::{LlmEvent, Reported, StopReason, ToolCall};
use super::super::files::Readable;
use super::super::message::{Block, FileBlock, InlineFile, LlmMessage, ToolImage};
use super::super::registry::Registry;
use super::super::request::{ToolChoice, ToolSpec};
use super::*;
use crate::domain::message::Role;
use crate::domain::model::Effort;
use crate::domain::usage::Usage;

/// Returns a request with this number of short messages, the user's first.
pub(super) fn request(messages: usize) -> LlmRequest {
    let role = |index: usize| if index.is_multiple_of(2) { Role::User } else { Role::Assistant };
    let message =
        |index| LlmMessage { role: role(index), blocks: vec![Block::Text(format!("message {index}"))] };
    LlmRequest {
        model: Registry::load(None).unwrap().default_model().clone(),
        effort: Some(Effort::Low),
        max_tokens: 1_000,
        system: vec!["be kind".into()],
        tools: [].into(),
        server_tools: [].into(),
        tool_choice: ToolChoice::Auto,
        messages: (0..messages).map(message).collect(),
        stable: messages,
    }
}

pub(super) fn decode(events: &[Value]) -> Vec<LlmEvent> {
    let mut decoder = Decoder::default();
    events
        .iter()
        .flat_map(|event| decoder.read(None, &event.to_string()))
        .map(Result::unwrap)
        .filter(|event| !matches!(event, LlmEvent::Alive | LlmEvent::Working))
        .collect()
}

#[test]
fn a_request_is_what_the_api_expects() {
    let mut request = request(3);
    request.stable = 2;
    request.tools =
        [ToolSpec { name: "note", description: "Takes a note", schema: json!({"type": "object"}) }].into();
    let body = serde_json::to_value(encode::messages(&request)).unwrap();
    let five_minutes = json!({"type": "ephemeral"});
    assert_eq!(
        body,
        json!({
            "model": "claude-sonnet-5-5", "max_tokens": 1000, "stream": true,
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "low"},
            "tools": [{"name": "note", "description": "Takes a note", "input_schema": {"type": "object"}}],
            "system": [{"type": "text", "text": "be kind", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "message 0"}]},
                {"role": "assistant", "content":
                    [{"type": "text", "text": "message 1", "cache_control": five_minutes}]},
                {"role": "user", "content": [{"type": "text", "text": "message 2", "cache_control": five_minutes}]},
            ],
        })
    );
}

fn shown(id: &str, readable: Readable) -> Block {
    let (name, instead) = (format!("{id}.x"), format!("[{id}]"));
    Block::File(FileBlock { id: id.to_owned(), readable, name, size: 30, instead })
}

/// The question that follows is asked once, the file may be asked about again.
#[test]
fn a_file_in_the_request_is_marked_instead_of_the_question_after_it() {
    let mut request = request(1);
    let picture = InlineFile::Image(ToolImage { mime: "image/png", bytes: vec![0, 1, 2].into() });
    let pdf = InlineFile::Pdf { name: "document.pdf".into(), pages: 2, bytes: b"%PDF-"[..].into() };
    let mark = json!({"type": "ephemeral"});
    for (file, shown) in [
        (
            picture,
            json!({"type": "image", "cache_control": mark,
                "source": {"type": "base64", "media_type": "image/png", "data": "AAEC"}}),
        ),
        (
            pdf,
            json!({"type": "document", "title": "document.pdf", "cache_control": mark,
                "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}}),
        ),
    ] {
        request.messages[0].blocks = vec![Block::Inline(file), Block::Text("What is it?".into())];
        let body = serde_json::to_value(encode::messages(&request)).unwrap();
        let question = json!({"type": "text", "text": "What is it?"});
        assert_eq!(body["messages"][0]["content"], json!([shown, question]));
    }
}

#[test]
fn files_are_named_by_id_and_marked_like_other_blocks() {
    let mut request = request(1);
    let files =
        [shown("file_1", Readable::Pdf), shown("file_2", Readable::Text), shown("file_3", Readable::Image)];
    request.messages[0].blocks = files.to_vec();
    let source = |id: &str| json!({"type": "file", "file_id": id});
    let body = serde_json::to_value(encode::messages(&request)).unwrap();
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"type": "document", "source": source("file_1"), "title": "file_1.x"},
            {"type": "document", "source": source("file_2"), "title": "file_2.x"},
            {"type": "image", "source": source("file_3"), "cache_control": {"type": "ephemeral"}},
        ])
    );
    let bytes = |request: &LlmRequest| serde_json::to_string(&encode::messages(request)).unwrap();
    assert_eq!(bytes(&request), bytes(&request.clone()));
    assert_eq!(request.bytes(), 7 + 3 * 8 + 2 * 3_000 + 30 + 2 * 4_784);
    let lost = ["file_2".to_owned()];
    assert!(request.lose_files(&lost) && !request.lose_files(&lost));
    assert_eq!(request.messages[0].blocks[1], Block::Text("[file_2]".to_owned()));
    assert_eq!(request.files().map(|file| file.id.as_str()).collect::<Vec<_>>(), ["file_1", "file_3"]);
}

#[test]
fn a_longer_conversation_begins_with_the_bytes_of_the_shorter_one() {
    let bytes = |request: &LlmRequest| {
        let mut body = serde_json::to_value(encode::messages(request)).unwrap();
        for message in body["messages"].as_array_mut().unwrap() {
            for block in message["content"].as_array_mut().unwrap() {
                block.as_object_mut().unwrap().remove("cache_control");
            }
        }
        serde_json::to_string(&body["messages"]).unwrap()
    };
    let shorter = bytes(&request(3));
    let open = shorter.strip_suffix(']').unwrap();
    assert!(bytes(&request(5)).starts_with(open));
}

#[test]
fn a_stream_with_everything_is_read_block_by_block() {
    let events = decode(&[
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 412, "output_tokens": 3,
            "cache_creation_input_tokens": 30, "cache_read_input_tokens": 5120,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Look."}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "something_new", "index": 9}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_start", "index": 2, "content_block":
            {"type": "tool_use", "id": "toolu_1", "name": "note", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta":
            {"type": "input_json_delta", "partial_json": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hello"}}),
        json!({"type": "content_block_delta", "index": 2, "delta":
            {"type": "input_json_delta", "partial_json": "{\"text\":"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "new_delta", "text": "x"}}),
        json!({"type": "content_block_delta", "index": 2, "delta":
            {"type": "input_json_delta", "partial_json": "\"a\"}"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage":
            {"output_tokens": 61, "output_tokens_details": {"thinking_tokens": 7}}}),
        json!({"type": "message_stop"}),
    ]);
    let started = Usage {
        input: 412,
        cache_write_5m: 10,
        cache_write_1h: 20,
        cache_read: 5120,
        output: 3,
        ..Usage::default()
    };
    let call = ToolCall { id: "toolu_1".into(), name: "note".into(), input: Ok(json!({"text": "a"})) };
    assert_eq!(
        events,
        [
            LlmEvent::Usage(Reported { usage: started, prompt: true, output: false }),
            LlmEvent::Thinking("Look.".into()),
            LlmEvent::Block(json!({"type": "thinking", "thinking": "Look.", "signature": "c2ln"})),
            LlmEvent::Text("Hello".into()),
            LlmEvent::Block(json!({"type": "text", "text": "Hello"})),
            LlmEvent::Block(
                json!({"type": "tool_use", "id": "toolu_1", "name": "note", "input": {"text": "a"}})
            ),
            LlmEvent::ToolCall(call),
            LlmEvent::Usage(Reported {
                usage: Usage { output: 61, thinking: 7, ..started },
                prompt: true,
                output: true,
            }),
            LlmEvent::Ending(StopReason::ToolUse),
            LlmEvent::Stop(StopReason::ToolUse),
        ]
    );
}

#[test]
fn arguments_that_are_missing_or_broken_do_not_break_the_stream() {
    for (json_parts, expected) in [(vec![], Ok(json!({}))), (vec!["{\"a\":"], Err(()))] {
        let mut events = vec![json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": {}}})];
        events.extend(json_parts.iter().map(|part| {
            json!({"type": "content_block_delta", "index": 0,
                   "delta": {"type": "input_json_delta", "partial_json": part}})
        }));
        events.push(json!({"type": "content_block_stop", "index": 0}));
        let call = decode(&events).into_iter().find_map(|event| match event {
            LlmEvent::ToolCall(call) => Some(call.input.map_err(drop)),
            _ => None,
        });
        assert_eq!(call, Some(expected));
    }
}

#[test]
fn nul_is_dropped_from_everything_but_signed_thoughts() {
    let events = decode(&[
        json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "thinking", "thinking": "\0", "signature": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "a\0b"}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "\0c"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "\0"}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "d\0"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "content_block_start", "index": 2, "content_block":
            {"type": "tool_use", "id": "t\0", "name": "n\0", "input": {}}}),
        json!({"type": "content_block_delta", "index": 2, "delta":
            {"type": "input_json_delta", "partial_json": "{\"\\u0000k\": [\"v\\u0000\"]}"}}),
        json!({"type": "content_block_stop", "index": 2}),
        json!({"type": "message_delta", "delta": {"stop_reason": "new\0"}}),
        json!({"type": "message_stop"}),
    ]);
    let input = json!({"k": ["v"]});
    let expected = [
        LlmEvent::Thinking("ab".into()),
        LlmEvent::Block(json!({"type": "thinking", "thinking": "\0a\0b", "signature": ""})),
        LlmEvent::Text("c".into()),
        LlmEvent::Text("d".into()),
        LlmEvent::Block(json!({"type": "text", "text": "cd"})),
        LlmEvent::Block(json!({"type": "tool_use", "id": "t", "name": "n", "input": input})),
        LlmEvent::ToolCall(ToolCall { id: "t".into(), name: "n".into(), input: Ok(input) }),
        LlmEvent::Usage(Reported::default()),
        LlmEvent::Ending(StopReason::Other("new".into())),
        LlmEvent::Stop(StopReason::Other("new".into())),
    ];
    assert_eq!(events, expected);
}

#[test]
fn an_error_inside_the_stream_is_an_error() {
    let mut decoder = Decoder::default();
    let event = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let read = decoder.read(None, &event.to_string());
    assert!(matches!(read[..], [Err(LlmError::Overloaded(_))]));
    for unread in ["not json", "{}", r#"{"type":"ping"}"#, r#"{"type":"content_block_stop"}"#] {
        assert!(matches!(decoder.read(None, unread)[..], [Ok(LlmEvent::Alive)]), "{unread}");
    }
}

#[test]
fn a_result_with_pictures_is_text_and_then_the_pictures() {
    let mut request = request(1);
    let result = |images| Block::ToolResult {
        call: "toolu_1".to_owned(),
        content: "{}".to_owned(),
        images,
        is_error: false,
    };
    let image = ToolImage { mime: "image/png", bytes: vec![1, 2, 3, 4].into() };
    request.messages[0].blocks = vec![result(Vec::new()), result(vec![image])];
    request.stable = 0;
    let body = serde_json::to_value(encode::messages(&request)).unwrap();
    let content = &body["messages"][0]["content"];
    assert_eq!(content[0]["content"], "{}");
    assert_eq!(
        content[1]["content"],
        json!([
            {"type": "text", "text": "{}"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AQIDBA=="}},
        ])
    );
}
