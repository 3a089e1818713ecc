//! Pictures and pages of PDFs of a conversation, prepared for a question to a model that sees them.

use bytes::Bytes;

use super::file_contents::{ContentError, FileContents, FoundFile};
use super::file_readers::{FileReaders, OpenFile};
use crate::documents::{self, CutPdf, PageRanges, PdfError};
use crate::domain::file::{FileKind, PictureFault};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;
use crate::images;
use crate::llm::message::ToolImage;
use crate::llm::{self, Readable};

/// Files that are decoded or cut at once, over all conversations. Each takes up to about 500 MB.
const MAX_READERS: usize = 1;

/// Prepares pictures and PDFs. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileViews(FileReaders);

/// A picture that a model accepts.
#[derive(Clone, Debug)]
pub(crate) struct ViewedPicture {
    pub(crate) name: String,
    pub(crate) image: ToolImage,
    /// The number of frames; the model sees the first.
    pub(crate) frames: u32,
}

/// Pages of a PDF that a model accepts.
#[derive(Clone, Debug)]
pub(crate) struct ViewedPages {
    pub(crate) name: String,
    /// A PDF of these pages.
    pub(crate) bytes: Bytes,
    /// Their numbers, ascending.
    pub(crate) pages: Vec<u32>,
    /// The number of pages of the whole document.
    pub(crate) of: u32,
}

/// Why a file is not shown to a model.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ViewError {
    /// It is of another kind.
    #[error("the file is of another kind")]
    WrongKind(ViewKind),
    /// The picture cannot be decoded.
    #[error("the picture cannot be decoded")]
    Picture(PictureFault),
    /// The pages cannot be cut out.
    #[error(transparent)]
    Pdf(#[from] PdfError),
    /// The file is not there, or it is not loaded.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// How a model could see a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ViewKind {
    /// As a picture.
    Picture,
    /// As pages of a PDF.
    Pdf,
    /// Not at all.
    Not,
}

impl FileViews {
    pub(crate) fn new(contents: FileContents) -> Self {
        Self(FileReaders::new(contents, MAX_READERS))
    }

    /// Views that no test reaches.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self::new(FileContents::nowhere())
    }

    /// Returns a picture of the conversation in a form that a model accepts.
    ///
    /// # Errors
    /// Returns [`ViewError`].
    pub(crate) async fn picture(&self, key: ThreadKey, id: PublicFileId) -> Result<ViewedPicture, ViewError> {
        let is_picture = |file: &FoundFile| match kind(file) {
            ViewKind::Picture => Ok(()),
            other => Err(ViewError::WrongKind(other)),
        };
        let fit = |bytes: Vec<u8>| images::fit(&bytes).map_err(ViewError::Picture);
        let broken = ViewError::Picture(PictureFault::Broken);
        let (name, picture) = self.prepared(key, id, is_picture, fit, broken).await?;
        let image = ToolImage { mime: picture.mime, bytes: picture.bytes.into() };
        Ok(ViewedPicture { name, image, frames: picture.frames })
    }

    /// Returns pages of a PDF of the conversation.
    ///
    /// # Errors
    /// Returns [`ViewError`].
    pub(crate) async fn pages(
        &self,
        key: ThreadKey,
        id: PublicFileId,
        ranges: PageRanges,
    ) -> Result<ViewedPages, ViewError> {
        let is_pdf = |file: &FoundFile| match kind(file) {
            ViewKind::Pdf => Ok(()),
            other => Err(ViewError::WrongKind(other)),
        };
        let cut = move |bytes: Vec<u8>| Ok(documents::cut_pdf(&bytes, &ranges)?);
        let (name, cut) = self.prepared(key, id, is_pdf, cut, PdfError::Broken.into()).await?;
        let CutPdf { bytes, pages, of } = cut;
        Ok(ViewedPages { name, bytes: bytes.into(), pages, of })
    }

    /// Loads a file after a check and works on it. `panicked` is returned if the work panics.
    async fn prepared<T: Send + 'static>(
        &self,
        key: ThreadKey,
        id: PublicFileId,
        check: impl FnOnce(&FoundFile) -> Result<(), ViewError>,
        work: impl FnOnce(Vec<u8>) -> Result<T, ViewError> + Send + 'static,
        panicked: ViewError,
    ) -> Result<(String, T), ViewError> {
        let OpenFile { file, bytes, place } = self.0.open(key, id, check).await?;
        let work = move || {
            let _place = place;
            work(bytes)
        };
        let prepared = self.0.work(work).await.unwrap_or(Err(panicked));
        Ok((file.name, prepared?))
    }
}

/// Returns the kind of a file by what its sender declared. The content is checked when it is prepared.
fn kind(file: &FoundFile) -> ViewKind {
    match (file.kind, llm::readable(&file.mime, &file.name, 1)) {
        (FileKind::Photo, _) | (_, Ok(Readable::Image)) => ViewKind::Picture,
        (_, Ok(Readable::Pdf)) => ViewKind::Pdf,
        _ => ViewKind::Not,
    }
}
