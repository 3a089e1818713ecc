//! Pictures for tools: made by a model, loaded from the conversation as its sources, and scaled down for the
//! model that sees the result of a tool.

use bytes::Bytes;

use super::file_contents::{ContentError, FileContents, FoundFile};
use super::file_readers::{FileReaders, OpenFile};
use crate::domain::file::{FileKind, PictureFault};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;
use crate::images::{self, Picture};
use crate::llm::LlmError;
use crate::llm::gemini::{self, DrawRequest, Drawing, Source};

/// Pictures that are converted at once, over all conversations. Each takes up to 250 MB while it is decoded.
const MAX_CONVERSIONS: usize = 2;
/// The longest side of a source, in pixels. The model that draws scales down larger ones.
const SOURCE_SIDE: u32 = 3_072;
/// The longest side of a picture in the result of a tool, in pixels: what the chat models see.
const SHOWN_SIDE: u32 = 1_568;
/// The largest picture in the result of a tool, in bytes.
const SHOWN_BYTES: usize = 1_000_000;

/// Makes and converts pictures. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    /// `None` without a key.
    client: Option<gemini::Client>,
    readers: FileReaders,
}

/// Why a file is no source of a picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// It is no picture, or one that cannot be decoded.
    #[error("the file is no picture that can be read: {0:?}")]
    Picture(PictureFault),
    /// It is not there, or it cannot be loaded.
    #[error(transparent)]
    Content(#[from] ContentError),
}

impl Pictures {
    pub(crate) fn new(client: Option<gemini::Client>, contents: FileContents) -> Self {
        Self { client, readers: FileReaders::new(contents, MAX_CONVERSIONS) }
    }

    /// Pictures that no test reaches.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self::new(None, FileContents::nowhere())
    }

    /// Returns whether pictures can be drawn here.
    pub(crate) fn can_draw(&self) -> bool {
        self.client.is_some()
    }

    /// Draws; see [`gemini::Client::draw`].
    ///
    /// # Errors
    /// Returns the errors of the service; without a key, that it rejects the request.
    pub(crate) async fn draw(&self, request: &DrawRequest<'_>) -> Result<Drawing, LlmError> {
        match &self.client {
            Some(client) => client.draw(request).await,
            None => {
                Err(LlmError::Rejected { status: 401, kind: "no_key".to_owned(), message: String::new() })
            }
        }
    }

    /// Loads a picture of the conversation as a source of at most `most` bytes.
    ///
    /// # Errors
    /// Returns a [`SourceError`].
    pub(crate) async fn source(
        &self,
        key: ThreadKey,
        id: PublicFileId,
        most: usize,
    ) -> Result<Source, SourceError> {
        let check = |file: &FoundFile| {
            if may_be_picture(file) { Ok(()) } else { Err(SourceError::Picture(PictureFault::Foreign)) }
        };
        let OpenFile { bytes, place: _place, .. } = self.readers.open(key, id, check).await?;
        let picture = self.shrink(bytes.into(), SOURCE_SIDE, most).await.map_err(SourceError::Picture)?;
        Ok(Source { mime: picture.mime, bytes: picture.bytes.into() })
    }

    /// Scales a picture down for the result of a tool: at most 1,568 pixels on each side, at most 1 MB.
    ///
    /// # Errors
    /// Returns a [`PictureFault`] if it cannot be converted.
    pub(crate) async fn shown(&self, content: Bytes) -> Result<Picture, PictureFault> {
        self.shrink(content, SHOWN_SIDE, SHOWN_BYTES).await
    }

    /// Converts a picture.
    async fn shrink(&self, content: Bytes, side: u32, most: usize) -> Result<Picture, PictureFault> {
        let shrunk = self.readers.work(move || images::shrink(&content, side, most)).await;
        shrunk.unwrap_or(Err(PictureFault::Broken))
    }
}

/// Returns whether it is worth loading: the content decides in the end.
fn may_be_picture(file: &FoundFile) -> bool {
    match file.kind {
        FileKind::Photo | FileKind::Sticker => true,
        FileKind::Document => file.mime.is_empty() || file.mime.starts_with("image/"),
        FileKind::Audio | FileKind::Voice | FileKind::Video | FileKind::VideoNote | FileKind::Animation => {
            false
        }
    }
}
