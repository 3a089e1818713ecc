//! Repeats database operations while the server is unavailable.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::error::DbError;
use super::servers::Servers;
use crate::domain::backoff::Backoff;
use crate::telemetry::metrics::Metrics;

/// The first and the longest pause between attempts while the server is unavailable.
const RETRY_PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// The time limit of an operation, for the case that the server has vanished without closing its connections.
pub(crate) const OPERATION_LIMIT: Duration = Duration::from_secs(20);

/// Repeats operations until a stop. The log names the caller's place in the source.
#[derive(Clone, Copy, Debug)]
pub struct Persistence<'a> {
    pub(super) metrics: &'a Metrics,
    pub(super) servers: &'a Servers,
    pub(super) stop: &'a CancellationToken,
}

impl Persistence<'_> {
    /// Runs `operation` until it succeeds, fails for good, or the stop is cancelled; waits while the server
    /// is unavailable. The operation may have taken effect although its answer was lost, so repeating it must
    /// change nothing and return the same.
    ///
    /// # Errors
    /// Returns the errors that a repetition cannot heal, and [`DbError::Cancelled`].
    #[track_caller]
    pub fn persist<T, F>(self, operation: impl Fn() -> F) -> impl Future<Output = Result<T, DbError>>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        self.persist_within(OPERATION_LIMIT, operation)
    }

    /// Runs [`Persistence::persist`] with another time limit for each attempt.
    ///
    /// # Errors
    /// Returns the errors that a repetition cannot heal, and [`DbError::Cancelled`].
    #[track_caller]
    pub fn persist_within<T, F>(
        self,
        limit: Duration,
        operation: impl Fn() -> F,
    ) -> impl Future<Output = Result<T, DbError>>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        self.repeat(limit, Location::caller(), operation, DbError::is_transient)
    }

    /// Runs a background job. It waits while the server is unavailable, but does not repeat a statement that
    /// took too long, because that would take too long again.
    ///
    /// # Errors
    /// Returns the errors that a repetition cannot heal, [`DbError::TooSlow`] and [`DbError::Cancelled`].
    #[track_caller]
    pub fn run_job<T, F>(
        self,
        limit: Duration,
        operation: impl Fn() -> F,
    ) -> impl Future<Output = Result<T, DbError>>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let heals = |error: &DbError| error.is_transient() && !error.is_timeout();
        self.repeat(limit, Location::caller(), operation, heals)
    }

    async fn repeat<T, F>(
        self,
        limit: Duration,
        caller: &'static Location<'static>,
        operation: impl Fn() -> F,
        heals: impl Fn(&DbError) -> bool,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let mut pauses = Backoff::new(RETRY_PAUSES.0, RETRY_PAUSES.1);
        loop {
            match within(limit, operation()).await {
                Err(error) if heals(&error) => {
                    self.metrics.db_retries.inc();
                    self.servers.note(&error);
                    let obstacle = error.obstacle().unwrap_or("an operation failed, trying again");
                    tracing::warn!(%caller, error = &error as &dyn std::error::Error, "{obstacle}");
                }
                settled => return settled,
            }
            tokio::select! {
                () = self.stop.cancelled() => return Err(DbError::Cancelled),
                () = tokio::time::sleep(pauses.next()) => {}
            }
        }
    }
}

/// Runs an operation with a time limit.
pub(super) async fn within<T>(
    limit: Duration,
    operation: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    // Boxed, so that a caller that does something else most of the time has no room for it.
    let settled = tokio::time::timeout(limit, Box::pin(operation)).await;
    settled.unwrap_or(Err(DbError::Deadline { limit }))
}
