//! Repository of threads: one conversation for each (chat, user, topic or none).

use super::{DbError, Tx};
use crate::domain::ids::{ThreadId, ThreadKey};

/// Finds or creates the conversation; safe against any number of simultaneous first messages.
pub async fn enter(tx: &mut Tx<'_>, key: ThreadKey) -> Result<ThreadId, DbError> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM threads WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3",
        key.chat.0,
        key.user.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("threads::enter"))?;
    if let Some(id) = found {
        return Ok(ThreadId(id));
    }
    // The update changes nothing; it makes the row of a racing insert visible to RETURNING.
    sqlx::query_scalar!(
        "INSERT INTO threads (chat_id, user_id, topic_id) VALUES ($1, $2, $3)
         ON CONFLICT (chat_id, user_id, topic_id) DO UPDATE SET topic_id = excluded.topic_id RETURNING id",
        key.chat.0,
        key.user.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_one(&mut **tx)
    .await
    .map(ThreadId)
    .map_err(DbError::at("threads::enter"))
}
