//! What a model is asked, in the provider's neutral form.

use serde_json::Value;

use crate::domain::message::Role;
use crate::domain::model::{Effort, Model};

/// One request. Equal values make equal bytes, so that the provider's prompt cache can work.
#[derive(Clone, Debug)]
pub struct LlmRequest {
    /// Who is asked.
    pub model: Model,
    /// How hard it thinks, if it can be told.
    pub effort: Option<Effort>,
    /// The most tokens of the answer, thinking included.
    pub max_tokens: u64,
    /// Standing instructions, from the most shared to the most personal.
    pub system: Vec<String>,
    /// What the model may call, in a fixed order.
    pub tools: Vec<ToolSpec>,
    /// Whether it may do so now.
    pub tool_choice: ToolChoice,
    /// The conversation, oldest first; begins and ends with the user.
    pub messages: Vec<LlmMessage>,
    /// How many of `messages` will stand unchanged in the next request of this conversation.
    pub stable: usize,
}

impl LlmRequest {
    /// How large the conversation and the standing instructions are, in bytes of text.
    pub fn bytes(&self) -> u64 {
        let system: u64 = self.system.iter().map(|text| text.len() as u64).sum();
        system + self.messages.iter().map(LlmMessage::bytes).sum::<u64>()
    }
}

/// Whether the model may call tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ToolChoice {
    /// As it likes.
    #[default]
    Auto,
    /// It must answer without.
    None,
}

/// A tool as the model sees it.
#[derive(Clone, PartialEq, Debug)]
pub struct ToolSpec {
    /// Its name: letters, digits, `_`, `-`.
    pub name: &'static str,
    /// When to use it and when not.
    pub description: &'static str,
    /// JSON schema of its arguments.
    pub schema: Value,
}

/// One side's contribution.
#[derive(Clone, PartialEq, Debug)]
pub struct LlmMessage {
    /// Who speaks.
    pub role: Role,
    /// What, in order; never empty.
    pub blocks: Vec<Block>,
}

impl LlmMessage {
    /// How large it is, in bytes of text.
    pub fn bytes(&self) -> u64 {
        let length = |block: &Block| match block {
            Block::Text(text) | Block::ToolResult { content: text, .. } => text.len() as u64,
            Block::Own(value) => value.to_string().len() as u64,
        };
        self.blocks.iter().map(length).sum()
    }
}

/// A piece of a message.
#[derive(Clone, PartialEq, Debug)]
pub enum Block {
    /// Text, never blank.
    Text(String),
    /// What a tool came to.
    ToolResult {
        /// The call that it answers.
        call: String,
        /// What the model reads.
        content: String,
        /// Whether it failed.
        is_error: bool,
    },
    /// A block of the model's own, sent back exactly as it came (signed thinking, tool calls, search results).
    Own(Value),
}
