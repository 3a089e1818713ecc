//! Neutral requests to the wire. Deterministic to the byte: the provider's cache and our tests rely on it.

use serde_json::{Value, json};

use super::super::files::Readable;
use super::super::request::{Block, FileBlock, LlmMessage, LlmRequest, ToolChoice};
use super::breakpoints;
use super::wire::{Message, Request};
use crate::domain::model::Effort;

/// The body of a streaming request.
pub(super) fn messages(request: &LlmRequest) -> Request<'_> {
    let mut body = prompt(request);
    body.max_tokens = Some(request.max_tokens);
    body.stream = Some(true);
    let marks = breakpoints::place(request);
    if let Some(block) = marks.system.and_then(|index| body.system.get_mut(index)) {
        block["cache_control"] = json!({"type": "ephemeral", "ttl": "1h"});
    }
    for index in marks.messages {
        mark(&mut body.messages[index]);
    }
    body
}

/// The body of a request that only counts.
pub(super) fn count(request: &LlmRequest) -> Request<'_> {
    prompt(request)
}

fn prompt(request: &LlmRequest) -> Request<'_> {
    Request {
        model: &request.model.id.0,
        max_tokens: None,
        stream: None,
        // Without `display` the newer models think in silence, and the person sees nothing for a long time.
        thinking: request
            .model
            .adaptive_thinking
            .then(|| json!({"type": "adaptive", "display": "summarized"})),
        output_config: effort(request).map(|effort| json!({"effort": effort})),
        tools: request.tools.iter().map(tool).collect(),
        // May be given only together with tools.
        tool_choice: (request.tool_choice == ToolChoice::None && !request.tools.is_empty())
            .then(|| json!({"type": "none"})),
        system: request.system.iter().map(|text| json!({"type": "text", "text": text})).collect(),
        messages: request.messages.iter().map(message).collect(),
    }
}

fn effort(request: &LlmRequest) -> Option<&'static str> {
    let effort = request.effort.filter(|effort| request.model.efforts.contains(effort))?;
    Some(match effort {
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::Xhigh => "xhigh",
        Effort::Max => "max",
    })
}

fn tool(tool: &super::super::request::ToolSpec) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": *tool.schema})
}

fn message(message: &LlmMessage) -> Message {
    Message { role: message.role.name(), content: message.blocks.iter().map(block).collect() }
}

fn block(block: &Block) -> Value {
    match block {
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::ToolResult { call, content, is_error } => {
            json!({"type": "tool_result", "tool_use_id": call, "content": content, "is_error": is_error})
        }
        Block::File(FileBlock { id, readable, name, .. }) => {
            let source = json!({"type": "file", "file_id": id});
            match readable {
                Readable::Image => json!({"type": "image", "source": source}),
                Readable::Pdf | Readable::Text => {
                    json!({"type": "document", "source": source, "title": name})
                }
            }
        }
        Block::Own(value) => value.clone(),
    }
}

/// Marks the last block that may carry a mark; thinking blocks may not.
fn mark(message: &mut Message) {
    let markable =
        |block: &&mut Value| !matches!(block["type"].as_str(), Some("thinking" | "redacted_thinking"));
    if let Some(block) = message.content.iter_mut().rev().find(markable) {
        block["cache_control"] = json!({"type": "ephemeral"});
    }
}
