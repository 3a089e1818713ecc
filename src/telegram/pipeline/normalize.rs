//! Normalize: prepares messages for storage. The text is normalised at once. Files are fetched from Telegram
//! and copied to the model's provider by a task, while the message waits in its batch. The batch becomes a
//! turn when all its files have arrived, so order is kept, and messages without files are not delayed.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::bot_api::ApiError;
use crate::db::files;
use crate::domain::file::{Attachment, PictureFault, ProviderCopy};
use crate::domain::ids::{ChatId, ThreadKey};
use crate::domain::message::Incoming;
use crate::llm::{LlmError, Unreadable, Upload};
use crate::services::admission::may_spend;
use crate::services::file_copies::{CopyError, content};
use crate::telegram::context::BotContext;
use crate::telegram::inbound::attachments::{self, DOWNLOAD_LIMIT};
use crate::telegram::pipeline::fetches::{FetchFuture, FetchOutcome, FetchPermit, FetchResult};

/// How long a fetch may take from the arrival of its message, including penalties, permits, retries and the
/// copy.
const FETCH_LIMIT: Duration = Duration::from_secs(240);
/// The number of attempts at Telegram, and the pause after the first failure, which doubles with each one.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(300);

/// Normalises a message for storage.
pub(crate) fn normalize(mut incoming: Incoming) -> Incoming {
    if incoming.text.contains('\r') {
        incoming.text = incoming.text.replace("\r\n", "\n").replace('\r', "\n");
    }
    if let Some(reply) = &mut incoming.context.reply {
        reply.cut_middle();
    }
    incoming
}

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("Telegram does not hand out the file")]
    Telegram(#[from] ApiError),
    #[error("the provider does not take the file")]
    Provider(#[from] LlmError),
    #[error("the file of {0} bytes turns out to be unreadable: {1:?}")]
    Unreadable(u64, Unreadable),
    #[error("the file of {0} bytes is not what it is said to be: {1:?}")]
    Foreign(u64, Unreadable),
    #[error("the picture of {0} bytes cannot be shown: {1:?}")]
    Faulty(u64, PictureFault),
    #[error("its sender is banned or has nothing to spend")]
    Withheld,
    #[error("the file took longer than {} s", FETCH_LIMIT.as_secs())]
    Slow,
    #[error("Telegram limits the chat for longer than a message waits for its file")]
    Penalty,
}

impl From<Result<(ProviderCopy, u64), FetchError>> for FetchOutcome {
    fn from(copied: Result<(ProviderCopy, u64), FetchError>) -> Self {
        match copied {
            Ok((copy, size)) => Self::Copied(copy, size),
            Err(FetchError::Unreadable(size, _)) => Self::Unreadable(size),
            // The size is unknown, but above Telegram's download limit.
            Err(FetchError::Telegram(error)) if error.is_too_big() => Self::Unreadable(DOWNLOAD_LIMIT + 1),
            Err(FetchError::Foreign(_, Unreadable::Empty)) => Self::Unreadable(0),
            Err(FetchError::Foreign(size, _) | FetchError::Faulty(size, PictureFault::Foreign)) => {
                Self::Foreign(size)
            }
            Err(FetchError::Faulty(size, fault)) => Self::Faulty(size, fault),
            Err(FetchError::Withheld) => Self::Withheld,
            Err(
                FetchError::Telegram(_) | FetchError::Provider(_) | FetchError::Slow | FetchError::Penalty,
            ) => Self::Failed,
        }
    }
}

/// Starts fetching the files of a message that a model could read. The file of the replied message is fetched
/// only if the batch does not contain it already (`brought`).
pub(crate) fn fetch(context: &Arc<BotContext>, incoming: &Incoming, brought: bool) -> Vec<FetchFuture> {
    let files = incoming
        .files()
        .filter(|(replied, file, _)| attachments::readable(file).is_ok() && !(*replied && brought));
    files.map(|(replied, file, _)| begin(context, incoming, replied, file.clone())).collect()
}

fn begin(
    context: &Arc<BotContext>,
    incoming: &Incoming,
    replied: bool,
    attachment: Attachment,
) -> FetchFuture {
    let (message, key) = (incoming.message, incoming.key);
    let (mut done, copy) = oneshot::channel();
    let task = context.clone();
    context.life.spawn("fetch", async move {
        let copied = tokio::select! {
            biased;
            // A cancelled fetch is repeated with its update.
            () = done.closed() => return,
            () = task.life.drain.cancelled() => return,
            copied = copy_file(&task, key, replied, &attachment) => copied,
        };
        let result = if copied.is_ok() { "ok" } else { "failed" };
        task.metrics.files_fetched.with_label_values(&[result]).inc();
        let copied = copied.inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::warn!(chat.id = key.chat.0, message.id = message.0, error, "a file was not fetched");
        });
        if done.send(copied.into()).is_err() {
            tracing::debug!("nobody waits for the file any more");
        }
    });
    async move { FetchResult { message, replied, outcome: copy.await.unwrap_or(FetchOutcome::Failed) } }
        .boxed()
}

