//! Checks of single content blocks: the kinds that each role may have, their fields, their data.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::files::{IMAGE_BYTES, IMAGE_TYPES};
use super::request::{Check, Request, Version, each_block, fail, only_known};
use crate::anthropic::error::ApiError;

const USER: u8 = 1;
const ASSISTANT: u8 = 2;
const BOTH: u8 = 3;

/// A kind of block: its roles, its required fields and its optional ones.
struct BlockRule {
    name: &'static str,
    roles: u8,
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

const fn kind(
    name: &'static str,
    roles: u8,
    required: &'static [&'static str],
    optional: &'static [&'static str],
) -> BlockRule {
    BlockRule { name, roles, required, optional }
}

const RESULT: &[&str] = &["tool_use_id", "content"];
const MARKED: &[&str] = &["cache_control"];
const CALLED: &[&str] = &["cache_control", "caller"];

const KINDS: &[BlockRule] = &[
    kind("text", BOTH, &["text"], &["cache_control", "citations"]),
    kind("image", USER, &["source"], &["cache_control", "transformations"]),
    kind("document", BOTH, &["source"], &["cache_control", "citations", "context", "title"]),
    kind("search_result", USER, &["content", "source", "title"], &["cache_control", "citations"]),
    kind("container_upload", USER, &["file_id"], MARKED),
    kind("tool_result", USER, &["tool_use_id"], &["cache_control", "content", "is_error", "toolset_name"]),
    kind("tool_use", ASSISTANT, &["id", "name", "input"], &["cache_control", "caller", "toolset_name"]),
    kind("thinking", ASSISTANT, &["thinking", "signature"], &[]),
    kind("redacted_thinking", ASSISTANT, &["data"], &[]),
    kind("server_tool_use", ASSISTANT, &["id", "name", "input"], CALLED),
    kind("web_search_tool_result", ASSISTANT, RESULT, CALLED),
    kind("web_fetch_tool_result", ASSISTANT, RESULT, CALLED),
    kind("code_execution_tool_result", ASSISTANT, RESULT, MARKED),
    kind("bash_code_execution_tool_result", ASSISTANT, RESULT, MARKED),
    kind("text_editor_code_execution_tool_result", ASSISTANT, RESULT, MARKED),
    kind("tool_search_tool_result", ASSISTANT, RESULT, MARKED),
];

pub(super) fn check(request: &Request<'_>) -> Check {
    for (path, role, block) in each_block(request.body) {
        let kind = known(&path, block)?;
        let side = if role == "assistant" { ASSISTANT } else { USER };
        if kind.roles & side == 0 {
            return fail(&path, format!("`{}` blocks cannot be in {role} messages", kind.name));
        }
        if kind.name == "document" && side == ASSISTANT && request.version >= Version::V2026 {
            return fail(&path, "`document` blocks cannot be in assistant messages");
        }
        fields(&path, block, kind)?;
        match kind.name {
            "text" => text(&path, block)?,
            "image" => image(&path, &block["source"])?,
            "document" => document(&path, &block["source"])?,
            "tool_result" => result_content(&path, block)?,
            "tool_use" | "server_tool_use" if !block["input"].is_object() => {
                return fail(format!("{path}.{}.input", kind.name), "Input should be an object");
            }
            _ => {}
        }
    }
    Ok(())
}

/// Refuses empty text blocks, including those of the system prompt.
pub(super) fn text(path: &str, block: &Value) -> Check {
    match block["text"].as_str() {
        None => fail(format!("{path}.text.text"), "Input should be a valid string"),
        Some("") => fail(path, "text content blocks must be non-empty"),
        Some(text) if text.trim().is_empty() => {
            fail(path, "text content blocks must contain non-whitespace text")
        }
        Some(_) => Ok(()),
    }
}

fn known(path: &str, block: &Value) -> Result<&'static BlockRule, ApiError> {
    let name = block["type"].as_str().unwrap_or_default();
    KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        let tags = names.join("', '");
        ApiError::invalid(format!(
            "{path}: Input tag '{name}' does not match any of the expected tags: '{tags}'"
        ))
    })
}

fn fields(path: &str, block: &Value, kind: &BlockRule) -> Check {
    let path = format!("{path}.{}", kind.name);
    if let Some(missing) = kind.required.iter().find(|field| block.get(**field).is_none_or(Value::is_null)) {
        return fail(format!("{path}.{missing}"), "Field required");
    }
    let all: Vec<&str> = ["type"].iter().chain(kind.required).chain(kind.optional).copied().collect();
    only_known(&path, block, &all)
}

fn image(path: &str, source: &Value) -> Check {
    let path = format!("{path}.image.source");
    match source["type"].as_str() {
        Some("url") => non_empty(&path, source, "url"),
        Some("file") => non_empty(&path, source, "file_id"),
        Some("base64") => {
            let kind = source["media_type"].as_str().unwrap_or_default();
            if !IMAGE_TYPES.contains(&kind) {
                return fail(
                    format!("{path}.base64.media_type"),
                    format!("Input should be one of {IMAGE_TYPES:?}"),
                );
            }
            base64(&format!("{path}.base64"), &source["data"], IMAGE_BYTES)
        }
        _ => fail(format!("{path}.type"), "Input should be 'base64', 'url' or 'file'"),
    }
}

