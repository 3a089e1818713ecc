//! Repository of dead letters: items of the write-behind that the database refused, kept until a person decides.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};

/// An item that could not be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DeadLetter {
    /// Its row.
    pub id: i64,
    /// What makes the item unique.
    pub item: String,
    /// The item as it was found, which may be no JSON.
    pub payload: String,
    /// Why it was refused the last time.
    pub error: String,
    /// How often it was refused.
    pub attempts: i32,
    /// When it was refused first.
    pub first_failed_at: DateTime<Utc>,
    /// When it was refused last.
    pub last_failed_at: DateTime<Utc>,
}

/// Puts an item aside; one that is there already has been refused once more.
pub(crate) async fn put(db: &Db, item: &str, payload: &str, error: &str) -> Result<(), DbError> {
    // The one character that a text column cannot hold.
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

/// Letters after the row `after`, oldest first.
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

/// One letter.
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

/// Removes a letter, together with its effects.
pub(crate) async fn remove(tx: &mut Tx<'_>, id: i64) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM dead_letters WHERE id = $1", id)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("dead_letters::remove"))?;
    Ok(())
}
