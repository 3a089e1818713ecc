//! Tools that the provider runs itself, on the wire: their definitions, their streams, and what is sent back.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::event::{LlmEvent, Reported, ServerCall, ServerResult, StopReason};
use super::super::message::{Block, LlmMessage};
use super::super::request::{ServerTool, ToolChoice, WebLimits};
use super::encode;
use super::tests::{decode, request};
use crate::domain::citations::{Citation, Source};
use crate::domain::message::Role;
use crate::domain::usage::Usage;

fn web(blocked: &[&str]) -> Arc<[ServerTool]> {
    let blocked_domains = blocked.iter().map(|&domain| domain.to_owned()).collect();
    let limits = WebLimits { uses: 3, blocked_domains };
    let fetch = ServerTool::WebFetch { limits: limits.clone(), content_tokens: 900, citations: true };
    Arc::from([ServerTool::WebSearch(limits), fetch])
}

#[test]
fn definitions_stand_behind_our_own_tools_with_their_limits() {
    let mut request = request(1);
    request.server_tools = web(&["a.example"]);
    let direct = json!(["direct"]);
    let body = serde_json::to_value(encode::messages(&request)).unwrap();
    assert_eq!(
        body["tools"],
        json!([
            {"type": "web_search_20260318", "name": "web_search", "max_uses": 3, "blocked_domains": ["a.example"],
             "allowed_callers": direct},
            {"type": "web_fetch_20260318", "name": "web_fetch", "max_uses": 3, "blocked_domains": ["a.example"],
             "allowed_callers": direct, "max_content_tokens": 900, "citations": {"enabled": true}},
        ])
    );
    request.server_tools = web(&[]);
    request.tool_choice = ToolChoice::None;
    let body = serde_json::to_value(encode::messages(&request)).unwrap();
    assert!(body["tools"][0].get("blocked_domains").is_none(), "{body}");
    assert_eq!(body["tool_choice"]["type"], "none");
}

fn start(index: u32, block: &Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u32, delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stop(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

#[test]
fn a_search_with_citations_is_read_and_its_blocks_stay_as_they_are() {
    let result = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "caller": {"type": "direct"},
        "content": [{"type": "web_search_result", "url": "https://a.example/", "title": "A",
                     "encrypted_content": "c2VjcmV0", "page_age": null, "of_tomorrow": 1}]});
    let citation = json!({"type": "web_search_result_location", "url": "https://a.example/", "title": "A",
        "encrypted_index": "aW5kZXg=", "cited_text": "It is 4."});
    let call = json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {},
        "caller": {"type": "direct"}});
    let events = decode(&[
        start(0, &call),
        delta(0, &json!({"type": "input_json_delta", "partial_json": ""})),
        delta(0, &json!({"type": "input_json_delta", "partial_json": "{\"query\": \"two and"})),
        delta(0, &json!({"type": "input_json_delta", "partial_json": " two\"}"})),
        stop(0),
        start(1, &result),
        stop(1),
        start(2, &json!({"type": "text", "text": "", "citations": []})),
        delta(2, &json!({"type": "citations_delta", "citation": citation})),
        delta(2, &json!({"type": "text_delta", "text": "It is 4"})),
        stop(2),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage":
            {"output_tokens": 9, "server_tool_use": {"web_search_requests": 1}}}),
        json!({"type": "message_stop"}),
    ]);
    let input = json!({"query": "two and two"});
    let mut called = call;
    called["input"] = input.clone();
    let usage = Usage { output: 9, web_searches: 1, ..Usage::default() };
    let page = Source { url: "https://a.example/".into(), title: "A".into() };
    let expected = [
        LlmEvent::Block(called),
        LlmEvent::ServerCall(ServerCall {
            id: "srvtoolu_1".into(),
            name: "web_search".into(),
            input,
            subject: Some("two and two".into()),
        }),
        LlmEvent::Block(result.clone()),
        LlmEvent::ServerResult(ServerResult {
            call: "srvtoolu_1".into(),
            failed: false,
            search: true,
            bytes: result["content"].to_string().len() as u64,
            page: None,
        }),
        LlmEvent::Text("It is 4".into()),
        LlmEvent::Block(json!({"type": "text", "text": "It is 4", "citations": [citation]})),
        LlmEvent::Cited(vec![Citation::Page(page)]),
        LlmEvent::Usage(Reported { usage, prompt: false, output: true }),
        LlmEvent::Ending(StopReason::EndTurn),
        LlmEvent::Stop(StopReason::EndTurn),
    ];
    assert_eq!(events, expected);
}

#[test]
fn the_input_of_a_call_is_sent_back_as_an_object_whatever_came() {
    for (given, pieces, input) in [
        (json!({}), "", json!({})),
        (json!({}), "{\"query\": \"cut", json!({})),
        (json!(null), "[1]", json!({})),
        (json!({"query": "whole"}), "", json!({"query": "whole"})),
    ] {
        let block = json!({"type": "server_tool_use", "id": "a", "name": "web_search", "input": given});
        let piece = json!({"type": "input_json_delta", "partial_json": pieces});
        let events = decode(&[start(0, &block), delta(0, &piece), stop(0)]);
        let LlmEvent::Block(sent) = &events[0] else { panic!("{events:?}") };
        assert_eq!(sent["input"], input, "{pieces}");
    }
}

#[test]
fn before_the_last_word_no_call_of_the_providers_tools_is_open() {
    let kind = |kind: &str, id: &str| json!({"type": kind, "id": id});
    let result = json!({"type": "web_search_tool_result", "tool_use_id": "a"});
    let (open, done) = (kind("server_tool_use", "b"), kind("server_tool_use", "a"));
    let (text, thinking, own) = (kind("text", ""), kind("thinking", ""), kind("tool_use", "c"));
    for (blocks, left) in [
        (vec![&text, &done, &result, &text, &open], Some(vec![&text, &done, &result, &text])),
        (vec![&text, &thinking, &open], Some(vec![&text])),
        (vec![&open, &thinking, &own], Some(vec![&own])),
        (vec![&thinking, &done, &result], Some(vec![&thinking, &done, &result])),
        (vec![&thinking, &open], None),
    ] {
        let mut request = request(1);
        request.messages.push(LlmMessage::assistant(blocks.iter().map(|&block| block.clone()).collect()));
        request.ask_for_the_end("Finish now.");
        let last = request.messages.last().unwrap();
        assert_eq!((last.role, last.blocks.last()), (Role::User, Some(&Block::Text("Finish now.".into()))));
        let kept = request.messages.get(1).filter(|message| message.role == Role::Assistant);
        let left = left.map(|left| LlmMessage::assistant(left.into_iter().cloned().collect()));
        assert_eq!(kept, left.as_ref(), "{blocks:?}");
    }
}
