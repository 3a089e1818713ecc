//! Repository of copies at the model's provider that no file refers to any more. Most rows come from triggers
//! on `files`.

use std::time::Duration;

use super::{Db, DbError, Tx};
use crate::domain::ids::ThreadId;

/// Queues a copy that no file has.
pub(crate) async fn queue(database: impl sqlx::PgExecutor<'_>, copy: &str) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO copy_deletions (provider_id)
         SELECT $1 WHERE NOT EXISTS (SELECT FROM files WHERE provider_id = $1) ON CONFLICT (provider_id) DO NOTHING",
        copy,
    )
    .execute(database)
    .await
    .map_err(DbError::at("copy_deletions::queue"))?;
    Ok(())
}

/// Postpones the deletion of a copy that an open turn of a thread may still show, by an hour.
pub(crate) async fn spare_open_turn(tx: &mut Tx<'_>, thread: ThreadId, copy: &str) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE copy_deletions SET due_at = now() + interval '1 hour'
         WHERE provider_id = $2 AND EXISTS (SELECT FROM turns WHERE thread_id = $1 AND state = 'open')",
        thread.0,
        copy,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("copy_deletions::spare_open_turn"))?;
    Ok(())
}

/// Drops copies of files that no prompt shows any more because of `/clear`. The command itself has dropped
/// those of earlier answers; these belong to messages that were written before it and answered after it.
pub(crate) async fn drop_cleared(db: &Db) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE files SET provider_id = NULL, provider_expires_at = NULL FROM threads, messages, turns
         WHERE threads.cleared_up_to <> 0 AND files.thread_id = threads.id AND files.provider_id IS NOT NULL
           AND messages.chat_id = files.chat_id AND messages.message_id = files.message_id
           AND turns.id = messages.turn_id AND turns.question_id <= threads.cleared_up_to
           AND turns.state <> 'open'",
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("copy_deletions::drop_cleared"))?;
    Ok(())
}

/// Takes up to `limit` copies that are due, oldest first. Each is due again after `lease`, or later if it was
/// tried before: the pause doubles up to a day. Another instance gets other copies.
pub(crate) async fn claim(db: &Db, limit: i64, lease: Duration) -> Result<Vec<String>, DbError> {
    sqlx::query_scalar!(
        "UPDATE copy_deletions SET attempts = attempts + 1,
           due_at = now() + least(make_interval(secs => $2) * power(2, least(attempts, 20)), interval '1 day')
         WHERE provider_id = ANY(ARRAY(
           SELECT provider_id FROM copy_deletions WHERE due_at <= now() ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
         )) RETURNING provider_id",
        limit,
        lease.as_secs_f64(),
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("copy_deletions::claim"))
}

/// Makes claimed copies due again at once, as if they had not been tried.
pub(crate) async fn release(db: &Db, copies: &[String]) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE copy_deletions SET due_at = now(), attempts = greatest(attempts - 1, 0)
         WHERE provider_id = ANY($1) AND due_at > now()",
        copies,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("copy_deletions::release"))?;
    Ok(())
}

/// Removes a copy that the provider has deleted.
pub(crate) async fn done(db: &Db, copy: &str) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM copy_deletions WHERE provider_id = $1", copy)
        .execute(db.pool())
        .await
        .map_err(DbError::at("copy_deletions::done"))?;
    Ok(())
}

/// Removes copies that were queued at least `lifetime` ago: the provider has deleted them by itself.
pub(crate) async fn expire(db: &Db, lifetime: Duration) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM copy_deletions WHERE created_at < now() - make_interval(secs => $1)",
        lifetime.as_secs_f64(),
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("copy_deletions::expire"))?;
    Ok(())
}
