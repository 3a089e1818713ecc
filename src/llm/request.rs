//! Requests to a model, independent of the provider.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::files::{self, Readable};
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

/// A message of the user or the model.
#[derive(Clone, PartialEq, Debug)]
pub struct LlmMessage {
    /// The author of the message.
    pub role: Role,
    /// The content, in order. Never empty.
    pub blocks: Vec<Block>,
}

impl LlmMessage {
    /// Creates a message of the model that is sent back exactly as it came.
    pub fn assistant(blocks: Vec<Value>) -> Self {
        Self { role: Role::Assistant, blocks: blocks.into_iter().map(Block::Own).collect() }
    }

    /// Returns whether a turn begins with the message: words of the user, not results of tools.
    pub fn begins_turn(&self) -> bool {
        self.role == Role::User && !matches!(self.blocks.first(), Some(Block::ToolResult { .. }))
    }

    /// Returns the files of the message.
    pub fn files(&self) -> impl DoubleEndedIterator<Item = &FileBlock> {
        self.blocks.iter().filter_map(Block::as_file)
    }

    /// Returns the size of the message in bytes of text.
    pub fn bytes(&self) -> u64 {
        let length = |block: &Block| match block {
            Block::File(file) => file.bytes(),
            Block::Inline(file) => file.weight(),
            Block::Text(text) => text.len() as u64,
            Block::ToolCall { tool, input, .. } => (tool.len() + input.to_string().len()) as u64,
            Block::ToolResult { content, images, .. } => {
                content.len() as u64 + images.iter().map(ToolImage::weight).sum::<u64>()
            }
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
    /// A file of the person; only in the user's messages.
    File(FileBlock),
    /// A file whose bytes are sent with the request; only in the user's messages.
    Inline(InlineFile),
    /// A tool call of an earlier answer.
    ToolCall {
        /// The model's id of the call.
        call: String,
        /// The tool.
        tool: String,
        /// The arguments, a JSON object.
        input: Value,
    },
    /// The result of a tool call.
    ToolResult {
        /// The id of the call.
        call: String,
        /// The text for the model.
        content: String,
        /// The pictures that the model sees below the text.
        images: Vec<ToolImage>,
        /// Whether the call failed.
        is_error: bool,
    },
    /// A block of the model's own, sent back exactly as it came (signed thinking, tool calls, search
    /// results).
    Own(Value),
}

impl Block {
    /// Whether it is a block of the model's own of this kind.
    fn is_own(&self, kind: &str) -> bool {
        matches!(self, Self::Own(value) if value["type"] == kind)
    }

    /// A text field of a block of the model's own.
    fn own(&self, field: &str) -> Option<String> {
        let Self::Own(value) = self else { return None };
        value[field].as_str().map(str::to_owned)
    }

    /// The file, if it is one.
    fn as_file(&self) -> Option<&FileBlock> {
        match self {
            Self::File(file) => Some(file),
            Self::Inline(_)
            | Self::Text(_)
            | Self::ToolCall { .. }
            | Self::ToolResult { .. }
            | Self::Own(_) => None,
        }
    }
}

/// A picture that is sent with a request, such as one in the result of a tool. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolImage {
    /// Its type: JPEG, PNG, GIF or WebP.
    pub mime: &'static str,
    /// Its content.
    pub bytes: Bytes,
}

impl ToolImage {
    /// Returns the bytes of text that cost as much as the picture may cost.
    fn weight(&self) -> u64 {
        files::weight(Readable::Image, self.bytes.len() as u64)
    }
}

/// A picture or a PDF that the model is shown, whose bytes are sent with the request. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum InlineFile {
    /// A picture.
    Image(ToolImage),
    /// A PDF.
    Pdf {
        /// Its name, in one line.
        name: String,
        /// The number of its pages.
        pages: u64,
        /// Its content.
        bytes: Bytes,
    },
}

impl InlineFile {
    /// Returns the bytes of text that cost as much as the file may cost.
    pub(crate) fn weight(&self) -> u64 {
        match self {
            Self::Image(image) => image.weight(),
            Self::Pdf { name, pages, .. } => name.len() as u64 + files::weight_of_pages(*pages),
        }
    }
}

/// A file that the model is shown. Its bytes are at the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileBlock {
    /// The provider's id for its copy.
    pub id: String,
    /// How the model reads it.
    pub readable: Readable,
    /// Its name, in one line.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The line that replaces it if the provider has no copy; the same as in later prompts. Never blank.
    pub instead: String,
}

impl FileBlock {
    /// How large it is: the bytes of text that cost as much as it may cost.
    pub fn bytes(&self) -> u64 {
        self.name.len() as u64 + files::weight(self.readable, self.size)
    }
}
