//! Repository of dialogs: a question that waits for a text in one conversation, with a deadline. Everything but a text
//! passes through it.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};
use crate::domain::ids::ThreadKey;

/// What a dialog asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Dialog {
    /// How many Stars the person wants to pay.
    CustomAmount,
}

impl Dialog {
    /// The column name.
    fn name(self) -> &'static str {
        self.into()
    }
}

/// Asks until `expires_at`; an older question of the same conversation is forgotten.
pub(crate) async fn open(
    tx: &mut Tx<'_>,
    key: ThreadKey,
    dialog: Dialog,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO dialogs (chat_id, user_id, topic_id, kind, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (chat_id, user_id, topic_id) DO UPDATE SET kind = excluded.kind, expires_at = excluded.expires_at",
        key.chat.0,
        key.user.0,
        key.topic.map(|topic| topic.0),
        dialog.name(),
        expires_at,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("dialogs::open"))?;
    Ok(())
}

/// Ends the question of a conversation; false if none waited.
pub(crate) async fn close(tx: &mut Tx<'_>, key: ThreadKey, now: DateTime<Utc>) -> Result<bool, DbError> {
    let waited = sqlx::query_scalar!(
        "DELETE FROM dialogs WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
         RETURNING expires_at",
        key.chat.0,
        key.user.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("dialogs::close"))?;
    Ok(waited.is_some_and(|expires_at| expires_at > now))
}

/// Forgets questions that nobody answered in time.
pub(crate) async fn forget(db: &Db, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM dialogs WHERE expires_at < $1", now)
        .execute(db.pool())
        .await
        .map_err(DbError::at("dialogs::forget"))?;
    Ok(())
}
