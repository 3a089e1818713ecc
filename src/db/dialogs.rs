//! Repository of dialogs: a question of the bot that waits for a text in one thread until a deadline. Other
//! messages do not end it.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};
use crate::domain::ids::ThreadKey;

/// What a dialog asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Dialog {
    /// The number of Stars that the user wants to pay.
    CustomAmount,
    /// How the model is to be with the user.
    Personality,
    /// The message that an administrator wants to announce; of any kind.
    Announcement,
}

impl Dialog {
    /// Returns the column name.
    fn name(self) -> &'static str {
        self.into()
    }
}

/// Opens a dialog until `expires_at`, replacing an older one of the same thread.
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

/// Returns whether a dialog of this kind is open in a thread.
pub(crate) async fn is_open(db: &Db, key: ThreadKey, dialog: Dialog) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM dialogs WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
               AND kind = $4 AND expires_at > now()) AS "open!""#,
        key.chat.0,
        key.user.0,
        key.topic.map(|topic| topic.0),
        dialog.name(),
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("dialogs::is_open"))
}

/// Closes the dialog of a thread. Returns `false` if none was open.
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

/// Deletes expired dialogs.
pub(crate) async fn forget(db: &Db, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!("DELETE FROM dialogs WHERE expires_at < $1", now)
        .execute(db.pool())
        .await
        .map_err(DbError::at("dialogs::forget"))?;
    Ok(())
}
