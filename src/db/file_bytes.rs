//! Repository of the bytes that are fetched for each user on a day (UTC). A row per fetch makes counting it
//! idempotent; a row per user and day has the sum and serialises the decisions about it.

use chrono::NaiveDate;

use super::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, UserId};

/// A fetch, which counts once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FetchKey<'a> {
    /// The chat of the message.
    pub chat: ChatId,
    /// The message that contains the file, or replies to it.
    pub message: MessageId,
    /// Whether the file belongs to the message that `message` replies to.
    pub replied: bool,
    /// Telegram's id of the content.
    pub unique_id: &'a str,
}

/// How much is to be counted for a file that is not fetched yet, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// Telegram reports the size.
    Size(u64),
    /// Telegram does not report the size, which is at most this.
    AtMost(u64),
}

impl Expected {
    /// Returns the bytes to count if the user has `left`, or `None` if the file is over the limit.
    fn counted(self, left: u64) -> Option<u64> {
        match self {
            Self::Size(size) => Some(size).filter(|size| *size <= left),
            Self::AtMost(most) => Some(most.min(left)).filter(|_| left > 0),
        }
    }
}

/// The result of counting a fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// It counts from now on.
    New,
    /// It was counted before.
    Repeated,
    /// It is over the limit, and not counted.
    OverLimit,
}

/// Counts a fetch for a user on a day before it begins, unless the user would have more than `limit` bytes on
/// that day. A fetch that was counted before stays as it is.
pub async fn claim(
    db: &Db,
    fetch: FetchKey<'_>,
    user: UserId,
    day: NaiveDate,
    expected: Expected,
    limit: u64,
) -> Result<Claim, DbError> {
    let mut tx = db.begin().await?;
    // The row is locked until the decision about this fetch is stored.
    let used = sqlx::query_scalar!(
        "INSERT INTO file_days (user_id, day, bytes) VALUES ($1, $2, 0)
         ON CONFLICT (user_id, day) DO UPDATE SET bytes = file_days.bytes RETURNING bytes",
        user.0,
        day,
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(DbError::at("file_bytes::claim"))?;
    let left = limit.saturating_sub(used.unsigned_abs());
    let counted = expected.counted(left);
    let row = sqlx::query!(
        r#"WITH known AS (
             SELECT 1 FROM file_fetches
             WHERE chat_id = $1 AND message_id = $2 AND replied = $3 AND unique_id = $4
           ), new AS (
             INSERT INTO file_fetches (chat_id, message_id, replied, unique_id, user_id, day, bytes)
             SELECT $1, $2, $3, $4, $5, $6, $7 WHERE $8 AND NOT EXISTS (SELECT 1 FROM known)
             ON CONFLICT (chat_id, message_id, replied, unique_id) DO NOTHING RETURNING bytes
           ), counted AS (
             UPDATE file_days SET bytes = file_days.bytes + new.bytes FROM new WHERE user_id = $5 AND day = $6
           )
           SELECT EXISTS (SELECT 1 FROM new) AS "new!", EXISTS (SELECT 1 FROM known) AS "known!""#,
        fetch.chat.0,
        fetch.message.0,
        fetch.replied,
        fetch.unique_id,
        user.0,
        day,
        column(counted.unwrap_or_default()),
        counted.is_some(),
    )
    .fetch_one(&mut *tx)
    .await
    .map_err(DbError::at_race("file_bytes::claim"))?;
    Db::commit(tx).await?;
    Ok(match (row.new, row.known || counted.is_some()) {
        (true, _) => Claim::New,
        (false, true) => Claim::Repeated,
        (false, false) => Claim::OverLimit,
    })
}

/// Returns whether [`claim`] would count a fetch, or has counted it.
pub async fn is_within_limit(
    db: &Db,
    fetch: FetchKey<'_>,
    user: UserId,
    day: NaiveDate,
    expected: Expected,
    limit: u64,
) -> Result<bool, DbError> {
    let row = sqlx::query!(
        r#"SELECT coalesce((SELECT bytes FROM file_days WHERE user_id = $5 AND day = $6), 0) AS "used!",
                  EXISTS (
                    SELECT 1 FROM file_fetches
                    WHERE chat_id = $1 AND message_id = $2 AND replied = $3 AND unique_id = $4
                  ) AS "known!""#,
        fetch.chat.0,
        fetch.message.0,
        fetch.replied,
        fetch.unique_id,
        user.0,
        day,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("file_bytes::is_within_limit"))?;
    Ok(row.known || expected.counted(limit.saturating_sub(row.used.unsigned_abs())).is_some())
}

/// Corrects what a fetch counts for, once its real size is known: 0 if there was nothing to fetch.
pub async fn correct(db: &Db, fetch: FetchKey<'_>, bytes: u64) -> Result<(), DbError> {
    sqlx::query!(
        "WITH old AS (
           SELECT user_id, day, bytes FROM file_fetches
           WHERE chat_id = $1 AND message_id = $2 AND replied = $3 AND unique_id = $4 AND bytes <> $5 FOR UPDATE
         ), corrected AS (
           UPDATE file_fetches SET bytes = $5 FROM old
           WHERE chat_id = $1 AND message_id = $2 AND replied = $3 AND unique_id = $4
         )
         UPDATE file_days SET bytes = greatest(0, file_days.bytes + $5 - old.bytes) FROM old
         WHERE file_days.user_id = old.user_id AND file_days.day = old.day",
        fetch.chat.0,
        fetch.message.0,
        fetch.replied,
        fetch.unique_id,
        column(bytes),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("file_bytes::correct"))?;
    Ok(())
}

/// Deletes up to `limit` days before `day` with their fetches; returns how many.
pub async fn forget(db: &Db, day: NaiveDate, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "DELETE FROM file_days USING (
           SELECT user_id, day FROM file_days WHERE day < $1 ORDER BY day LIMIT $2
         ) AS old WHERE file_days.user_id = old.user_id AND file_days.day = old.day",
        day,
        limit,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("file_bytes::forget"))?;
    Ok(done.rows_affected())
}

fn column(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
