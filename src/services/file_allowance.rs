//! The limit of bytes that are fetched for a user in a day (UTC), counted before a file is fetched: when it
//! arrives, and when a tool asks for it. Administrators have none.

use std::time::Duration;

use chrono::Timelike;
use tokio_util::sync::CancellationToken;

use super::books::Books;
use crate::db::DbError;
use crate::db::file_bytes::{self, Claim, Expected, FetchKey};
use crate::domain::ids::UserId;

/// How long the correction may take: the file waits for it in memory.
const CORRECTION_LIMIT: Duration = Duration::from_secs(5);

/// The limit of bytes of files per day, and how long it still counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DailyLimit {
    /// The limit, in bytes.
    pub(crate) bytes: u64,
    /// The hours until the next day (UTC), rounded up.
    pub(crate) hours: u32,
}

impl DailyLimit {
    /// Returns the limit as it is now.
    pub(crate) fn of(books: &Books) -> Self {
        Self { bytes: books.terms.file_bytes_per_day, hours: 24 - books.clock.now().hour() }
    }

    /// Returns the limit in MB, with decimals below 10 MB, such as "0.1".
    pub(crate) fn megabytes(self) -> String {
        match (self.bytes / 1_000_000, self.bytes % 1_000_000 / 1_000) {
            (whole, 0) | (whole @ 10.., _) => whole.to_string(),
            (whole, thousandths) => format!("{whole}.{thousandths:03}").trim_end_matches('0').to_owned(),
        }
    }
}

/// Counts a fetch for a user, unless it is over the limit. Without a limit, and if the database fails
/// permanently, nothing is counted and the result is [`Claim::Repeated`]: a limit must not keep a person's file
/// away then.
pub(crate) async fn claim(
    books: &Books,
    stop: &CancellationToken,
    user: UserId,
    fetch: FetchKey<'_>,
    expected: Expected,
) -> Claim {
    let (db, day) = (&books.db, books.today());
    let Some(limit) = limit_of(books, user) else { return Claim::Repeated };
    let claim = || file_bytes::claim(db, fetch, user, day, expected, limit);
    db.until(stop).persist(claim).await.unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(user.id = user.0, error, "the bytes of a file could not be counted");
        Claim::Repeated
    })
}

/// Returns whether a fetch for a user is within the limit, without counting it.
///
/// # Errors
/// Returns an error if the database cannot be asked.
pub(crate) async fn is_within_limit(
    books: &Books,
    user: UserId,
    fetch: FetchKey<'_>,
    expected: Expected,
) -> Result<bool, DbError> {
    match limit_of(books, user) {
        Some(limit) => {
            file_bytes::is_within_limit(&books.db, fetch, user, books.today(), expected, limit).await
        }
        None => Ok(true),
    }
}

/// Corrects what a claimed fetch counts for: its real size, or 0 if it failed. While the database is
/// unavailable it stays as it was claimed.
pub(crate) async fn correct(
    books: &Books,
    stop: &CancellationToken,
    user: UserId,
    fetch: FetchKey<'_>,
    bytes: u64,
) {
    if limit_of(books, user).is_none() {
        return;
    }
    let db = &books.db;
    let correction = db.until(stop).persist(|| file_bytes::correct(db, fetch, bytes));
    match tokio::time::timeout(CORRECTION_LIMIT, correction).await {
        Ok(Ok(()) | Err(DbError::Cancelled)) => {}
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(user.id = user.0, error, "the bytes of a file could not be corrected");
        }
        Err(_) => tracing::warn!(user.id = user.0, "the bytes of a file were not corrected in time"),
    }
}

fn limit_of(books: &Books, user: UserId) -> Option<u64> {
    Some(books.terms.file_bytes_per_day).filter(|limit| *limit > 0 && !books.is_privileged(user))
}
