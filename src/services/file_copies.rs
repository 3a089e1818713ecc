//! Copies of people's files at the model's provider: where their content comes from, and how a copy that the
//! provider does not have any more is made again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};

use crate::bot_api::{Api, ApiError};
use crate::cache::{Cache, file_bytes};
use crate::db::files::{self, FileSource};
use crate::db::{Db, DbError};
use crate::domain::clock::Clock;
use crate::domain::file::{COPY_LIFETIME, LARGEST_LOADED, PictureFault, ProviderCopy};
use crate::domain::ids::{ChatId, ThreadId};
use crate::images::{self, Picture};
use crate::llm::{self, LlmError, Provider, Readable, Upload};

/// How long renewing a copy may take: the answer waits for it.
const RENEWAL_LIMIT: Duration = Duration::from_secs(60);
/// Copies that are renewed at once, over all conversations: each is in memory while it moves.
const MAX_RENEWALS: usize = 2;
/// Pictures that are converted at once, over all conversations. Each takes up to 250 MB while it is decoded;
/// a usual photo is not decoded, or takes about 40 MB.
const MAX_CONVERSIONS: usize = 2;
/// How often Telegram is asked for a file, and the pause after a failure.
const ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(500);

/// Renews copies at the provider. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct FileCopies {
    api: Api,
    cache: Cache,
    provider: Provider,
    db: Db,
    clock: Clock,
    renewals: Arc<Semaphore>,
    conversions: Arc<Semaphore>,
    dropped: Arc<Notify>,
}

/// Why the provider has no copy of a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// It is a picture that cannot be shown to a model.
    #[error("the picture cannot be shown to a model: {0:?}")]
    Faulty(PictureFault),
    /// The provider does not take it.
    #[error("the provider does not take the file")]
    Provider(#[from] LlmError),
}

/// Why a copy was not renewed.
#[derive(Debug, thiserror::Error)]
enum RenewalError {
    #[error("Telegram does not hand out the file")]
    Telegram(#[from] ApiError),
    #[error("it cannot be copied")]
    Copy(#[from] CopyError),
    #[error("the database does not know or keep the copy")]
    Database(#[from] DbError),
    #[error("no file of the conversation has this copy")]
    Unknown,
    #[error("it took longer than {} s", RENEWAL_LIMIT.as_secs())]
    Slow,
}

impl FileCopies {
    pub(crate) fn new(api: Api, cache: Cache, provider: Provider, db: Db, clock: Clock) -> Self {
        let renewals = Arc::new(Semaphore::new(MAX_RENEWALS));
        let conversions = Arc::new(Semaphore::new(MAX_CONVERSIONS));
        Self { api, cache, provider, db, clock, renewals, conversions, dropped: Arc::default() }
    }

    /// Returns what wakes the deletion of copies that no file refers to any more.
    pub(crate) fn dropped(&self) -> Arc<Notify> {
        self.dropped.clone()
    }

    /// Copies a file's content to the provider; a picture first becomes one that a model takes.
    ///
    /// # Errors
    /// Returns [`CopyError::Faulty`] for a picture that cannot be shown, and the provider's errors.
    pub(crate) async fn upload(&self, mut upload: Upload) -> Result<ProviderCopy, CopyError> {
        let expires_at = self.clock.now() + COPY_LIFETIME;
        if llm::readable(&upload.mime, &upload.name, upload.bytes.len() as u64) == Ok(Readable::Image) {
            let picture = self.fit_picture(upload.bytes).await.map_err(CopyError::Faulty)?;
            upload = Upload { name: upload.name, mime: picture.mime.to_owned(), bytes: picture.bytes };
        }
        let id = self.provider.upload(upload).await?;
        Ok(ProviderCopy { id, expires_at })
    }

    /// Converts a picture on a thread for blocking work. Dropping the future does not end that thread, so the
    /// thread holds the permit.
    async fn fit_picture(&self, bytes: Vec<u8>) -> Result<Picture, PictureFault> {
        // The semaphore is never closed, so this always returns a permit.
        let permit = self.conversions.clone().acquire_owned().await.ok();
        let work = move || {
            let _permit = permit;
            images::fit(&bytes)
        };
        let picture = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "converting a picture failed");
            Err(PictureFault::Broken)
        })?;
        if picture.frames > 1 {
            tracing::debug!(frames = picture.frames, "only the first frame of an animation is shown");
        }
        Ok(picture)
    }

    /// Makes a copy again that the provider does not have any more, from the file at Telegram, and stores its
    /// id for the conversation. Returns the new id, or `None` if the file can no longer be had; takes 60 s at
    /// most.
    pub(crate) async fn renew(&self, thread: ThreadId, lost: &str) -> Option<String> {
        let deadline = Instant::now() + RENEWAL_LIMIT;
        let renewed = timeout_at(deadline, self.make_again(thread, lost)).await;
        match renewed.unwrap_or(Err(RenewalError::Slow)) {
            Ok(copy) => {
                tracing::info!("a copy that the provider did not have was made again");
                Some(copy)
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a copy that the provider does not have is lost");
                None
            }
        }
    }

    async fn make_again(&self, thread: ThreadId, lost: &str) -> Result<String, RenewalError> {
        let db = &self.db;
        let source = db.persist(|| files::source(db, thread, lost)).await?.ok_or(RenewalError::Unknown)?;
        let FileSource { chat, telegram_id, unique_id, name, mime } = source;
        let permit = self.renewals.acquire().await;
        let bytes = self.content_patiently(chat, &telegram_id, &unique_id).await?;
        let copy = self.upload(Upload { name, mime, bytes }).await?;
        drop(permit);
        db.persist(|| files::renewed(db, thread, lost, &copy)).await?;
        self.dropped.notify_one();
        Ok(copy.id)
    }

    async fn content_patiently(
        &self,
        chat: ChatId,
        telegram_id: &str,
        unique_id: &str,
    ) -> Result<Vec<u8>, ApiError> {
        let mut attempt = 1;
        loop {
            match content(&self.api, &self.cache, chat, telegram_id, unique_id).await {
                Err(error) if error.is_passing() && attempt < ATTEMPTS => attempt += 1,
                settled => return settled,
            }
            // After a penalty it may work again; the renewal's own limit ends the wait.
            sleep(self.api.files_wait_until(chat).map_or(PAUSE, |end| end - Instant::now())).await;
        }
    }
}

/// Returns the content of a file, from the cache or from Telegram. It must belong to a message of `chat`. The
/// caller has room for it ([`Api::room_for`]) or reads few files at once.
///
/// # Errors
/// Returns Telegram's refusals, and failures of the network.
pub(crate) async fn content(
    api: &Api,
    cache: &Cache,
    chat: ChatId,
    telegram_id: &str,
    unique_id: &str,
) -> Result<Vec<u8>, ApiError> {
    if let Some(bytes) = file_bytes::get(cache, unique_id).await {
        return Ok(bytes);
    }
    let bytes = api.download(chat, telegram_id, api.file_limit().min(LARGEST_LOADED)).await?;
    file_bytes::put(cache, unique_id, &bytes).await;
    Ok(bytes)
}
