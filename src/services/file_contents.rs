//! Contents of the files of a conversation, by the ids under which the model names them: those that people
//! have sent, and those that tools have made.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::file_allowance::{self, DailyLimit};
use super::file_copies::content;
use super::made_files::MadeFiles;
use crate::bot_api::{Api, ApiError};
use crate::cache::Cache;
use crate::db::DbError;
use crate::db::file_bytes::{Claim, Expected, FetchKey};
use crate::db::files::{self, FileSource, NamedFile};
use crate::domain::file::{FileKind, LARGEST_LOADED};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, MessageId, ThreadKey, UserId};
use crate::domain::speech::RecordingId;
use crate::lifecycle::kill_point;

/// How often Telegram is asked for a file, and the pause after a failure. The caller limits the whole time.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Finds and loads files. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileContents {
    api: Api,
    cache: Cache,
    books: Arc<Books>,
    made_files: MadeFiles,
    /// Ends waiting for the database.
    stop: CancellationToken,
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
    /// Telegram's id of the content; empty for a made file.
    pub(crate) unique_id: String,
    /// The recording that it is, if it is one.
    pub(crate) recording: Option<RecordingId>,
    place: Place,
}

/// Where the content of a file is.
#[derive(Clone, Debug)]
enum Place {
    Person(PersonsFile),
    Made { chat: ChatId, telegram_id: Option<String> },
}

/// A file that a person has sent, at Telegram.
#[derive(Clone, Debug)]
struct PersonsFile {
    user: UserId,
    chat: ChatId,
    /// The message that contains it, or replies to it (`replied`).
    message: MessageId,
    replied: bool,
    telegram_id: String,
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
    /// With it, its sender would have more than the limit of a day.
    #[error("the file is over the limit of {} MB of files per day", .0.megabytes())]
    DailyLimit(DailyLimit),
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
    pub(crate) fn new(
        api: Api,
        cache: Cache,
        books: Books,
        made_files: MadeFiles,
        stop: CancellationToken,
    ) -> Self {
        Self { api, cache, books: Arc::new(books), made_files, stop }
    }

    /// Contents that no test reaches.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let http = crate::http::client(Duration::from_secs(1)).unwrap();
        let metrics = crate::telemetry::metrics::Metrics::new().unwrap();
        let api = Api::new(http, "http://127.0.0.1:1", &"1:a".to_owned().into(), 0, metrics).unwrap();
        let registry = crate::llm::registry::Registry::load(None).unwrap();
        let (clock, terms) = (crate::domain::clock::Clock::System, super::books::Terms::default());
        let books = Books { db: crate::db::Db::nowhere(), registry, clock, terms };
        Self::new(api, Cache::disabled(), books, MadeFiles::nowhere(), CancellationToken::new())
    }

    /// Returns the file of a conversation with this id. Returns `None` if there is none, if it belongs to
    /// another conversation, or if it was cleared or has expired.
    pub(crate) async fn find(&self, key: ThreadKey, id: PublicFileId) -> Result<Option<FoundFile>, DbError> {
        if let Some(named) = files::named(&self.books.db, key, id).await? {
            let NamedFile { source, kind, size, message, sender, replied, recording } = named;
            let FileSource { chat, telegram_id, unique_id, name, mime } = source;
            let place = Place::Person(PersonsFile { user: sender, chat, message, replied, telegram_id });
            return Ok(Some(FoundFile { id, name, mime, kind, size, unique_id, recording, place }));
        }
        let made = self.made_files.sendable(key, &[id]).await?;
        Ok(made.into_iter().next().map(|file| FoundFile {
            id,
            name: file.name,
            mime: file.mime,
            kind: FileKind::Document,
            size: u64::try_from(file.size).unwrap_or_default(),
            unique_id: String::new(),
            recording: None,
            place: Place::Made { chat: key.chat, telegram_id: file.telegram_id },
        }))
    }

    /// Loads the content of a file: from Redis, the store of made files or Telegram, which is asked again
    /// after passing failures. Waits for room in memory first. A person's file counts for the limit of a day,
    /// once for each message, as if it had been fetched when it arrived.
    ///
    /// # Errors
    /// Returns a [`ContentError`].
    pub(crate) async fn load(&self, file: &FoundFile) -> Result<LoadedFile, ContentError> {
        match &file.place {
            Place::Person(source) => {
                self.check_size(file)?;
                let (books, stop) = (&*self.books, &self.stop);
                let (fetch, expected) = self.fetch(file, source);
                let claim = file_allowance::claim(books, stop, source.user, fetch, expected).await;
                if claim == Claim::OverLimit {
                    return Err(self.over_limit());
                }
                kill_point!("file: counted");
                let room = self.room(file).await;
                let PersonsFile { chat, telegram_id, .. } = source;
                let ask = || content(&self.api, &self.cache, *chat, telegram_id, &file.unique_id);
                let loaded = self.patiently(*chat, ask).await;
                // What was counted before may have come then, although it does not now.
                if claim == Claim::New || loaded.is_ok() {
                    let bytes = loaded.as_ref().map_or(0, |bytes| bytes.len() as u64);
                    file_allowance::correct(books, stop, source.user, fetch, bytes).await;
                }
                Ok(LoadedFile { bytes: loaded?, room })
            }
            Place::Made { chat, telegram_id } => {
                let room = self.room(file).await;
                let bytes = match (self.made_files.content(file.id).await?, telegram_id) {
                    (Some(content), _) => content,
                    (None, Some(telegram_id)) => {
                        let ask = || self.api.download(*chat, telegram_id, self.largest());
                        self.patiently(*chat, ask).await?
                    }
                    (None, None) => return Err(ContentError::Gone),
                };
                Ok(LoadedFile { bytes, room })
            }
        }
    }

    /// Waits for room in memory for a file.
    async fn room(&self, file: &FoundFile) -> Option<OwnedSemaphorePermit> {
        self.api.room_for(Some(file.size).filter(|size| *size > 0)).await
    }

    /// Refuses what [`load`](Self::load) would refuse because of a limit, and counts nothing. Made files may be
    /// larger than what Telegram hands out: the store has them until they are sent.
    ///
    /// # Errors
    /// Returns a [`ContentError`].
    pub(crate) async fn check(&self, file: &FoundFile) -> Result<(), ContentError> {
        let Place::Person(source) = &file.place else { return Ok(()) };
        self.check_size(file)?;
        let (fetch, expected) = self.fetch(file, source);
        let within = file_allowance::is_within_limit(&self.books, source.user, fetch, expected).await?;
        if within { Ok(()) } else { Err(self.over_limit()) }
    }

    fn check_size(&self, file: &FoundFile) -> Result<(), ContentError> {
        let limit = self.largest();
        if file.size > limit { Err(ContentError::TooLarge { limit }) } else { Ok(()) }
    }

    /// Returns how loading a person's file counts for the limit of a day.
    fn fetch<'a>(&self, file: &'a FoundFile, source: &PersonsFile) -> (FetchKey<'a>, Expected) {
        let PersonsFile { chat, message, replied, .. } = *source;
        let fetch = FetchKey { chat, message, replied, unique_id: &file.unique_id };
        let expected =
            if file.size > 0 { Expected::Size(file.size) } else { Expected::AtMost(self.largest()) };
        (fetch, expected)
    }

    fn over_limit(&self) -> ContentError {
        ContentError::DailyLimit(DailyLimit::of(&self.books))
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
