//! A wish for a picture, independent of how it is written for the API.

use bytes::Bytes;

use crate::domain::usage::Usage;
use crate::llm::tokens::BYTES_PER_ESTIMATED_TOKEN;

/// The most pictures in a request.
pub(crate) const MOST_SOURCES: usize = 14;
/// The most bytes of all pictures in a request: as base64 they stay below the 20 MB that the API accepts.
pub(crate) const SOURCES_LIMIT: usize = 14 * 1024 * 1024;
/// The tokens of a picture in a request.
const SOURCE_TOKENS: u64 = 560;

/// The shape of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shape {
    /// Width to height, such as `16:9`. Without it the first source decides, or the picture is square.
    pub aspect_ratio: Option<&'static str>,
    /// The size.
    pub size: Size,
}

/// The size of a picture: its longer side is about this many thousand pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Size {
    /// About 1,000 pixels.
    OneK,
    /// About 2,000 pixels.
    TwoK,
    /// About 4,000 pixels.
    FourK,
}

impl Size {
    /// Returns the tokens that a picture of this size takes.
    pub(crate) const fn tokens(self) -> u64 {
        match self {
            Self::OneK | Self::TwoK => 1_120,
            Self::FourK => 2_000,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OneK => "1K",
            Self::TwoK => "2K",
            Self::FourK => "4K",
        }
    }
}

/// A picture to start from.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The MIME type: JPEG, PNG or WebP.
    pub mime: &'static str,
    /// The content.
    pub bytes: Bytes,
}

/// A wish for a picture.
#[derive(Clone, Debug)]
pub(crate) struct DrawRequest<'a> {
    /// What to draw, or how to change the sources.
    pub prompt: &'a str,
    /// The pictures to start from, at most [`MOST_SOURCES`] with [`SOURCES_LIMIT`] bytes.
    pub sources: &'a [Source],
    /// The shape of the result.
    pub shape: Shape,
    /// Whether the model may search the web first.
    pub search: bool,
}

impl DrawRequest<'_> {
    /// Returns what the request uses as far as it is known before the answer: the prompt, and one picture.
    pub(crate) fn expected_usage(&self) -> Usage {
        Usage { image_output: self.shape.size.tokens(), ..self.prompt_usage() }
    }

    /// Returns what the prompt uses.
    pub(super) fn prompt_usage(&self) -> Usage {
        let text = (self.prompt.len() as u64).div_ceil(BYTES_PER_ESTIMATED_TOKEN);
        Usage { input: text + self.sources.len() as u64 * SOURCE_TOKENS, ..Usage::default() }
    }
}
