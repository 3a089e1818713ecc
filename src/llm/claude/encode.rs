//! Converts neutral requests to the wire. Deterministic to the byte: the provider's cache and our tests rely
//! on it.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::super::files::Readable;
use super::super::message::{self, FileBlock, InlineFile, LlmMessage, ToolImage};
use super::super::request::{self, LlmRequest, ServerTool, ToolSpec, WebLimits};
use super::breakpoints;
use super::wire::{
    Block, CacheControl, Citations, Content, ContentSource, Message, OutputConfig, Request, ResultContent,
    Thinking, Tool, ToolChoice,
};
use crate::domain::model::Effort;

/// Returns the body of a streaming request.
pub(super) fn messages(request: &LlmRequest) -> Request<'_> {
    let mut body = prompt(request);
    body.max_tokens = Some(request.max_tokens);
    body.stream = Some(true);
    let marks = breakpoints::place(request);
    if let Some(block) = marks.system.and_then(|index| body.system.get_mut(index)) {
        block.cache_control = Some(CacheControl::Ephemeral { ttl: Some("1h") });
    }
    for index in marks.messages {
        mark(&mut body.messages[index]);
    }
    body
}

/// Returns the body of a request that only counts tokens.
pub(super) fn count(request: &LlmRequest) -> Request<'_> {
    prompt(request)
}

fn prompt(request: &LlmRequest) -> Request<'_> {
    let tools: Vec<Tool<'_>> =
        request.tools.iter().map(tool).chain(request.server_tools.iter().map(server_tool)).collect();
    Request {
        model: &request.model.id.0,
        max_tokens: None,
        stream: None,
        // Without `display` the newer models do not stream their thinking, and nothing is shown for a long
        // time.
        thinking: request.model.adaptive_thinking.then_some(Thinking::Adaptive { display: "summarized" }),
        output_config: effort(request).map(|effort| OutputConfig { effort }),
        // Allowed only together with tools.
        tool_choice: (request.tool_choice == request::ToolChoice::None && !tools.is_empty())
            .then_some(ToolChoice::None),
        tools,
        system: request.system.iter().map(|text| unmarked(Content::Text { text })).collect(),
        messages: request.messages.iter().map(message).collect(),
    }
}

fn effort(request: &LlmRequest) -> Option<&'static str> {
    request.effort.filter(|effort| request.model.efforts.contains(effort)).map(Effort::name)
}

fn tool(tool: &ToolSpec) -> Tool<'_> {
    Tool::Custom { name: tool.name, description: tool.description, input_schema: &tool.schema }
}

fn server_tool(tool: &ServerTool) -> Tool<'_> {
    let (kind, name, limits, page) = match tool {
        ServerTool::WebSearch(limits) => ("web_search_20260318", "web_search", limits, None),
        ServerTool::WebFetch { limits, content_tokens, citations } => {
            ("web_fetch_20260318", "web_fetch", limits, Some((*content_tokens, *citations)))
        }
    };
    let WebLimits { uses, blocked_domains } = limits;
    Tool::Server {
        kind,
        name,
        max_uses: *uses,
        blocked_domains,
        allowed_callers: ["direct"],
        max_content_tokens: page.map(|(tokens, _)| tokens),
        citations: page.map(|(_, enabled)| Citations { enabled }),
    }
}

fn message(message: &LlmMessage) -> Message<'_> {
    Message { role: message.role.name(), content: message.blocks.iter().map(block).collect() }
}

fn block(block: &message::Block) -> Block<'_> {
    unmarked(match block {
        message::Block::Text(text) => Content::Text { text },
        message::Block::ToolCall { call, tool, input } => Content::ToolUse { id: call, name: tool, input },
        message::Block::ToolResult { call, content, images, is_error } => Content::ToolResult {
            tool_use_id: call,
            content: result_content(content, images),
            is_error: *is_error,
        },
        message::Block::File(FileBlock { id, readable, name, .. }) => {
            let source = ContentSource::File { file_id: id };
            match readable {
                Readable::Image => Content::Image { source },
                Readable::Pdf | Readable::Text => Content::Document { source, title: name },
            }
        }
        message::Block::Inline(InlineFile::Image(picture)) => image(picture),
        message::Block::Inline(InlineFile::Pdf { name, bytes, .. }) => {
            Content::Document { source: inline("application/pdf", bytes), title: name }
        }
        message::Block::Own(value) => Content::Own(value),
    })
}

fn result_content<'a>(text: &'a str, images: &'a [ToolImage]) -> ResultContent<'a> {
    if images.is_empty() {
        return ResultContent::Text(text);
    }
    let text = std::iter::once(Content::Text { text });
    ResultContent::Blocks(text.chain(images.iter().map(image)).collect())
}

fn image(ToolImage { mime, bytes }: &ToolImage) -> Content<'_> {
    Content::Image { source: inline(mime, bytes) }
}

fn inline<'a>(media_type: &'a str, bytes: &[u8]) -> ContentSource<'a> {
    ContentSource::Base64 { media_type, data: BASE64_STANDARD.encode(bytes) }
}

fn unmarked(content: Content<'_>) -> Block<'_> {
    Block { content, cache_control: None }
}

/// Marks the last block that may have a mark; thinking blocks may not. After a file that is sent with the
/// request stands a question that is asked once, so the file is marked: the next question about it reads it
/// from the cache.
fn mark(message: &mut Message<'_>) {
    let markable = |block: &Block<'_>| match block.content {
        Content::Own(value) => !matches!(value["type"].as_str(), Some("thinking" | "redacted_thinking")),
        _ => true,
    };
    let blocks = &mut message.content;
    let place = blocks.iter().rposition(is_inline).or_else(|| blocks.iter().rposition(markable));
    if let Some(block) = place.and_then(|place| blocks.get_mut(place)) {
        block.cache_control = Some(CacheControl::Ephemeral { ttl: None });
    }
}

fn is_inline(block: &Block<'_>) -> bool {
    matches!(
        block.content,
        Content::Image { source: ContentSource::Base64 { .. } }
            | Content::Document { source: ContentSource::Base64 { .. }, .. }
    )
}
