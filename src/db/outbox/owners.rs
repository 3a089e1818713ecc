//! Whose buttons a message has.

use super::super::DbError;
use crate::domain::ids::{ChatId, MessageId, UserId};

/// Returns whether this message of a chat is the one with the key.
pub(crate) async fn is_message(
    database: impl sqlx::PgExecutor<'_>,
    key: &str,
    chat: ChatId,
    message: MessageId,
) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM outbox WHERE key = $1 AND chat_id = $2 AND message_id = $3) AS "is!""#,
        key,
        chat.0,
        message.0,
    )
    .fetch_one(database)
    .await
    .map_err(DbError::at("outbox::is_message"))
}

/// Returns the only person who may press the buttons of a message; `None` if the message is unknown or has no
/// owner. Messages are known for a month.
pub(crate) async fn owner(
    database: impl sqlx::PgExecutor<'_>,
    chat: ChatId,
    message: MessageId,
) -> Result<Option<UserId>, DbError> {
    let owner = sqlx::query_scalar!(
        "SELECT owner_id FROM outbox WHERE chat_id = $1 AND message_id = $2 AND owner_id IS NOT NULL LIMIT 1",
        chat.0,
        message.0,
    )
    .fetch_optional(database)
    .await
    .map_err(DbError::at("outbox::owner"))?;
    Ok(owner.flatten().map(UserId))
}
