//! The Messages API on the wire: what is sent and what comes. Nothing outside this folder sees these types.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body of `POST /v1/messages`. Field order is the order of the bytes; everything long is borrowed.
#[derive(Serialize, Debug)]
pub(super) struct Request<'a> {
    pub(super) model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output_config: Option<OutputConfig>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tool_choice: Option<ToolChoice>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) system: Vec<Block<'a>>,
    pub(super) messages: Vec<Message<'a>>,
}

/// How the model thinks.
#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thinking {
    Adaptive { display: &'static str },
}

#[derive(Serialize, Debug)]
pub(super) struct OutputConfig {
    pub(super) effort: &'static str,
}

#[derive(Serialize, Debug)]
pub(super) struct Tool<'a> {
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    pub(super) input_schema: &'a Value,
}

#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToolChoice {
    None,
}

/// One message of a request.
#[derive(Serialize, Debug)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: Vec<Block<'a>>,
}

/// A block, and whether the prompt up to its end shall be cached.
#[derive(Serialize, Debug)]
pub(super) struct Block<'a> {
    #[serde(flatten)]
    pub(super) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<CacheControl>,
}

#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Content<'a> {
    Text {
        text: &'a str,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: &'a str,
        is_error: bool,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        title: &'a str,
    },
    /// An object that goes back exactly as it came.
    #[serde(untagged)]
    Own(&'a Value),
}

#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    File { file_id: &'a str },
}

/// A mark of the prompt cache; without `ttl` it holds for five minutes.
#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum CacheControl {
    Ephemeral {
        #[serde(skip_serializing_if = "Option::is_none")]
        ttl: Option<&'static str>,
    },
}

/// The answer to `POST /v1/messages/count_tokens`.
#[derive(Deserialize, Debug)]
pub(super) struct Counted {
    pub(super) input_tokens: u64,
}

/// The answer to `POST /v1/files`.
#[derive(Deserialize, Debug)]
pub(super) struct Stored {
    pub(super) id: String,
}

/// The body of an error.
#[derive(Deserialize, Debug)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorDetail,
}

#[derive(Deserialize, Debug)]
pub(super) struct ErrorDetail {
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) message: String,
}

/// One event of a stream. Kinds that this version does not know are `Other`.
#[derive(Deserialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    MessageStart {
        message: Started,
    },
    ContentBlockStart {
        index: usize,
        content_block: Value,
    },
    ContentBlockDelta {
        index: usize,
        delta: Delta,
    },
    ContentBlockStop {
        index: usize,
    },
    MessageDelta {
        delta: Ending,
        #[serde(default)]
        usage: Usage,
    },
    MessageStop,
    Error {
        error: ErrorDetail,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize, Debug)]
pub(super) struct Started {
    #[serde(default)]
    pub(super) usage: Usage,
}

#[derive(Deserialize, Debug)]
#[serde(tag = "type")]
pub(super) enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: String },
    #[serde(rename = "citations_delta")]
    Citations { citation: Value },
    #[serde(other)]
    Other,
}

#[derive(Deserialize, Debug, Default)]
pub(super) struct Ending {
    #[serde(default)]
    pub(super) stop_reason: Option<String>,
}

/// Token counts; later events send only what changed, so every field may be missing.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Usage {
    pub(super) input_tokens: Option<u64>,
    pub(super) cache_creation_input_tokens: Option<u64>,
    pub(super) cache_read_input_tokens: Option<u64>,
    pub(super) cache_creation: Option<CacheCreation>,
    pub(super) output_tokens: Option<u64>,
    pub(super) output_tokens_details: Option<OutputDetails>,
    pub(super) server_tool_use: Option<ServerTools>,
}

#[derive(Deserialize, Debug)]
pub(super) struct CacheCreation {
    #[serde(default)]
    pub(super) ephemeral_5m_input_tokens: u64,
    #[serde(default)]
    pub(super) ephemeral_1h_input_tokens: u64,
}

#[derive(Deserialize, Debug)]
pub(super) struct OutputDetails {
    #[serde(default)]
    pub(super) thinking_tokens: u64,
}

#[derive(Deserialize, Debug)]
pub(super) struct ServerTools {
    #[serde(default)]
    pub(super) web_search_requests: u64,
}