async fn copy_file(
    context: &BotContext,
    key: ThreadKey,
    replied: bool,
    attachment: &Attachment,
) -> Result<(ProviderCopy, u64), FetchError> {
    let deadline = Instant::now() + FETCH_LIMIT;
    let work = async {
        if !may_spend(&context.books, &context.life.drain, key.user).await {
            return Err(FetchError::Withheld);
        }
        if replied && let Some(known) = known_copy(context, key, attachment).await {
            return Ok(known);
        }
        let (bytes, _place) = load(context, key, attachment, deadline).await?;
        let size = bytes.len() as u64;
        let whole = Attachment { size: Some(size), ..attachment.clone() };
        attachments::readable(&whole).map_err(|why| FetchError::Unreadable(size, why))?;
        let Attachment { name, mime, .. } = whole;
        let copied = context.assistant.copies.upload(Upload { name, mime, bytes }).await;
        let copy = copied.map_err(|error| match error {
            CopyError::Faulty(fault) => FetchError::Faulty(size, fault),
            CopyError::Provider(LlmError::Unreadable(why)) => FetchError::Foreign(size, why),
            CopyError::Provider(error) => error.into(),
        })?;
        Ok((copy, size))
    };
    tokio::time::timeout_at(deadline, work).await.unwrap_or(Err(FetchError::Slow))
}

/// Returns the copy that the conversation already has of a replied file.
async fn known_copy(
    context: &BotContext,
    key: ThreadKey,
    attachment: &Attachment,
) -> Option<(ProviderCopy, u64)> {
    let (db, unique_id) = (&context.db, &attachment.unique_id);
    if unique_id.is_empty() {
        return None;
    }
    let find = || files::copy_in(db, key, unique_id);
    let found = db.until(&context.life.drain).persist(find).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(chat.id = key.chat.0, error = &error as &dyn std::error::Error, "no copy is known");
        None
    })
}

/// Loads the content with its fetch permit. Retries while Telegram fails.
async fn load(
    context: &BotContext,
    key: ThreadKey,
    attachment: &Attachment,
    deadline: Instant,
) -> Result<(Vec<u8>, FetchPermit), FetchError> {
    let Attachment { telegram_id, unique_id, .. } = attachment;
    let mut number = 1;
    loop {
        let place = enter(context, key, deadline).await?;
        let error = match content(&context.screen.api, &context.cache, key.chat, telegram_id, unique_id).await
        {
            Ok(bytes) => return Ok((bytes, place)),
            Err(error) if error.is_passing() && number < TRIES => error,
            Err(error) => return Err(error.into()),
        };
        drop(place);
        warn(key.chat, number, &error);
        tokio::time::sleep(PAUSE * 2_u32.pow(number - 1)).await;
        number += 1;
    }
}

fn warn(chat: ChatId, number: u32, error: &ApiError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(chat.id = chat.0, number, error, "asking Telegram for a file again");
}

/// Waits for a permit while no penalty applies, so that a limited chat takes no permit from others.
async fn enter(context: &BotContext, key: ThreadKey, deadline: Instant) -> Result<FetchPermit, FetchError> {
    let api = &context.screen.api;
    loop {
        while let Some(end) = api.files_wait_until(key.chat) {
            if end >= deadline {
                return Err(FetchError::Penalty);
            }
            tokio::time::sleep_until(end).await;
        }
        let place = context.files.take(key.user).await;
        if api.files_wait_until(key.chat).is_none() {
            return Ok(place);
        }
    }
}
