//! Repository of threads: one conversation for each (chat, user, topic or none).

use super::{DbError, Tx};
use crate::domain::ids::{ThreadId, ThreadKey, TurnId};

/// Finds or creates the conversation; safe against any number of simultaneous first messages.
pub async fn enter(tx: &mut Tx<'_>, key: ThreadKey) -> Result<ThreadId, DbError> {
    // The update changes nothing; it makes the row of a racing insert visible to RETURNING.
    sqlx::query_scalar!(
        r#"WITH found AS (
             SELECT id FROM threads WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
           ), made AS (
             INSERT INTO threads (chat_id, user_id, topic_id) SELECT $1, $2, $3
             WHERE NOT EXISTS (SELECT 1 FROM found)
             ON CONFLICT (chat_id, user_id, topic_id) DO UPDATE SET topic_id = excluded.topic_id RETURNING id
           )
           SELECT id AS "id!" FROM found UNION ALL SELECT id FROM made"#,
        key.chat.0,
        key.user.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_one(&mut **tx)
    .await
    .map(ThreadId)
    .map_err(DbError::at("threads::enter"))
}

/// Notes that the history of a turn's conversation has changed without a new message; returns its new version.
pub async fn history_changed(tx: &mut Tx<'_>, turn: TurnId) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        "UPDATE threads SET history_version = history_version + 1 FROM turns
         WHERE turns.id = $1 AND threads.id = turns.thread_id RETURNING history_version",
        turn.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("threads::history_changed"))
}
