//! Loading files from Telegram: one place per file, repeated while Telegram fails, never during a penalty.

use std::time::Duration;

use tokio::time::Instant;

use crate::bot_api::ApiError;
use crate::domain::backoff::Backoff;
use crate::domain::file::Attachment;
use crate::domain::ids::{ChatId, ThreadKey};
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
}

/// Loads the content with its fetch permit. Retries while Telegram fails.
pub(super) async fn load(
    context: &BotContext,
    key: ThreadKey,
    attachment: &Attachment,
    deadline: Instant,
) -> Result<(Vec<u8>, FetchPermit), LoadError> {
    let Attachment { telegram_id, unique_id, .. } = attachment;
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
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
        tokio::time::sleep(pauses.next()).await;
        number += 1;
    }
}

fn warn(chat: ChatId, number: u32, error: &ApiError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(chat.id = chat.0, number, error, "asking Telegram for a file again");
}

/// Waits for a permit while no penalty applies, so that a limited chat takes no permit from others.
async fn enter(context: &BotContext, key: ThreadKey, deadline: Instant) -> Result<FetchPermit, LoadError> {
    let api = &context.screen.api;
    loop {
        while let Some(end) = api.files_wait_until(key.chat) {
            if end >= deadline {
                return Err(LoadError::Penalty);
            }
            tokio::time::sleep_until(end).await;
        }
        let place = context.files.take(key.user).await;
        if api.files_wait_until(key.chat).is_none() {
            return Ok(place);
        }
    }
}
