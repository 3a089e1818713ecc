//! Long polling: the offset moves only past updates that are stored.

use std::time::Duration;

use super::super::api::ApiError;
use super::super::api::methods::GetUpdates;
use super::{Intake, KINDS};

/// How long Telegram holds an empty answer back, in seconds.
const WAIT_S: u64 = 30;
/// The pause after a failure that may pass; it doubles up to the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));
/// The pause after a conflict: the other poller must be found by a person.
const CONFLICT_PAUSE: Duration = Duration::from_secs(15);

/// Fetches updates until the service drains.
pub async fn poll(intake: Intake) {
    let drain = intake.context.life.drain.clone();
    tokio::select! {
        biased;
        () = drain.cancelled() => {}
        () = forever(&intake) => {}
    }
}

async fn forever(intake: &Intake) {
    let mut offset = None;
    let (mut pause, longest) = PAUSES;
    loop {
        let method = GetUpdates { offset, limit: 100, timeout: WAIT_S, allowed_updates: KINDS };
        let fetched = intake.context.screen.api.call(&method).await;
        let wait = match fetched {
            Ok(updates) => {
                let updates =
                    updates.into_iter().map(|update| Box::<str>::from(update).into_string()).collect();
                match intake.take(updates).await {
                    Ok(newest) => {
                        offset = newest.map(|newest| newest.0 + 1).or(offset);
                        pause = PAUSES.0;
                        continue;
                    }
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::error!(error, "updates cannot be stored, they are fetched again");
                        pause
                    }
                }
            }
            Err(error) => complain(&error).unwrap_or(pause),
        };
        tokio::time::sleep(wait).await;
        pause = (pause * 2).min(longest);
    }
}

/// Says what is wrong and how long to wait, if that depends on it.
fn complain(error: &ApiError) -> Option<Duration> {
    match error {
        ApiError::Conflict(words) => {
            tracing::error!(
                words,
                "somebody else fetches the updates of this bot: stop the other instance, or the webhook"
            );
            Some(CONFLICT_PAUSE)
        }
        ApiError::Unauthorized(words) => {
            tracing::error!(words, "Telegram does not accept TELEGRAM_BOT_TOKEN");
            Some(CONFLICT_PAUSE)
        }
        ApiError::Flood(wait) => Some(*wait),
        other => {
            tracing::warn!(
                error = other as &dyn std::error::Error,
                "updates cannot be fetched, trying again"
            );
            None
        }
    }
}
