//! The Messages API on the wire: what is sent and what comes. Nothing outside this folder sees these types.

use std::borrow::Cow;

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
#[derive(Debug)]
pub(super) enum Event {
    MessageStart(MessageStart),
    ContentBlockStart(BlockStart),
    ContentBlockDelta(BlockDelta),
    ContentBlockStop(BlockStop),
    MessageDelta(MessageDelta),
    MessageStop,
    Error(ErrorBody),
    Other,
}

impl Event {
    /// Reads the data of one event. Its kind is looked for first: an enum with a tag is read by way of a copy of all its
    /// fields, and there is an event for every word.
    pub(super) fn read(data: &str) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(rename = "type", borrow)]
            name: Cow<'a, str>,
        }
        let kind: Kind<'_> = serde_json::from_str(data)?;
        Ok(match &*kind.name {
            "message_start" => Self::MessageStart(serde_json::from_str(data)?),
            "content_block_start" => Self::ContentBlockStart(serde_json::from_str(data)?),
            "content_block_delta" => Self::ContentBlockDelta(serde_json::from_str(data)?),
            "content_block_stop" => Self::ContentBlockStop(serde_json::from_str(data)?),
            "message_delta" => Self::MessageDelta(serde_json::from_str(data)?),
            "message_stop" => Self::MessageStop,
            "error" => Self::Error(serde_json::from_str(data)?),
            _ => Self::Other,
        })
    }
}

#[derive(Deserialize, Debug)]
pub(super) struct MessageStart {
    pub(super) message: Started,
}

#[derive(Deserialize, Debug)]
pub(super) struct BlockStart {
    pub(super) index: usize,
    pub(super) content_block: Value,
}

#[derive(Deserialize, Debug)]
pub(super) struct BlockDelta {
    pub(super) index: usize,
    pub(super) delta: Delta,
}

#[derive(Deserialize, Debug)]
pub(super) struct BlockStop {
    pub(super) index: usize,
}

#[derive(Deserialize, Debug)]
pub(super) struct MessageDelta {
    pub(super) delta: Ending,
    #[serde(default)]
    pub(super) usage: Usage,
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
