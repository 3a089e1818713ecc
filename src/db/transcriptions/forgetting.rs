//! Ends transcriptions that nobody takes up again, and forgets old words.

use chrono::{DateTime, Utc};

use super::super::{Db, DbError};

/// Releases what is held for transcriptions that nobody has taken up again since `before`, and at once for those of the
/// messages of `given_up` updates, and of the messages to which these reply: nobody takes them up again.
pub(crate) async fn release_abandoned(
    database: impl sqlx::PgExecutor<'_>,
    before: Option<DateTime<Utc>>,
    given_up: &[i64],
) -> Result<(), DbError> {
    sqlx::query!(
        "WITH heard AS (
           SELECT chat_id, message_id FROM inbox WHERE update_id = ANY($2)
           UNION ALL
           SELECT chat_id, (payload #>> '{message,reply_to_message,message_id}')::integer FROM inbox
           WHERE update_id = ANY($2)
         ), gone AS (
           SELECT key, user_id, held FROM transcriptions
           WHERE state = 'pending' AND (leased_until < $1 OR (chat_id, message_id) IN (SELECT * FROM heard))
           FOR NO KEY UPDATE
         ), failed AS (
           UPDATE transcriptions AS old
           SET state = 'failed', failure = 'abandoned', held = 0, lost = old.lost + gone.held, settled_at = now()
           FROM gone WHERE old.key = gone.key
         )
         UPDATE users SET held = users.held - freed.amount
         FROM (SELECT user_id, sum(held) AS amount FROM gone GROUP BY user_id) AS freed WHERE users.id = freed.user_id",
        before,
        given_up,
    )
    .execute(database)
    .await
    .map_err(DbError::at("transcriptions::release_abandoned"))?;
    Ok(())
}

/// Forgets the words of transcriptions that were settled before a time, up to `limit` of them. Returns how
/// many.
pub(crate) async fn forget_words(db: &Db, before: DateTime<Utc>, limit: i64) -> Result<u64, DbError> {
    let forgotten = sqlx::query!(
        "UPDATE transcriptions AS old SET text = NULL
         FROM (SELECT key FROM transcriptions
               WHERE text IS NOT NULL AND settled_at < $1 ORDER BY settled_at LIMIT $2) AS due
         WHERE old.key = due.key",
        before,
        limit,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("transcriptions::forget_words"))?;
    Ok(forgotten.rows_affected())
}
