//! What a model says, in the provider's neutral form.

use serde_json::Value;

use crate::domain::usage::Usage;

/// Something that a model's answer brought.
#[derive(Clone, PartialEq, Debug)]
pub enum LlmEvent {
    /// The provider is still there, but says nothing.
    Alive,
    /// The answer goes on in a way that shows nothing yet.
    Working,
    /// More visible text.
    Text(String),
    /// More of the summary of its thoughts.
    Thinking(String),
    /// A block is complete; in order, as it must be sent back in a tool loop.
    Block(Value),
    /// A call whose arguments are complete.
    ToolCall(ToolCall),
    /// What the call used so far; replaces earlier reports.
    Usage(Reported),
    /// The model has ended for this reason; only [`Self::Stop`] is missing, and is not needed any more.
    Ending(StopReason),
    /// The answer is over.
    Stop(StopReason),
}

/// What a call has used as far as its provider has told in a readable form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reported {
    /// The figures; one that was not told is zero.
    pub usage: Usage,
    /// Whether those of the prompt are complete.
    pub prompt: bool,
    /// Whether the number of tokens produced is the one of the whole answer.
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

/// Why an answer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StopReason {
    /// The model has said all.
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
    /// Whether the tool calls of an answer that ended in this way are complete, and are to be run. The official SDK runs
    /// what is there whatever the reason is; calls of an answer that was cut off may lack their end.
    pub fn completes_calls(&self) -> bool {
        match self {
            Self::ToolUse | Self::EndTurn | Self::StopSequence | Self::PauseTurn | Self::Other(_) => true,
            Self::MaxTokens | Self::Refusal | Self::WindowExceeded => false,
        }
    }

    /// Reads the wire's word.
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

    /// The word for rows and logs.
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
