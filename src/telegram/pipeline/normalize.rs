//! Normalize: prepares messages for storage. The text is normalised at once. Files are fetched from Telegram
//! and copied to the model's provider, or read as documents, by a task, while the message waits in its batch.
//! The batch becomes a turn when all its files have arrived, so order is kept, and messages without files are
//! not delayed.

use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::db::{copy_deletions, files};
use crate::domain::digest::DigestBuilder;
use crate::domain::file::{Attachment, DocumentFault, Loaded, PictureFault, ProviderCopy};
use crate::domain::ids::{MessageId, ThreadKey, UserId};
use crate::domain::message::Incoming;
use crate::llm::{LlmError, Readable, Unreadable, Upload};
use crate::services::admission::may_spend;
use crate::services::file_copies::CopyError;
use crate::telegram::context::BotContext;
use crate::telegram::inbound::attachments::{self, Reading};
use crate::telegram::pipeline::fetches::{FETCH_LIMIT, FetchFuture, FetchOutcome, FetchPermit};
use crate::telegram::pipeline::loading::{LoadError, Source, load};
use crate::telegram::pipeline::voice;

/// How many bytes are digested at a time; takes about 0.1 ms.
const DIGEST_PIECE: usize = 128 * 1024;

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
    #[error("the file of {size} bytes turns out to be unreadable: {1:?}", size = .0.size)]
    Unreadable(Loaded, Unreadable),
    #[error("the file of {size} bytes is not what it is said to be: {1:?}", size = .0.size)]
    Foreign(Loaded, Unreadable),
    #[error("the picture of {size} bytes cannot be shown: {1:?}", size = .0.size)]
    Faulty(Loaded, PictureFault),
    #[error("the document of {size} bytes cannot be read: {1:?}", size = .0.size)]
    FaultyDocument(Loaded, DocumentFault),
    #[error("its sender is banned or has nothing to spend")]
    Withheld,
    #[error("the file took longer than {} s", FETCH_LIMIT.as_secs())]
    Slow,
}

impl From<FetchError> for FetchOutcome {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Unreadable(loaded, _) => Self::Unreadable(loaded),
            FetchError::Load(LoadError::Refused(refusal)) => Self::Refused(refusal),
            FetchError::Foreign(loaded, Unreadable::Empty) => Self::Unreadable(Loaded { size: 0, ..loaded }),
            FetchError::Foreign(loaded, _) | FetchError::Faulty(loaded, PictureFault::Foreign) => {
                Self::Foreign(loaded)
            }
            FetchError::Faulty(loaded, fault) => Self::Faulty(loaded, fault),
            FetchError::FaultyDocument(loaded, fault) => Self::FaultyDocument(loaded, fault),
            FetchError::Withheld => Self::Withheld,
            FetchError::Load(_) | FetchError::Provider(_) | FetchError::Slow => Self::Failed,
        }
    }
}

/// Starts fetching the files of a message that a model could read. The file of the replied message is fetched
/// only if the batch does not contain it already (`brought`).
pub(crate) fn fetch(context: &Arc<BotContext>, incoming: &Incoming, brought: bool) -> Vec<FetchFuture> {
    let most = context.screen.api.file_limit();
    let files = incoming
        .files()
        .filter(|(replied, file, _)| attachments::fetchable(file, most).is_ok() && !(*replied && brought));
    let begin = |(replied, file, _): (bool, &Attachment, _)| {
        if file.kind.is_spoken() {
            voice::begin(context, incoming, replied, file.clone())
        } else {
            begin(context, (incoming.key, incoming.sender.id), incoming.message, replied, file.clone(), true)
        }
    };
    files.map(begin).collect()
}

