//! The wire types of the Messages API. No other folder uses them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::lenient::Raw;

/// The body of `POST /v1/messages`. The order of fields is the order of the bytes; long fields are borrowed.
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

/// The thinking mode of a request.
#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Thinking {
    Adaptive { display: &'static str },
}

#[derive(Serialize, Debug)]
pub(super) struct OutputConfig {
    pub(super) effort: &'static str,
}

/// A tool: one of ours, or one that the provider runs itself.
#[derive(Serialize, Debug)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    Custom {
        name: &'a str,
        description: &'a str,
        input_schema: &'a Value,
    },
    Server {
        #[serde(rename = "type")]
        kind: &'static str,
        name: &'static str,
        max_uses: u32,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        blocked_domains: &'a [String],
        /// Without it the tool is called from the provider's sandbox, which small models do not support.
        allowed_callers: [&'static str; 1],
        #[serde(skip_serializing_if = "Option::is_none")]
        max_content_tokens: Option<u32>,
        #[serde(skip_serializing_if = "Option::is_none")]
        citations: Option<Citations>,
    },
}

/// Whether passages of a fetched page are cited.
#[derive(Serialize, Debug)]
pub(super) struct Citations {
    pub(super) enabled: bool,
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

/// A block, and whether the prompt up to its end is to be cached.
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
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: &'a Value,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: ResultContent<'a>,
        is_error: bool,
    },
    Image {
        source: ContentSource<'a>,
    },
    Document {
        source: ContentSource<'a>,
        title: &'a str,
    },
    /// An object that is sent back exactly as it was received.
    #[serde(untagged)]
    Own(&'a Value),
}

#[derive(Serialize, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ContentSource<'a> {
    File { file_id: &'a str },
    Base64 { media_type: &'a str, data: String },
}

/// The content of a tool's result: text alone, or text and pictures.
#[derive(Serialize, Debug)]
#[serde(untagged)]
pub(super) enum ResultContent<'a> {
    Text(&'a str),
    Blocks(Vec<Content<'a>>),
}

/// A mark of the prompt cache; without `ttl` the entry lives for five minutes.
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
    #[serde(default)]
    pub(super) details: Value,
}

impl ErrorDetail {
    /// Returns the code that tells errors of one kind apart, if there is one.
    pub(super) fn code(&self) -> Option<&str> {
        self.details["error_code"].as_str()
    }
}

/// One event of a stream, with unparsed fields, so that an unreadable one does not affect the others.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Event<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Raw<'a>,
    #[serde(borrow)]
    pub(super) index: Raw<'a>,
    #[serde(borrow)]
    pub(super) message: Raw<'a>,
    #[serde(borrow)]
    pub(super) content_block: Raw<'a>,
    #[serde(borrow)]
    pub(super) delta: Raw<'a>,
    #[serde(borrow)]
    pub(super) usage: Raw<'a>,
    #[serde(borrow)]
    pub(super) error: Raw<'a>,
}

/// The message at the start of an answer.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Started<'a> {
    #[serde(borrow)]
    pub(super) usage: Raw<'a>,
}

/// The delta of a block.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Delta<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Raw<'a>,
    #[serde(borrow)]
    pub(super) text: Raw<'a>,
    #[serde(borrow)]
    pub(super) thinking: Raw<'a>,
    #[serde(borrow)]
    pub(super) signature: Raw<'a>,
    #[serde(borrow)]
    pub(super) partial_json: Raw<'a>,
    #[serde(borrow)]
    pub(super) citation: Raw<'a>,
}

/// The end of an answer: its stop reason.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Ending<'a> {
    #[serde(borrow)]
    pub(super) stop_reason: Raw<'a>,
}

/// An error inside the stream.
#[derive(Deserialize, Debug, Default)]
pub(super) struct Fault<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Raw<'a>,
    #[serde(borrow)]
    pub(super) message: Raw<'a>,
}

/// The answer of `GET /v1/models`.
#[derive(Deserialize, Debug)]
pub(super) struct Models {
    pub(super) data: Vec<ListedModel>,
}

/// A model in it.
#[derive(Deserialize, Debug)]
pub(super) struct ListedModel {
    pub(super) id: String,
}
