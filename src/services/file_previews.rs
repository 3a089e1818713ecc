//! Previews of documents that the model does not read itself: made while a message waits, and on demand for a
//! tool.

use super::file_allowance::DailyLimit;
use super::file_contents::{ContentError, FileContents, FoundFile};
use super::file_readers::{FileReaders, OpenFile, Place};
use crate::bot_api::ApiError;
use crate::db::DbError;
use crate::documents::{self, Document, DocumentError, Preview, Selection};
use crate::domain::file::{DocumentFault, FileKind};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;
use crate::llm::{self, Readable};

/// The text of a preview in a prompt, in code points. Headings and remarks come on top.
const IN_PROMPTS: usize = 6_000;
/// The longest preview that is stored, in code points: the text, and what the display of a preview adds to
/// it.
const LONGEST_STORED: usize = 12_000;
/// The text of a preview for the tool, in code points.
const FOR_TOOL: usize = 10_000;
/// Documents that are read at once, over all conversations. Each takes up to 200 MB beyond its own bytes.
const MAX_READERS: usize = 2;

/// Makes previews. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FilePreviews(FileReaders);

/// A part of a file that the model asked for.
#[derive(Clone, Debug)]
pub(crate) struct PreviewedFile {
    pub(crate) name: String,
    /// The MIME type, as the sender or the tool declared it.
    pub(crate) mime: String,
    /// The size in bytes.
    pub(crate) size: usize,
    /// What was read.
    pub(crate) preview: Preview,
}

/// Why the model gets no preview of a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreviewError {
    /// The conversation has no such file.
    #[error("no file of the conversation has this id")]
    NotFound,
    /// The model sees images and PDFs itself.
    #[error("the model sees the file itself")]
    Seen,
    /// It is a recording or a video.
    #[error("the file is no document")]
    NoDocument,
    /// It is larger than what Telegram hands out, or than what is loaded.
    #[error("a file of more than {limit} bytes is not loaded")]
    TooLarge {
        /// The largest file that is loaded, in bytes.
        limit: u64,
    },
    /// With it, its sender would have more than the limit of a day.
    #[error("the file is over the limit of {} MB of files per day", .0.megabytes())]
    DailyLimit(DailyLimit),
    /// The content cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Telegram does not hand out the file.
    #[error("Telegram does not hand out the file")]
    Telegram(#[source] ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

impl From<ContentError> for PreviewError {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Gone => Self::NotFound,
            ContentError::TooLarge { limit } => Self::TooLarge { limit },
            ContentError::DailyLimit(limit) => Self::DailyLimit(limit),
            ContentError::Telegram(error) => Self::Telegram(error),
            ContentError::Database(error) => Self::Database(error),
        }
    }
}

impl FilePreviews {
    pub(crate) fn new(contents: FileContents) -> Self {
        Self(FileReaders::new(contents, MAX_READERS))
    }

    /// Previews that no test reaches.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        Self::new(FileContents::nowhere())
    }

    /// Reads the beginning of a document as text for prompts, at most about 12,000 code points.
    ///
    /// # Errors
    /// Returns why the content cannot be read.
    pub(crate) async fn for_prompts(
        &self,
        name: &str,
        mime: &str,
        bytes: Vec<u8>,
    ) -> Result<String, DocumentFault> {
        let preview =
            self.read(name, mime, (bytes, None), Selection::default(), IN_PROMPTS).await.map_err(fault)?;
        // PostgreSQL stores no NUL.
        Ok(preview.to_string().trim_end().chars().filter(|&c| c != '\0').take(LONGEST_STORED).collect())
    }

    /// Reads a selection of a file of the conversation, about 10,000 code points.
    ///
    /// # Errors
    /// Returns [`PreviewError`].
    pub(crate) async fn of_file(
        &self,
        key: ThreadKey,
        id: PublicFileId,
        selection: Selection,
    ) -> Result<PreviewedFile, PreviewError> {
        let OpenFile { file, bytes, place } = self.0.open(key, id, check).await?;
        let FoundFile { name, mime, .. } = file;
        let size = bytes.len();
        let preview = self.read(&name, &mime, (bytes, Some(place)), selection, FOR_TOOL).await?;
        Ok(PreviewedFile { name, mime, size, preview })
    }

    /// Reads a document, which has a place in memory unless its caller limits that.
    async fn read(
        &self,
        name: &str,
        mime: &str,
        (bytes, place): (Vec<u8>, Option<Place>),
        selection: Selection,
        limit: usize,
    ) -> Result<Preview, DocumentError> {
        let (name, mime) = (name.to_owned(), mime.to_owned());
        let work = move || {
            let _place = place;
            documents::preview(Document { name: &name, mime: &mime, bytes: &bytes }, selection, limit)
        };
        self.0.work(work).await.unwrap_or(Err(DocumentError::Broken))
    }
}

/// Refuses what need not be loaded.
fn check(file: &FoundFile) -> Result<(), PreviewError> {
    match file.kind {
        FileKind::Document => {}
        FileKind::Photo | FileKind::Sticker => return Err(PreviewError::Seen),
        FileKind::Audio | FileKind::Voice | FileKind::Video | FileKind::VideoNote | FileKind::Animation => {
            return Err(PreviewError::NoDocument);
        }
    }
    match llm::readable(&file.mime, &file.name, 1) {
        Ok(Readable::Image | Readable::Pdf) => Err(PreviewError::Seen),
        _ => Ok(()),
    }
}

/// Returns what is stored about a document that cannot be read.
fn fault(error: DocumentError) -> DocumentFault {
    match error {
        DocumentError::Empty => DocumentFault::Empty,
        DocumentError::Encrypted => DocumentFault::Encrypted,
        DocumentError::TooLarge => DocumentFault::TooLarge,
        DocumentError::Unsupported(_) => DocumentFault::Unsupported,
        // A document without parts has nothing that could be read.
        DocumentError::Broken | DocumentError::NoSuchPart { .. } => DocumentFault::Broken,
    }
}
