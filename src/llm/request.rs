//! Requests to a model, independent of the provider.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::message::{Block, FileBlock, LlmMessage};
use super::tokens::BYTES_PER_ESTIMATED_TOKEN;
use crate::domain::message::Role;
use crate::domain::model::{Effort, Model};

/// One request. Equal values make equal bytes, so that the provider's prompt cache can work.
#[derive(Clone, Debug)]
pub struct LlmRequest {
    /// The model.
    pub model: Model,
    /// How hard the model thinks, if that can be set.
    pub effort: Option<Effort>,
    /// The most tokens of the answer, thinking included.
    pub max_tokens: u64,
    /// Standing instructions, from the most shared to the most personal.
    pub system: Vec<Cow<'static, str>>,
    /// Our tools that the model may call, in a fixed order.
    pub tools: Arc<[ToolSpec]>,
    /// The provider's own tools that the model may use, in a fixed order, behind ours.
    pub server_tools: Arc<[ServerTool]>,
    /// Whether the model may call them in this answer.
    pub tool_choice: ToolChoice,
    /// The conversation, oldest first; begins with the user, and ends with the user or an answer that was
    /// paused.
    pub messages: Vec<LlmMessage>,
    /// The number of `messages` that the next request of this conversation repeats unchanged.
    pub stable: usize,
}

impl LlmRequest {
    /// Creates a request of nothing but this text, for counting it with the same model.
    pub(crate) fn of_text(&self, text: String) -> Self {
        Self {
            model: self.model.clone(),
            effort: None,
            max_tokens: self.max_tokens,
            system: Vec::new(),
            tools: Arc::from([]),
            server_tools: Arc::from([]),
            tool_choice: ToolChoice::None,
            messages: vec![LlmMessage { role: Role::User, blocks: vec![Block::Text(text)] }],
            stable: 0,
        }
    }

    /// Asks for an answer without tools, with a last word of ours at the end of what the user said.
    pub fn ask_for_the_end(&mut self, words: &str) {
        self.tool_choice = ToolChoice::None;
        self.drop_open_calls();
        let told = Block::Text(words.to_owned());
        match self.messages.last_mut() {
            Some(last) if last.role == Role::User => last.blocks.push(told),
            _ => self.messages.push(LlmMessage { role: Role::User, blocks: vec![told] }),
        }
    }

    /// Removes calls of the provider's own tools that have no result yet from the last answer: words of ours
    /// must not follow them. Thinking behind such a call goes too, because it is signed together with it, and
    /// so does thinking that would end the message.
    fn drop_open_calls(&mut self) {
        let Some(at) = self.messages.iter().rposition(|message| message.role == Role::Assistant) else {
            return;
        };
        let blocks = &mut self.messages[at].blocks;
        let answered: Vec<String> = blocks.iter().filter_map(|block| block.own("tool_use_id")).collect();
        let is_open = |block: &Block| {
            block.is_own("server_tool_use") && block.own("id").is_none_or(|id| !answered.contains(&id))
        };
        let thinks = |block: &Block| block.is_own("thinking") || block.is_own("redacted_thinking");
        let Some(first) = blocks.iter().position(is_open) else { return };
        let behind = blocks.split_off(first);
        blocks.extend(behind.into_iter().filter(|block| !is_open(block) && !thinks(block)));
        while blocks.last().is_some_and(thinks) {
            blocks.pop();
        }
        if blocks.is_empty() {
            self.messages.remove(at);
        }
    }

    /// Returns the size of the conversation and the system prompt in bytes of text. A file counts as much as
    /// text that costs the same.
    pub fn bytes(&self) -> u64 {
        let system: u64 = self.system.iter().map(|text| text.len() as u64).sum();
        system + self.messages.iter().map(LlmMessage::bytes).sum::<u64>()
    }

    /// Estimates the tokens of the prompt from its text alone.
    pub fn estimated_tokens(&self) -> u64 {
        let size = |tool: &ToolSpec| tool.description.len() + tool.schema.to_string().len();
        let tools: usize = self.tools.iter().map(size).sum();
        (self.bytes() + tools as u64).div_ceil(BYTES_PER_ESTIMATED_TOKEN)
    }

    /// Returns the files that the model is shown, oldest first.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = &FileBlock> {
        self.messages.iter().flat_map(LlmMessage::files)
    }

    /// Shows another copy in the place of `lost`. Returns `false` if the request does not show that.
    pub(crate) fn replace_file(&mut self, lost: &str, copy: &str) -> bool {
        let mut replaced = false;
        for block in self.messages.iter_mut().flat_map(|message| &mut message.blocks) {
            if let Block::File(file) = block
                && file.id == lost
            {
                copy.clone_into(&mut file.id);
                replaced = true;
            }
        }
        replaced
    }

    /// Replaces files by the lines that describe them. Returns `false` if the request has none of these
    /// files.
    pub fn lose_files(&mut self, ids: &[String]) -> bool {
        let mut lost = false;
        for block in self.messages.iter_mut().flat_map(|message| &mut message.blocks) {
            if let Block::File(file) = block
                && ids.contains(&file.id)
            {
                *block = Block::Text(std::mem::take(&mut file.instead));
                lost = true;
            }
        }
        lost
    }
}

/// Whether the model may call tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ToolChoice {
    /// The model decides.
    #[default]
    Auto,
    /// The model must answer without tools.
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

/// A tool that the provider runs itself while it answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServerTool {
    /// A search of the web.
    WebSearch(WebLimits),
    /// The content of a web page.
    WebFetch {
        /// What is allowed.
        limits: WebLimits,
        /// The most tokens of one page that the model reads.
        content_tokens: u32,
        /// Whether the answer names the passages that it relies on.
        citations: bool,
    },
}

/// What a tool of the web is allowed in one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebLimits {
    /// The most uses.
    pub uses: u32,
    /// Domains that are left out, with their subdomains.
    pub blocked_domains: Arc<[String]>,
}
