//! Long polling: the offset moves only past updates that are stored.

use std::time::Duration;

use tokio::time::Instant;

use super::{Intake, KINDS, READY_GRACE};
use crate::bot_api::ApiError;
use crate::bot_api::methods::GetUpdates;
use crate::domain::backoff::Backoff;
use crate::domain::ids::UpdateId;

/// The long-polling timeout, in seconds.
const WAIT_S: u64 = 30;
/// How long a poll may last before the service counts as taking no updates: its timeout and some time to
/// store them.
const SILENCE: Duration = Duration::from_secs(WAIT_S + 20);
/// The first and the longest pause after a transient failure; it doubles each time.
const PAUSES: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(15));
/// The pause after a conflict. Two pollers end each other's polls, so a short one would only make both fail
/// more often. After a restart the predecessor has ended by then.
const CONFLICT_PAUSE: Duration = Duration::from_secs(5);
/// How long polls must succeed after a conflict before the other poller counts as gone, because it pauses
/// between its own.
const CALM: Duration = Duration::from_secs(15);
/// The long-polling timeout in seconds while the other poller may still exist.
const CALM_WAIT_S: u64 = 5;
/// The reason reported while another poller may exist.
const CONFLICT: &str = "somebody else fetches the updates of this bot";

/// Fetches updates until the service is to stop.
pub(crate) async fn poll(intake: Intake) {
    tokio::select! {
        biased;
        () = intake.context.life.stopped() => {}
        () = forever(&intake) => {}
    }
}

async fn forever(intake: &Intake) {
    let health = &intake.context.readiness.intake;
    let mut offset = None;
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
    // The first poll does not wait, because its end shows whether polls succeed.
    let mut wait_s = 0;
    let mut conflict: Option<Instant> = None;
    loop {
        let method = GetUpdates { offset, limit: 100, timeout: wait_s, allowed_updates: KINDS };
        let failure = match fetch(intake, &method).await {
            Ok(newest) => {
                offset = newest.map(|newest| newest.0 + 1).or(offset);
                pauses.reset();
                conflict = conflict.filter(|since| since.elapsed() < CALM);
                wait_s = if conflict.is_some() { CALM_WAIT_S } else { WAIT_S };
                match conflict {
                    None => health.works_for(SILENCE, "Telegram does not answer getUpdates"),
                    Some(_) => health.fails_after(Duration::ZERO, CONFLICT),
                }
                continue;
            }
            Err(failure) => failure,
        };
        health.fails_after(failure.grace, &failure.reason);
        wait_s = 0;
        if failure.is_conflict {
            conflict = Some(Instant::now());
        }
        let pause = pauses.next();
        tokio::time::sleep(failure.wait.unwrap_or(pause)).await;
    }
}

/// Fetches and stores pending updates. Returns the newest id.
async fn fetch(intake: &Intake, method: &GetUpdates<'_>) -> Result<Option<UpdateId>, Failure> {
    let updates = intake.context.screen.api.call(method).await.map_err(|error| complain(&error))?;
    if updates.is_empty() {
        return Ok(None);
    }
    intake.context.readiness.intake.fails_after(READY_GRACE, "updates wait to be stored or handed on");
    let updates = updates.into_iter().map(|update| Box::<str>::from(update).into_string()).collect();
    intake.take(updates).await.map_err(|error| {
        let reason = format!("updates cannot be stored: {error}");
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "updates cannot be stored, they are fetched again");
        Failure::passing(reason)
    })
}

/// Why a poll failed.
struct Failure {
    /// The reason, for the operator.
    reason: String,
    /// How long the failure may last before the service counts as taking no updates.
    grace: Duration,
    /// The pause before the next poll, if it depends on the failure.
    wait: Option<Duration>,
    /// Whether another process fetches the updates.
    is_conflict: bool,
}

impl Failure {
    /// Creates a failure that may pass by itself.
    fn passing(reason: String) -> Self {
        Self { reason, grace: READY_GRACE, wait: None, is_conflict: false }
    }

    /// Creates a failure that a person has to end.
    fn lasting(reason: String, is_conflict: bool) -> Self {
        Self { reason, grace: Duration::ZERO, wait: Some(CONFLICT_PAUSE), is_conflict }
    }
}

/// Logs why a poll failed.
fn complain(error: &ApiError) -> Failure {
    let reason = format!("updates cannot be fetched: {error}");
    match error {
        ApiError::Conflict(words) => {
            tracing::error!(
                words,
                "somebody else fetches the updates of this bot: stop the other instance, or the webhook"
            );
            Failure::lasting(CONFLICT.to_owned(), true)
        }
        ApiError::Unauthorized(words) => {
            tracing::error!(words, "Telegram does not accept TELEGRAM_BOT_TOKEN");
            Failure::lasting("Telegram does not accept TELEGRAM_BOT_TOKEN".to_owned(), false)
        }
        other => {
            tracing::warn!(
                error = other as &dyn std::error::Error,
                "updates cannot be fetched, trying again"
            );
            let wait = if let ApiError::Flood(wait) = other { Some(*wait) } else { None };
            Failure { wait, ..Failure::passing(reason) }
        }
    }
}
