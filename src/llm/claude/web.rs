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
mod tests;
