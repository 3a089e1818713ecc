//! Contents of the files of a conversation, by the ids under which the model names them: those that people
//! have sent, and those that tools have made.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};

use super::file_copies::content;
use super::made_files::MadeFiles;
use crate::bot_api::{Api, ApiError};
use crate::cache::Cache;
use crate::db::files::{self, FileSource, NamedFile};
use crate::db::{Db, DbError};
use crate::domain::file::{FileKind, LARGEST_LOADED, Refusal};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, ThreadKey};
use crate::domain::speech::RecordingId;

/// How often Telegram is asked for a file, and the pause after a failure. The caller limits the whole time.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Finds and loads files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileContents {
    api: Api,
    cache: Cache,
    db: Db,
    made_files: MadeFiles,
}

/// A file of a conversation, not loaded yet.
#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    pub(crate) id: PublicFileId,
    pub(crate) name: String,
    /// The MIME type, as the sender or the tool declared it.
    pub(crate) mime: String,
    /// The kind of message that contained it; a made file counts as a document.
    pub(crate) kind: FileKind,
    /// The size in bytes; 0 if it is not known.
    pub(crate) size: u64,
    /// Why it was not fetched when it arrived, if that was refused.
    refusal: Option<Refusal>,
    /// Telegram's id of the content; empty for a made file.
    pub(crate) unique_id: String,
    /// The recording that it is, if it is one.
    pub(crate) recording: Option<RecordingId>,
    place: Place,
}

/// Where the content of a file is.
#[derive(Clone, Debug)]
enum Place {
    Person { chat: ChatId, telegram_id: String },
    Made { chat: ChatId, telegram_id: Option<String> },
}

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContentError {
    /// The file was deleted since it was found.
    #[error("the file was deleted")]
    Gone,
    /// It is larger than what Telegram hands out, or than what is loaded.
    #[error("a file of more than {limit} bytes is not loaded")]
    TooLarge {
        /// The largest file that is loaded, in bytes.
        limit: u64,
    },
    /// It was not fetched, because its sender had reached the limit of a day.
    #[error("the file was not fetched because of the limit of a day")]
    NotFetched,
    /// Telegram does not hand out the file.
    #[error("Telegram does not hand out the file")]
    Telegram(#[from] ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

/// The content of a file, with the room in memory that it takes.
#[derive(Debug)]
pub(crate) struct LoadedFile {
    pub(crate) bytes: Vec<u8>,
    /// Kept as long as the content.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl FileContents {
    pub(crate) fn new(api: Api, cache: Cache, db: Db, made_files: MadeFiles) -> Self {
        Self { api, cache, db, made_files }
    }

    /// Contents that no test reaches.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let http = crate::http::client(Duration::from_secs(1)).unwrap();
        let metrics = crate::telemetry::metrics::Metrics::new().unwrap();
        let api = Api::new(http, "http://127.0.0.1:1", &"1:a".to_owned().into(), 0, metrics).unwrap();
        Self::new(api, Cache::disabled(), Db::nowhere(), MadeFiles::nowhere())
    }

    /// Returns the file of a conversation with this id. Returns `None` if there is none, if it belongs to
    /// another conversation, or if it was cleared or has expired.
    pub(crate) async fn find(&self, key: ThreadKey, id: PublicFileId) -> Result<Option<FoundFile>, DbError> {
        if let Some(named) = files::named(&self.db, key, id).await? {
            let NamedFile { source, kind, size, recording, refusal } = named;
            let FileSource { chat, telegram_id, unique_id, name, mime } = source;
            let place = Place::Person { chat, telegram_id };
            return Ok(Some(FoundFile { id, name, mime, kind, size, refusal, unique_id, recording, place }));
        }
        let made = self.made_files.sendable(key, &[id]).await?;
        Ok(made.into_iter().next().map(|file| FoundFile {
            id,
            name: file.name,
            mime: file.mime,
            kind: FileKind::Document,
            size: u64::try_from(file.size).unwrap_or_default(),
            refusal: None,
            unique_id: String::new(),
            recording: None,
            place: Place::Made { chat: key.chat, telegram_id: file.telegram_id },
        }))
    }

    /// Loads the content of a file: from Redis, the store of made files or Telegram, which is asked again
    /// after passing failures. Waits for room in memory first.
    ///
    /// # Errors
    /// Returns a [`ContentError`].
    pub(crate) async fn load(&self, file: &FoundFile) -> Result<LoadedFile, ContentError> {
        self.check(file)?;
        let room = self.api.room_for(Some(file.size).filter(|size| *size > 0)).await;
        let bytes = match &file.place {
            Place::Person { chat, telegram_id } => {
                let ask = || content(&self.api, &self.cache, *chat, telegram_id, &file.unique_id);
                self.patiently(*chat, ask).await?
            }
            Place::Made { chat, telegram_id } => {
                match (self.made_files.content(file.id).await?, telegram_id) {
                    (Some(content), _) => content,
                    (None, Some(telegram_id)) => {
                        let ask = || self.api.download(*chat, telegram_id, self.largest());
                        self.patiently(*chat, ask).await?
                    }
                    (None, None) => return Err(ContentError::Gone),
                }
            }
        };
        Ok(LoadedFile { bytes, room })
    }

    /// Refuses what need not be asked for. Made files may be larger than what Telegram hands out: the store
    /// has them until they are sent.
    pub(crate) fn check(&self, file: &FoundFile) -> Result<(), ContentError> {
        match (&file.place, file.refusal) {
            (Place::Person { .. }, _) if file.size > self.largest() => {
                Err(ContentError::TooLarge { limit: self.largest() })
            }
            (Place::Person { .. }, Some(Refusal::DailyLimit)) => Err(ContentError::NotFetched),
            _ => Ok(()),
        }
    }

    /// Returns the largest file of a person that is loaded, in bytes.
    fn largest(&self) -> u64 {
        self.api.file_limit().min(LARGEST_LOADED)
    }

    /// Asks Telegram again after passing failures, never during a penalty.
    async fn patiently<F>(&self, chat: ChatId, ask: impl Fn() -> F) -> Result<Vec<u8>, ContentError>
    where
        F: Future<Output = Result<Vec<u8>, ApiError>>,
    {
        let mut attempt = 1;
        loop {
            match ask().await {
                Err(error) if error.is_too_big() => {
                    return Err(ContentError::TooLarge { limit: self.largest() });
                }
                Err(error) if error.is_passing() && attempt < ATTEMPTS => attempt += 1,
                settled => return Ok(settled?),
            }
            sleep(self.api.files_wait_until(chat).map_or(PAUSE, |end| end - Instant::now())).await;
        }
    }
}
