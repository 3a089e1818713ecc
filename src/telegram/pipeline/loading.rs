//! Loading files from Telegram: counted for the limit of a day, one place per file, repeated while Telegram
//! fails, never during a penalty.

use std::time::Duration;

use tokio::time::Instant;

use crate::bot_api::ApiError;
use crate::db::file_bytes::{Claim, Expected, FetchKey};
use crate::domain::backoff::Backoff;
use crate::domain::file::{Attachment, LARGEST_LOADED, PUBLIC_LIMIT, Refusal};
use crate::domain::ids::{ChatId, MessageId, ThreadKey, UserId};
use crate::lifecycle::kill_point;
use crate::services::file_allowance;
use crate::services::file_copies::content;
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::fetches::FetchPermit;

/// The number of attempts at Telegram, and the first and the longest pause between them.
const TRIES: u32 = 4;
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(5));

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    /// Telegram's refusal, or the last failure.
    #[error("Telegram does not hand out the file")]
    Telegram(#[from] ApiError),
    /// The chat's penalty ends after the deadline.
    #[error("Telegram limits the chat for longer than a message waits for its file")]
    Penalty,
    /// A limit prevents it.
    #[error("a limit prevents loading the file: {0:?}")]
    Refused(Refusal),
}

/// A file to load: where it was sent, and what Telegram says of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) key: ThreadKey,
    /// The person who sent the message.
    pub(super) user: UserId,
    /// The message with the file, or with the reply to it.
    pub(super) message: MessageId,
    /// Whether the file belongs to the message that `message` replies to.
    pub(super) replied: bool,
    pub(super) attachment: &'a Attachment,
}

/// Loads the content with its fetch permit. Retries while Telegram fails. A file counts for the limit of a
/// day even if loading is cut short; it does not if loading fails.
pub(super) async fn load(
    context: &BotContext,
    source: Source<'_>,
    deadline: Instant,
) -> Result<(Vec<u8>, FetchPermit), LoadError> {
    let Source { key, user, message, replied, attachment } = source;
    let Attachment { unique_id, size, .. } = attachment;
    let fetch = FetchKey { chat: key.chat, message, replied, unique_id };
    let most = context.screen.api.file_limit().min(LARGEST_LOADED);
    let expected = size.map_or(Expected::AtMost(most), Expected::Size);
    let (books, drain) = (&context.books, &context.life.drain);
    if file_allowance::claim(books, drain, user, fetch, expected).await == Claim::OverLimit {
        return Err(LoadError::Refused(Refusal::DailyLimit));
    }
    kill_point!("file: counted");
    let loaded = load_counted(context, source, deadline).await;
    let bytes = loaded.as_ref().map_or(0, |(bytes, _)| bytes.len() as u64);
    file_allowance::correct(books, drain, user, fetch, bytes).await;
    loaded
}

async fn load_counted(
    context: &BotContext,
    source: Source<'_>,
    deadline: Instant,
) -> Result<(Vec<u8>, FetchPermit), LoadError> {
    let Source { key, user, attachment, .. } = source;
    let Attachment { telegram_id, unique_id, size, .. } = attachment;
    let api = &context.screen.api;
    api.preload(key.chat, telegram_id, *size).await;
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
    let mut number = 1;
    loop {
        let place = enter(context, (key.chat, user), *size, deadline).await?;
        let error = match content(api, &context.cache, key.chat, telegram_id, unique_id).await {
            Ok(bytes) => return Ok((bytes, place)),
            Err(error) if error.is_too_big() => return Err(too_large(api.file_limit(), &error)),
            Err(error) if error.is_passing() && number < TRIES => error,
            Err(error) => return Err(error.into()),
        };
        drop(place);
        warn(key.chat, number, &error);
        tokio::time::sleep(pauses.next()).await;
        number += 1;
    }
}

/// Returns the refusal of a file that Telegram or the download has found too large.
fn too_large(setting: u64, error: &ApiError) -> LoadError {
    let is_ours = matches!(error, ApiError::Refused { code: 413, .. });
    let limit = if is_ours { setting.min(LARGEST_LOADED) } else { setting.min(PUBLIC_LIMIT) };
    if limit < setting.min(LARGEST_LOADED) {
        tracing::warn!(
            setting,
            "the Bot API server refuses a file below TELEGRAM_FILE_LIMIT_MB: is it started with --local?"
        );
    }
    LoadError::Refused(Refusal::TooLarge { limit })
}

fn warn(chat: ChatId, number: u32, error: &ApiError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(chat.id = chat.0, number, error, "asking Telegram for a file again");
}

/// Waits for a permit while no penalty applies, so that a limited chat takes no permit from others.
async fn enter(
    context: &BotContext,
    (chat, user): (ChatId, UserId),
    size: Option<u64>,
    deadline: Instant,
) -> Result<FetchPermit, LoadError> {
    let api = &context.screen.api;
    loop {
        while let Some(end) = api.files_wait_until(chat) {
            if end >= deadline {
                return Err(LoadError::Penalty);
            }
            tokio::time::sleep_until(end).await;
        }
        let place = context.files.take(user, api, size).await;
        if api.files_wait_until(chat).is_none() {
            return Ok(place);
        }
    }
}