/// Starts fetching the file that an edit has put into a message, if a model could read it.
pub(crate) fn fetch_edited(
    context: &Arc<BotContext>,
    (key, user): (ThreadKey, UserId),
    message: MessageId,
    attachment: &Attachment,
) -> Option<FetchFuture> {
    let is_fetched = attachments::reading(attachment, context.screen.api.file_limit()).is_ok();
    is_fetched.then(|| begin(context, (key, user), message, false, attachment.clone(), false))
}

/// Queues the copy of a file that no message will have, so that the provider does not keep it.
pub(crate) async fn drop_copy(context: &BotContext, copy: &ProviderCopy) {
    let db = &context.db;
    if let Err(error) = db.persist(|| copy_deletions::queue(db.pool(), &copy.id)).await {
        // The provider deletes it after its lifetime.
        tracing::warn!(error = &error as &dyn std::error::Error, "a copy without a file is not queued");
    }
    context.copies_dropped.notify_one();
}

/// Starts fetching a file. If an answer `follows`, the chat shows meanwhile that it is on its way.
fn begin(
    context: &Arc<BotContext>,
    (key, user): (ThreadKey, UserId),
    message: MessageId,
    replied: bool,
    attachment: Attachment,
    follows: bool,
) -> FetchFuture {
    let (mut done, outcome) = oneshot::channel();
    let task = context.clone();
    context.life.spawn("fetch", async move {
        let source = Source { key, user, message, replied, attachment: &attachment };
        let _action = follows.then(|| task.screen.actions.show(key, message));
        // A cancelled fetch is repeated with its update.
        let unwanted = async {
            tokio::select! {
                () = done.closed() => {}
                () = task.life.drain.cancelled() => {}
            }
        };
        let fetched = tokio::select! {
            biased;
            () = task.life.abort.cancelled() => return,
            fetched = fetch_file(&task, source, unwanted) => fetched,
        };
        let Some(fetched) = fetched else { return };
        let result = match &fetched {
            Ok(_) => "ok",
            Err(FetchError::Load(LoadError::Refused(_))) => "refused",
            Err(_) => "failed",
        };
        task.metrics.files_fetched.with_label_values(&[result]).inc();
        let fetched = fetched.unwrap_or_else(|failure| {
            let (chat, error) = (key.chat.0, &failure as &dyn std::error::Error);
            if result == "refused" {
                tracing::info!(chat.id = chat, message.id = message.0, error, "a file was not fetched");
            } else {
                tracing::warn!(chat.id = chat, message.id = message.0, error, "a file was not fetched");
            }
            failure.into()
        });
        if let Err(unwanted) = done.send(fetched) {
            tracing::debug!("nobody waits for the file any more");
            if let FetchOutcome::Copied(copy, _) = unwanted {
                drop_copy(&task, &copy).await;
            }
        }
    });
    FetchFuture::new(message, replied, outcome.map(|outcome| outcome.unwrap_or(FetchOutcome::Failed)))
}

/// A file on its way to the model.
enum Found {
    /// The conversation has a copy of it.
    Copy(ProviderCopy, Loaded),
    /// Its content, with the permit to have it in memory.
    Content(Vec<u8>, FetchPermit),
}

/// Fetches a file. Returns `None` if it becomes `unwanted` before its content is there. From then on it is
/// fetched until the deadline all the same, because only a copy whose id is known can be deleted.
async fn fetch_file(
    context: &BotContext,
    source: Source<'_>,
    unwanted: impl Future<Output = ()>,
) -> Option<Result<FetchOutcome, FetchError>> {
    let deadline = Instant::now() + FETCH_LIMIT;
    let found = tokio::select! {
        biased;
        () = unwanted => return None,
        found = timeout_at(deadline, find_file(context, source, deadline)) => found.unwrap_or(Err(FetchError::Slow)),
    };
    let work = async {
        let (bytes, _place) = match found? {
            Found::Copy(copy, loaded) => return Ok(FetchOutcome::Copied(copy, loaded)),
            Found::Content(bytes, place) => (bytes, place),
        };
        let loaded = measure(&bytes).await;
        let whole =
            Attachment { size: Some(loaded.size), digest: loaded.digest, ..source.attachment.clone() };
        let most = context.screen.api.file_limit();
        match attachments::reading(&whole, most).map_err(|why| FetchError::Unreadable(loaded, why))? {
            Reading::Copy(readable) => match known_copy(context, source.key, &whole).await {
                Some((copy, _)) => Ok(FetchOutcome::Copied(copy, loaded)),
                None => copy_file(context, readable, (whole, loaded), bytes).await,
            },
            Reading::Preview => preview(context, (&whole, loaded), bytes).await,
        }
    };
    Some(timeout_at(deadline, work).await.unwrap_or(Err(FetchError::Slow)))
}

