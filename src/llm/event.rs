//! Events of a model's answer, independent of the provider.

use serde_json::Value;

use crate::domain::citations::{Citation, Source};
use crate::domain::usage::Usage;

/// An event of a model's answer.
#[derive(Clone, PartialEq, Debug)]
pub enum LlmEvent {
    /// A sign of life without content, such as a ping.
    Alive,
    /// Progress that cannot be shown yet.
    Working,
    /// More visible text.
    Text(String),
    /// More of the summary of the model's thoughts.
    Thinking(String),
    /// A complete block, in the form and order in which it must be sent back in a tool loop.
    Block(Value),
    /// A call whose arguments are complete.
    ToolCall(ToolCall),
    /// The sources of the text block that ends here.
    Cited(Vec<Citation>),
    /// The provider begins to run a tool of its own.
    ServerCall(ServerCall),
    /// A tool of the provider's own has ended.
    ServerResult(ServerResult),
    /// The usage of the call so far. Replaces earlier reports.
    Usage(Reported),
    /// The model has ended for this reason. The answer is complete even if [`Self::Stop`] never comes.
    Ending(StopReason),
    /// The end of the answer.
    Stop(StopReason),
}

/// The usage of a call, as far as the provider has reported it in a readable form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reported {
    /// The figures; zero for each that was not reported.
    pub usage: Usage,
    /// Whether the figures of the prompt are complete.
    pub prompt: bool,
    /// Whether the number of output tokens covers the whole answer.
    pub output: bool,
}

/// A call of one of our tools.
#[derive(Clone, PartialEq, Debug)]
pub struct ToolCall {
    /// The provider's id, which the result must repeat.
    pub id: String,
    /// The tool's name as the model wrote it.
    pub name: String,
    /// The arguments, or why they cannot be read.
    pub input: Result<Value, String>,
}

/// A call of a tool that the provider runs itself.
#[derive(Clone, PartialEq, Debug)]
pub struct ServerCall {
    /// The provider's id, which the result repeats.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments.
    pub input: Value,
    /// What it works on, in one short line: the query of a search, the host of a page.
    pub subject: Option<String>,
}

/// The result of a tool that the provider has run itself. Its content is only sent back, never shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerResult {
    /// The id of the call.
    pub call: String,
    /// Whether the call failed.
    pub failed: bool,
    /// Whether it is a search, which costs money if it has not failed.
    pub search: bool,
    /// The size of the content in bytes, which the model reads as part of its prompt.
    pub bytes: u64,
    /// The page, if one was fetched.
    pub page: Option<Source>,
}

/// Why an answer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// The model has finished its answer.
    EndTurn,
    /// The limit of output tokens was reached.
    MaxTokens,
    /// A stop sequence was produced.
    StopSequence,
    /// The model waits for tool results.
    ToolUse,
    /// The provider paused a long piece of work; send the answer back to go on.
    PauseTurn,
    /// The model declined.
    Refusal,
    /// Prompt and answer together reached the window.
    WindowExceeded,
    /// One that this version does not know; taken as an end.
    Other(String),
}

impl StopReason {
    /// Whether the tool calls of an answer that ended in this way are complete, and are to be run. The
    /// official SDK runs what is there whatever the reason is; calls of an answer that was cut off may lack
    /// their end.
    pub fn completes_calls(&self) -> bool {
        match self {
            Self::ToolUse | Self::EndTurn | Self::StopSequence | Self::PauseTurn | Self::Other(_) => true,
            Self::MaxTokens | Self::Refusal | Self::WindowExceeded => false,
        }
    }

    /// Reads the provider's name of a reason.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "end_turn" => Self::EndTurn,
            "max_tokens" => Self::MaxTokens,
            "stop_sequence" => Self::StopSequence,
            "tool_use" => Self::ToolUse,
            "pause_turn" => Self::PauseTurn,
            "refusal" => Self::Refusal,
            "model_context_window_exceeded" => Self::WindowExceeded,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the name for rows and logs.
    pub fn name(&self) -> &str {
        match self {
            Self::EndTurn => "end_turn",
            Self::MaxTokens => "max_tokens",
            Self::StopSequence => "stop_sequence",
            Self::ToolUse => "tool_use",
            Self::PauseTurn => "pause_turn",
            Self::Refusal => "refusal",
            Self::WindowExceeded => "model_context_window_exceeded",
            Self::Other(word) => word,
        }
    }
}
