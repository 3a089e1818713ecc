//! Repository of dead letters: write-behind items that the database refused, kept until an operator decides.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};

/// An item that could not be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeadLetter {
    /// Primary key.
    pub id: i64,
    /// Unique key of the item.
    pub item: String,
    /// The item as it was read from Redis; possibly not valid JSON.
    pub payload: String,
    /// The last error.
    pub error: String,
    /// Number of failed attempts.
    pub attempts: i32,
    /// Time of the first failure.
    pub first_failed_at: DateTime<Utc>,
    /// Time of the last failure.
    pub last_failed_at: DateTime<Utc>,
}

/// Stores a refused item. If it is stored already, counts another failed attempt.
pub(crate) async fn put(db: &Db, item: &str, payload: &str, error: &str) -> Result<(), DbError> {
    // A text column cannot hold NUL.
    let [item, payload, error] = [item, payload, error].map(|text| text.replace('\0', "\u{fffd}"));
    sqlx::query!(
        "INSERT INTO dead_letters (item_id, payload, error) VALUES ($1, $2, $3)
         ON CONFLICT (item_id) DO UPDATE SET payload = excluded.payload, error = excluded.error,
           attempts = dead_letters.attempts + 1, last_failed_at = now()",
        item,
        payload,
        error,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("dead_letters::put"))?;
    Ok(())
}

/// Returns up to `limit` dead letters after the row `after`, oldest first.
pub(crate) async fn list(db: &Db, after: i64, limit: i64) -> Result<Vec<DeadLetter>, DbError> {
    sqlx::query_as!(
        DeadLetter,
        "SELECT id, item_id AS item, payload, error, attempts, first_failed_at, last_failed_at
         FROM dead_letters WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("dead_letters::list"))
}

/// Returns a dead letter.
pub(crate) async fn find(db: &Db, id: i64) -> Result<Option<DeadLetter>, DbError> {
    sqlx::query_as!(
        DeadLetter,
        "SELECT id, item_id AS item, payload, error, attempts, first_failed_at, last_failed_at
         FROM dead_letters WHERE id = $1",
        id,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("dead_letters::find"))
}

/// Removes a dead letter, in the transaction that applied or discarded it.
pub(crate) async fn remove(tx: &mut Tx<'_>, id: i64) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM dead_letters WHERE id = $1", id)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("dead_letters::remove"))?;
    Ok(())
}
