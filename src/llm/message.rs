//! The messages of a request to a model, independent of the provider, and the sizes of their parts.

use bytes::Bytes;
use serde_json::Value;

use super::files::{self, Readable};
use crate::domain::message::Role;

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
    pub(super) fn is_own(&self, kind: &str) -> bool {
        matches!(self, Self::Own(value) if value["type"] == kind)
    }

    /// A text field of a block of the model's own.
    pub(super) fn own(&self, field: &str) -> Option<String> {
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
