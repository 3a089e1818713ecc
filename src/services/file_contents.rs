//! Contents of the files of a conversation, by the ids under which the model names them: those that people
//! have sent, and those that tools have made.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::file_copies::content;
use super::made_files::MadeFiles;
use crate::bot_api::{Api, ApiError};
use crate::cache::Cache;
use crate::db::files::{self, FileSource, NamedFile};
use crate::db::{Db, DbError};
use crate::domain::file::{DOWNLOAD_LIMIT, FileKind};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, ThreadKey};

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
    id: PublicFileId,
    pub(crate) name: String,
    /// The MIME type, as the sender or the tool declared it.
    pub(crate) mime: String,
    /// The kind of message that contained it; a made file counts as a document.
    pub(crate) kind: FileKind,
    /// The size in bytes; 0 if it is not known.
    pub(crate) size: u64,
    /// Telegram's id of the content; empty for a made file.
    unique_id: String,
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
    /// It is larger than what Telegram hands out.
    #[error("Telegram does not hand out a file of this size")]
    TooLarge,
    /// Telegram does not hand out the file.
    #[error("Telegram does not hand out the file")]
    Telegram(#[from] ApiError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DbError),
}

impl FoundFile {
    /// Returns whether the file is known to be larger than what Telegram hands out. Made files may be: the
    /// store has them until they are sent.
    pub(crate) fn exceeds_downloads(&self) -> bool {
        matches!(self.place, Place::Person { .. }) && self.size > DOWNLOAD_LIMIT
    }
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
        if let Some(NamedFile { source, kind, size }) = files::named(&self.db, key, id).await? {
            let FileSource { chat, telegram_id, unique_id, name, mime } = source;
            let place = Place::Person { chat, telegram_id };
            return Ok(Some(FoundFile { id, name, mime, kind, size, unique_id, place }));
        }
        let made = self.made_files.sendable(key, &[id]).await?;
        Ok(made.into_iter().next().map(|file| FoundFile {
            id,
            name: file.name,
            mime: file.mime,
            kind: FileKind::Document,
            size: u64::try_from(file.size).unwrap_or_default(),
            unique_id: String::new(),
            place: Place::Made { chat: key.chat, telegram_id: file.telegram_id },
        }))
    }

    /// Loads the content of a file: from Redis, the store of made files or Telegram, which is asked again
    /// after passing failures.
    pub(crate) async fn load(&self, file: &FoundFile) -> Result<Vec<u8>, ContentError> {
        match &file.place {
            Place::Person { chat, telegram_id } => {
                let ask = || content(&self.api, &self.cache, *chat, telegram_id, &file.unique_id);
                self.patiently(*chat, ask).await
            }
            Place::Made { chat, telegram_id } => {
                match (self.made_files.content(file.id).await?, telegram_id) {
                    (Some(content), _) => Ok(content),
                    (None, Some(telegram_id)) => {
                        let ask = || self.api.download(*chat, telegram_id, DOWNLOAD_LIMIT);
                        self.patiently(*chat, ask).await
                    }
                    (None, None) => Err(ContentError::Gone),
                }
            }
        }
    }

    /// Asks Telegram again after passing failures, never during a penalty.
    async fn patiently<F>(&self, chat: ChatId, ask: impl Fn() -> F) -> Result<Vec<u8>, ContentError>
    where
        F: Future<Output = Result<Vec<u8>, ApiError>>,
    {
        let mut attempt = 1;
        loop {
            match ask().await {
                Err(error) if error.is_too_big() => return Err(ContentError::TooLarge),
                Err(error) if error.is_passing() && attempt < ATTEMPTS => attempt += 1,
                settled => return Ok(settled?),
            }
            sleep(self.api.files_wait_until(chat).map_or(PAUSE, |end| end - Instant::now())).await;
        }
    }
}
