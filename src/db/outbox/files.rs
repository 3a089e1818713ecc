//! Messages with files: what their delivery changes in the files and in the history of the thread.

use crate::db::made_files::{self, DeliveredFile};
use crate::db::{Db, DbError, Tx};
use crate::domain::ids::{MessageId, OutboxId};

/// Telegram has files, the first as `message`. The contents of those that a tool has made are deleted. Later
/// prompts tell that the files have arrived, so the history has changed.
pub(crate) async fn files_sent(
    db: &Db,
    id: OutboxId,
    message: MessageId,
    files: &[DeliveredFile],
) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    files_change(&mut tx, id, true).await?;
    let marked = sqlx::query!(
        "UPDATE outbox SET state = 'sent', message_id = $2, settled_at = now()
         WHERE id = $1 AND CASE WHEN state = 'pending' THEN TRUE END",
        id.0,
        message.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::at("outbox::files_sent"))?;
    if marked.rows_affected() > 0 {
        made_files::delivered(&mut tx, files).await?;
    }
    Db::commit(tx).await
}

/// Tells later prompts what has become of a message's files, before that is recorded: turns and threads are
/// locked before messages everywhere.
pub(super) async fn files_change(tx: &mut Tx<'_>, id: OutboxId, sent: bool) -> Result<(), DbError> {
    sqlx::query!(
        "WITH message AS (
           SELECT turn_id, media FROM outbox WHERE id = $1 AND state = 'pending' AND media IS NOT NULL
         ), turn AS (
           UPDATE turns SET sent_files = coalesce(sent_files, '[]') || (
             SELECT jsonb_agg(jsonb_build_object('id', file -> 'id', 'name', file -> 'name', 'sent', $2::boolean))
             FROM jsonb_array_elements(media) AS file)
           FROM message WHERE turns.id = message.turn_id RETURNING thread_id
         )
         UPDATE threads SET history_version = history_version + 1 FROM turn WHERE threads.id = turn.thread_id",
        id.0,
        sent,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("outbox::files_change"))?;
    Ok(())
}
