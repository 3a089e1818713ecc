//! Repository of threads: one per chat, user and topic (or none). Threads are created in `people`.

use super::{DbError, Tx};
use crate::domain::ids::{MessageId, ThreadKey};

/// Excludes the questions up to a message, and their answers, from later prompts; their files lose their
/// copies at the provider. Returns the new history version, or `None` if that much was cleared before or the
/// thread is unknown.
pub(crate) async fn clear(tx: &mut Tx<'_>, key: ThreadKey, up_to: MessageId) -> Result<Option<i64>, DbError> {
    sqlx::query_scalar!(
        "WITH cleared AS (
           UPDATE threads SET cleared_up_to = $4, history_version = history_version + 1
           WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3 AND cleared_up_to < $4
           RETURNING id, history_version
         ), dropped AS (
           UPDATE files SET provider_id = NULL, provider_expires_at = NULL FROM cleared, messages, turns
           WHERE files.thread_id = cleared.id AND files.provider_id IS NOT NULL
             AND messages.chat_id = files.chat_id AND messages.message_id = files.message_id
             AND turns.id = messages.turn_id AND turns.question_id <= $4
         )
         SELECT history_version FROM cleared",
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        up_to.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("threads::clear"))
}
