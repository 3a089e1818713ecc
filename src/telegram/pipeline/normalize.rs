//! Normalize: prepares messages for storage. The text is normalised at once. Files are fetched from Telegram
//! and copied to the model's provider by a task, while the message waits in its batch. The batch becomes a
//! turn when all its files have arrived, so order is kept, and messages without files are not delayed.

use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::db::files;
use crate::domain::file::{Attachment, PictureFault, ProviderCopy};
use crate::domain::ids::ThreadKey;
use crate::domain::message::Incoming;
use crate::llm::{LlmError, Unreadable, Upload};
use crate::services::admission::may_spend;
use crate::services::file_copies::CopyError;
use crate::telegram::context::BotContext;
use crate::telegram::inbound::attachments::{self, DOWNLOAD_LIMIT};
use crate::telegram::pipeline::fetches::{FETCH_LIMIT, FetchFuture, FetchOutcome, FetchResult};
use crate::telegram::pipeline::loading::{LoadError, load};
use crate::telegram::pipeline::voice;

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
    #[error(transparent)]
    Load(#[from] LoadError),
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
}

impl From<Result<(ProviderCopy, u64), FetchError>> for FetchOutcome {
    fn from(copied: Result<(ProviderCopy, u64), FetchError>) -> Self {
        match copied {
            Ok((copy, size)) => Self::Copied(copy, size),
            Err(FetchError::Unreadable(size, _)) => Self::Unreadable(size),
            // The size is unknown, but above Telegram's download limit.
            Err(FetchError::Load(LoadError::Telegram(error))) if error.is_too_big() => {
                Self::Unreadable(DOWNLOAD_LIMIT + 1)
            }
            Err(FetchError::Foreign(_, Unreadable::Empty)) => Self::Unreadable(0),
            Err(FetchError::Foreign(size, _) | FetchError::Faulty(size, PictureFault::Foreign)) => {
                Self::Foreign(size)
            }
            Err(FetchError::Faulty(size, fault)) => Self::Faulty(size, fault),
            Err(FetchError::Withheld) => Self::Withheld,
            Err(FetchError::Load(_) | FetchError::Provider(_) | FetchError::Slow) => Self::Failed,
        }
    }
}

/// Starts fetching the files of a message that a model could read. The file of the replied message is fetched
/// only if the batch does not contain it already (`brought`).
pub(crate) fn fetch(context: &Arc<BotContext>, incoming: &Incoming, brought: bool) -> Vec<FetchFuture> {
    let files = incoming
        .files()
        .filter(|(replied, file, _)| attachments::fetchable(file).is_ok() && !(*replied && brought));
    let begin = |(replied, file, _): (bool, &Attachment, _)| {
        let begin = if file.kind.is_spoken() { voice::begin } else { begin };
        begin(context, incoming, replied, file.clone())
    };
    files.map(begin).collect()
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
