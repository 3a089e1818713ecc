//! The limit of bytes that are fetched for a user in a day (UTC), counted before a file is fetched.
//! Administrators have none.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::books::Books;
use crate::db::DbError;
use crate::db::file_bytes::{self, Expected, FetchKey};
use crate::domain::ids::UserId;

/// How long the correction may take: the file waits for it in memory.
const CORRECTION_LIMIT: Duration = Duration::from_secs(5);

/// Counts a fetch for a user. Returns whether the file may be fetched; also `true` if the database fails
/// permanently, because a limit must not keep a person's file away then.
pub(crate) async fn claim(
    books: &Books,
    stop: &CancellationToken,
    user: UserId,
    fetch: FetchKey<'_>,
    expected: Expected,
) -> bool {
    let (db, day) = (&books.db, books.today());
    let Some(limit) = limit_of(books, user) else { return true };
    let claim = || file_bytes::claim(db, fetch, user, day, expected, limit);
    db.until(stop).persist(claim).await.unwrap_or_else(|error| {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(user.id = user.0, error, "the bytes of a file could not be counted");
        true
    })
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