fn document(path: &str, source: &Value) -> Check {
    let path = format!("{path}.document.source");
    match source["type"].as_str() {
        Some("url") => non_empty(&path, source, "url"),
        Some("file") => non_empty(&path, source, "file_id"),
        Some("text") => non_empty(&path, source, "data"),
        Some("content") => Ok(()),
        Some("base64") if source["media_type"] == "application/pdf" => {
            base64(&format!("{path}.base64"), &source["data"], usize::MAX)
        }
        Some("base64") => fail(format!("{path}.base64.media_type"), "Input should be 'application/pdf'"),
        _ => fail(format!("{path}.type"), "Input should be 'base64', 'text', 'content', 'url' or 'file'"),
    }
}

fn non_empty(path: &str, source: &Value, field: &str) -> Check {
    if source[field].as_str().is_some_and(|value| !value.is_empty()) {
        return Ok(());
    }
    fail(format!("{path}.{field}"), "Field required")
}

fn base64(path: &str, data: &Value, most_bytes: usize) -> Check {
    let Some(data) = data.as_str().filter(|data| !data.is_empty()) else {
        return fail(format!("{path}.data"), "Field required");
    };
    let Ok(bytes) = STANDARD.decode(data) else {
        return fail(format!("{path}.data"), "invalid base64 data");
    };
    if bytes.len() > most_bytes {
        return fail(path, format!("image exceeds {most_bytes} bytes maximum"));
    }
    Ok(())
}

fn result_content(path: &str, block: &Value) -> Check {
    let path = format!("{path}.tool_result");
    if block.get("is_error").is_some_and(|flag| !flag.is_boolean() && !flag.is_null()) {
        return fail(format!("{path}.is_error"), "Input should be a valid boolean");
    }
    let parts = match block.get("content") {
        None | Some(Value::Null | Value::String(_)) => return Ok(()),
        Some(Value::Array(parts)) => parts,
        Some(_) => return fail(format!("{path}.content"), "Input should be a string or an array of blocks"),
    };
    for (at, part) in parts.iter().enumerate() {
        let path = format!("{path}.content.{at}");
        match part["type"].as_str() {
            Some("text") => text(&path, part)?,
            Some("image") => image(&path, &part["source"])?,
            Some("document") => document(&path, &part["source"])?,
            Some("search_result" | "tool_reference") => {}
            other => {
                let name = other.unwrap_or_default();
                return fail(path, format!("Input tag '{name}' is not allowed in tool results"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "table rows are literals")]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Case, accepted, refused, run, saying, with};

    fn image(source: Value) -> Value {
        saying(json!([{"type":"image","source":source}]))
    }

    fn assistant(block: Value) -> Value {
        with(json!({"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[block]},
            {"role":"user","content":"b"}]}))
    }

    pub(crate) fn cases() -> Vec<Case> {
        let text = |text: &str| saying(json!([{"type":"text","text":text}]));
        let pdf = json!({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0xLjQK"}});
        vec![
            accepted("text", text("hi")),
            accepted("png", image(json!({"type":"base64","media_type":"image/png","data":"iVBORw=="}))),
            accepted("image by id", image(json!({"type":"file","file_id":"file_png"}))),
            accepted("pdf", saying(json!([pdf]))),
            accepted("assistant document before 2026", assistant(pdf.clone())).under_2023(),
            refused("assistant document", assistant(pdf), "messages.1.content.0: `document`"),
            refused("empty text", text(""), "messages.0.content.0: text content blocks must be non-empty"),
            refused("blank text", text(" \n "), "non-whitespace"),
            refused("text without text", saying(json!([{"type":"text"}])), "content.0.text.text: Field"),
            refused("unknown kind", saying(json!([{"type":"txt","text":"a"}])), "Input tag 'txt'"),
            refused("extra key", saying(json!([{"type":"text","text":"a","b":1}])), "text.b: Extra inputs"),
            refused(
                "assistant image",
                assistant(json!({"type":"image","source":{}})),
                "cannot be in assistant",
            ),
            refused("user thinking", saying(json!([{"type":"thinking"}])), "cannot be in user"),
            refused(
                "image type",
                image(json!({"type":"base64","media_type":"image/bmp","data":"AAAA"})),
                "image.source.base64.media_type",
            ),
            refused(
                "image bytes",
                image(json!({"type":"base64","media_type":"image/png","data":"A*=="})),
                "base64",
            ),
            refused(
                "stray bits at the end of base64",
                image(json!({"type":"base64","media_type":"image/png","data":"iVBORx=="})),
                "invalid base64 data",
            ),
            refused("image source", image(json!({"type":"disk"})), "image.source.type"),
            refused("image id", image(json!({"type":"file"})), "image.source.file_id"),
            refused(
                "pdf type",
                saying(
                    json!([{"type":"document","source":{"type":"base64","media_type":"text/csv","data":"AAAA"}}]),
                ),
                "'application/pdf'",
            ),
            refused(
                "tool input text",
                assistant(json!({"type":"tool_use","id":"a","name":"b","input":"{}"})),
                "tool_use.input: Input should be an object",
            ),
            refused(
                "result part",
                saying(json!([{"type":"tool_result","tool_use_id":"a","content":[{"type":"audio"}]}])),
                "tool_result.content.0: Input tag 'audio'",
            ),
            refused(
                "result flag",
                saying(json!([{"type":"tool_result","tool_use_id":"a","is_error":"no"}])),
                "tool_result.is_error",
            ),
        ]
    }

    #[test]
    fn table() {
        run(cases());
    }
}