async fn find_file(context: &BotContext, source: Source<'_>, deadline: Instant) -> Result<Found, FetchError> {
    let Source { key, user, replied, attachment, .. } = source;
    if !may_spend(&context.books, &context.life.drain, (user, key.chat)).await {
        return Err(FetchError::Withheld);
    }
    if replied && let Some((copy, loaded)) = known_copy(context, key, attachment).await {
        return Ok(Found::Copy(copy, loaded));
    }
    let (bytes, place) = load(context, source, deadline).await?;
    Ok(Found::Content(bytes, place))
}

/// Measures a content. It stays on this thread, because threads for blocking work that read large contents keep
/// memory of their own, and yields between the pieces.
async fn measure(bytes: &[u8]) -> Loaded {
    let mut digest = DigestBuilder::default();
    for piece in bytes.chunks(DIGEST_PIECE) {
        digest.add(piece);
        tokio::task::yield_now().await;
    }
    Loaded { size: bytes.len() as u64, digest: Some(digest.finish()) }
}

/// Copies a file to the model's provider. A text that turns out to be no text may be a document under a wrong
/// name.
async fn copy_file(
    context: &BotContext,
    readable: Readable,
    (attachment, loaded): (Attachment, Loaded),
    bytes: Vec<u8>,
) -> Result<FetchOutcome, FetchError> {
    let (name, mime) = (attachment.name.clone(), attachment.mime.clone());
    // At most 1 MB.
    let text = (readable == Readable::Text).then(|| bytes.clone());
    let copied = context.assistant.copies.upload(Upload { name, mime, bytes }).await;
    match (copied, text) {
        (Ok(copy), _) => Ok(FetchOutcome::Copied(copy, loaded)),
        (Err(CopyError::Faulty(fault)), _) => Err(FetchError::Faulty(loaded, fault)),
        (Err(CopyError::Provider(LlmError::Unreadable(Unreadable::Kind))), Some(bytes)) => {
            preview(context, (&attachment, loaded), bytes).await
        }
        (Err(CopyError::Provider(LlmError::Unreadable(why))), _) => Err(FetchError::Foreign(loaded, why)),
        (Err(CopyError::Provider(error)), _) => Err(error.into()),
    }
}

/// Reads a document as text.
async fn preview(
    context: &BotContext,
    (attachment, loaded): (&Attachment, Loaded),
    bytes: Vec<u8>,
) -> Result<FetchOutcome, FetchError> {
    let Attachment { name, mime, .. } = attachment;
    let preview = context.assistant.previews.for_prompts(name, mime, bytes).await;
    preview
        .map(|preview| FetchOutcome::Previewed(preview, loaded))
        .map_err(|fault| FetchError::FaultyDocument(loaded, fault))
}

/// Returns the copy that the conversation already has of a file.
async fn known_copy(
    context: &BotContext,
    key: ThreadKey,
    attachment: &Attachment,
) -> Option<(ProviderCopy, Loaded)> {
    let db = &context.db;
    let find = || files::copy_in(db, key, attachment);
    let found = db.until(&context.life.drain).persist(find).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(chat.id = key.chat.0, error = &error as &dyn std::error::Error, "no copy is known");
        None
    })
}
