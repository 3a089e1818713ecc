//! Reads blocks of tools that the provider runs itself (web search and fetch), and citations. Any field may
//! be missing or have an unexpected type. Encrypted content is never read, only sent back with its block.

use serde_json::{Map, Value};

use super::super::event::{ServerCall, ServerResult};
use crate::domain::citations::{Citation, Source, host, one_line};

/// The longest description of what a tool works on, in code points.
const SUBJECT_CHARS: usize = 60;
/// The end of the name of every block that is a result.
const RESULT: &str = "_tool_result";

type Fields = Map<String, Value>;

/// Reads a call. Returns `None` if it has no id, so no result can refer to it.
pub(super) fn call(block: &Fields) -> Option<ServerCall> {
    let id = text(block.get("id"));
    let input = block.get("input").cloned().unwrap_or_default();
    let (query, url) = (input["query"].as_str(), input["url"].as_str());
    let subject = query.or_else(|| url.and_then(host)).map(|subject| one_line(subject, SUBJECT_CHARS));
    let subject = subject.filter(|subject| !subject.is_empty());
    (!id.is_empty()).then(|| ServerCall { id, name: text(block.get("name")), input, subject })
}

/// Reads a result of any tool. Returns `None` if the block is none.
pub(super) fn result(block: &Fields) -> Option<ServerResult> {
    let kind = block.get("type")?.as_str()?.strip_suffix(RESULT)?;
    let content = block.get("content").unwrap_or(&Value::Null);
    let is_error = |kind: &str| kind.ends_with("_error");
    let failed = content.get("error_code").is_some() || content["type"].as_str().is_some_and(is_error);
    Some(ServerResult {
        call: text(block.get("tool_use_id")),
        failed,
        search: kind == "web_search",
        bytes: content.to_string().len() as u64,
        page: (!failed && kind == "web_fetch").then(|| page(content)),
    })
}

/// Reads the page of a fetch.
fn page(content: &Value) -> Source {
    Source { url: text(content.get("url")), title: text(content["content"].get("title")) }
}

/// Reads a citation. Returns `None` if it names neither an address nor a document.
pub(super) fn citation(citation: &Value) -> Option<Citation> {
    let (url, title) = (text(citation.get("url")), text(citation.get("title")));
    if !url.is_empty() {
        return Some(Citation::Page(Source { url, title }));
    }
    let index = citation["document_index"].as_u64().and_then(|index| usize::try_from(index).ok());
    let title = text(citation.get("document_title"));
    (index.is_some() || !title.is_empty()).then_some(Citation::Document { index, title })
}

/// Reads a string, without the NUL that PostgreSQL cannot store.
fn text(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().replace('\0', "")
}

#[cfg(test)]
mod tests {
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
            let block =
                json!({"type": format!("{kind}_tool_result"), "tool_use_id": "a", "content": content});
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
            (
                json!({"url": "https://a.b", "title": "A\u{0}"}),
                Some(Citation::Page(source("https://a.b", "A"))),
            ),
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
}
