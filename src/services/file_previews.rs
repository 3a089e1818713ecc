//! Previews of documents that the model does not read itself: made while a message waits, and on demand for a
//! tool.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::file_copies::content;
use super::made_files::MadeFiles;
use crate::bot_api::{Api, ApiError};
use crate::cache::Cache;
use crate::db::files::{self, FileSource, NamedFile};
use crate::db::{Db, DbError};
use crate::documents::{self, Document, DocumentError, Preview, Selection};
use crate::domain::file::{DocumentFault, FileKind, LARGEST_LOADED, Refusal};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, ThreadKey};
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
/// Files that are loaded for the tool at once, over all conversations: each is in memory until it is read.
const MAX_LOADED: usize = 4;
/// How often Telegram is asked for a file, and the pause after a failure. The tool's time limit ends the
/// waits.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Makes previews. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FilePreviews {
    api: Api,
    cache: Cache,
    db: Db,
    made_files: MadeFiles,
    readers: Arc<Semaphore>,
    loaded: Arc<Semaphore>,
}

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
    /// It was not fetched, because its sender had reached the limit of a day.
    #[error("the file was not fetched because of the limit of a day")]
    NotFetched,
    /// The content cannot be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Telegram does not hand out the file.
    #[error("Telegram does not hand out the file")]
    Telegram(#[from] ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// Where the content of a file is.
enum Place {
    Person(FileSource),
    Made { id: PublicFileId, chat: ChatId, telegram_id: Option<String> },
}

/// A file of the conversation, not loaded yet.
struct Found {
    name: String,
    mime: String,
    /// The size in bytes, if it is known.
    size: Option<u64>,
    place: Place,
}

impl FilePreviews {
    pub(crate) fn new(api: Api, cache: Cache, db: Db, made_files: MadeFiles) -> Self {
        let readers = Arc::new(Semaphore::new(MAX_READERS));
        let loaded = Arc::new(Semaphore::new(MAX_LOADED));
        Self { api, cache, db, made_files, readers, loaded }
    }

    /// Previews that no test reaches.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let http = crate::http::client(Duration::from_secs(1)).unwrap();
        let metrics = crate::telemetry::metrics::Metrics::new().unwrap();
        let api = Api::new(http, "http://127.0.0.1:1", &"1:a".to_owned().into(), 0, metrics).unwrap();
        Self::new(api, Cache::disabled(), Db::nowhere(), MadeFiles::nowhere())
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
        let preview = self.read(name, mime, bytes, Selection::default(), IN_PROMPTS).await.map_err(fault)?;
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
        let Found { name, mime, size, place } = self.find(key, id).await?;
        let _room = self.api.room_for(size).await;
        // The semaphore is never closed, so this always returns a permit.
        let _loaded = self.loaded.acquire().await.ok();
        let bytes = self.load(place).await?;
        let size = bytes.len();
        let preview = self.read(&name, &mime, bytes, selection, FOR_TOOL).await?;
        Ok(PreviewedFile { name, mime, size, preview })
    }

    async fn find(&self, key: ThreadKey, id: PublicFileId) -> Result<Found, PreviewError> {
        if let Some(NamedFile { source, kind, size, refusal }) = files::named(&self.db, key, id).await? {
            match kind {
                FileKind::Document => {}
                FileKind::Photo | FileKind::Sticker => return Err(PreviewError::Seen),
                FileKind::Audio
                | FileKind::Voice
                | FileKind::Video
                | FileKind::VideoNote
                | FileKind::Animation => return Err(PreviewError::NoDocument),
            }
            check(&source.mime, &source.name, size, self.largest())?;
            if refusal == Some(Refusal::DailyLimit) {
                return Err(PreviewError::NotFetched);
            }
            let (name, mime) = (source.name.clone(), source.mime.clone());
            let size = Some(size).filter(|size| *size > 0);
            return Ok(Found { name, mime, size, place: Place::Person(source) });
        }
        let made = self.made_files.sendable(key, &[id]).await?;
        let file = made.into_iter().next().ok_or(PreviewError::NotFound)?;
        // Made files may be larger than what Telegram hands out: the store has them until they are sent.
        check(&file.mime, &file.name, 0, LARGEST_LOADED)?;
        let place = Place::Made { id, chat: key.chat, telegram_id: file.telegram_id };
        let size = u64::try_from(file.size).ok().filter(|size| *size > 0);
        Ok(Found { name: file.name, mime: file.mime, size, place })
    }

    async fn load(&self, place: Place) -> Result<Vec<u8>, PreviewError> {
        match place {
            Place::Person(FileSource { chat, telegram_id, unique_id, .. }) => {
                let ask = || content(&self.api, &self.cache, chat, &telegram_id, &unique_id);
                self.patiently(chat, ask).await
            }
            Place::Made { id, chat, telegram_id } => {
                match (self.made_files.content(id).await?, telegram_id) {
                    (Some(content), _) => Ok(content),
                    (None, Some(telegram_id)) => {
                        let ask = || self.api.download(chat, &telegram_id, self.largest());
                        self.patiently(chat, ask).await
                    }
                    (None, None) => Err(PreviewError::NotFound),
                }
            }
        }
    }

    /// Returns the largest file of a person that is loaded, in bytes.
    fn largest(&self) -> u64 {
        self.api.file_limit().min(LARGEST_LOADED)
    }

    /// Asks Telegram again after passing failures, never during a penalty.
    async fn patiently<F>(&self, chat: ChatId, ask: impl Fn() -> F) -> Result<Vec<u8>, PreviewError>
    where
        F: Future<Output = Result<Vec<u8>, ApiError>>,
    {
        let mut attempt = 1;
        loop {
            match ask().await {
                Err(error) if error.is_too_big() => {
                    return Err(PreviewError::TooLarge { limit: self.largest() });
                }
                Err(error) if error.is_passing() && attempt < ATTEMPTS => attempt += 1,
                settled => return Ok(settled?),
            }
            sleep(self.api.files_wait_until(chat).map_or(PAUSE, |end| end - Instant::now())).await;
        }
    }

    /// Reads a document on a thread for blocking work. Dropping the future does not end that thread, so the
    /// thread holds the permit.
    async fn read(
        &self,
        name: &str,
        mime: &str,
        bytes: Vec<u8>,
        selection: Selection,
        limit: usize,
    ) -> Result<Preview, DocumentError> {
        let permit = self.readers.clone().acquire_owned().await.ok();
        let (name, mime) = (name.to_owned(), mime.to_owned());
        let work = move || {
            let _permit = permit;
            documents::preview(Document { name: &name, mime: &mime, bytes: &bytes }, selection, limit)
        };
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "reading a document failed");
            Err(DocumentError::Broken)
        })
    }
}

/// Refuses what need not be loaded.
fn check(mime: &str, name: &str, size: u64, most: u64) -> Result<(), PreviewError> {
    match llm::readable(mime, name, 1) {
        Ok(Readable::Image | Readable::Pdf) => Err(PreviewError::Seen),
        _ if size > most => Err(PreviewError::TooLarge { limit: most }),
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
