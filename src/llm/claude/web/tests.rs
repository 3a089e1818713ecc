//! Calls, results and citations of the provider's tools, as JSON.

use serde_json::json;

use super::*;

fn fields(value: Value) -> Fields {
    let Value::Object(fields) = value else { panic!("no object: {value}") };
    fields
}

#[test]
fn calls_say_what_they_work_on() {
    for (block, subject) in [
        (json!({"id": "a", "name": "web_search", "input": {"query": " two\nlines "}}), Some("two lines")),
        (
            json!({"id": "a", "name": "web_fetch", "input": {"url": "https://www.a.example/b"}}),
            Some("a.example"),
        ),
        (json!({"id": "a", "name": "web_fetch", "input": {"url": "no address"}}), None),
        (json!({"id": "a", "name": "web_search", "input": {"query": " "}}), None),
        (json!({"id": "a", "name": "of_tomorrow", "input": 7}), None),
        (json!({"id": "a"}), None),
    ] {
        let call = call(&fields(block.clone())).unwrap();
        assert_eq!(call.subject.as_deref(), subject, "{block}");
    }
    assert_eq!(call(&fields(json!({"name": "web_search", "input": {}}))), None);
    let long = json!({"id": "a", "input": {"query": "x".repeat(500)}});
    assert_eq!(call(&fields(long)).unwrap().subject.unwrap().chars().count(), SUBJECT_CHARS);
}

#[test]
fn results_of_any_tool_end_their_call() {
    let error = json!({"type": "web_search_tool_result_error", "error_code": "unavailable"});
    let fetched = json!({"type": "web_fetch_result", "url": "https://a.example/",
                         "content": {"type": "document", "title": "A"}});
    let page = Source { url: "https://a.example/".to_owned(), title: "A".to_owned() };
    for (kind, content, failed, search, found) in [
        ("web_search", json!([{"type": "web_search_result"}]), false, true, None),
        ("web_search", json!([]), false, true, None),
        ("web_search", error, true, true, None),
        ("web_search", Value::Null, false, true, None),
        ("web_fetch", fetched, false, false, Some(page)),
        ("web_fetch", json!({"error_code": "url_not_allowed"}), true, false, None),
        ("web_fetch", json!("odd"), false, false, Some(Source::default())),
        ("of_tomorrow", json!({"type": "of_tomorrow_error"}), true, false, None),
    ] {
        let block = json!({"type": format!("{kind}_tool_result"), "tool_use_id": "a", "content": content});
        let read = result(&fields(block.clone())).unwrap();
        assert_eq!(
            (read.call.as_str(), read.failed, read.search, read.page),
            ("a", failed, search, found),
            "{block}"
        );
    }
    for block in [json!({"type": "text"}), json!({}), json!({"type": 7})] {
        assert_eq!(result(&fields(block)), None);
    }
}

#[test]
fn citations_name_a_page_or_a_document() {
    let source = |url: &str, title: &str| Source { url: url.to_owned(), title: title.to_owned() };
    for (given, read) in [
        (json!({"url": "https://a.b", "title": "A\u{0}"}), Some(Citation::Page(source("https://a.b", "A")))),
        (json!({"url": "https://a.b", "title": null}), Some(Citation::Page(source("https://a.b", "")))),
        (
            json!({"type": "char_location", "document_index": 1, "document_title": "B"}),
            Some(Citation::Document { index: Some(1), title: "B".to_owned() }),
        ),
        (json!({"document_title": null, "document_index": "x"}), None),
        (json!("odd"), None),
    ] {
        assert_eq!(citation(&given), read, "{given}");
    }
}
