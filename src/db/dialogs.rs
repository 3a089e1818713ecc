//! Repository of dialogs: a question of the bot that waits for a text of one person in one chat or topic
//! until a deadline. Other messages do not end it.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};
use crate::domain::ids::{ThreadKey, UpdateId, UserId};

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

/// An open dialog.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenDialog {
    /// What it asks for.
    pub dialog: Dialog,
    /// The update that has opened it. Only messages with later updates answer it: an earlier one may still be
    /// waiting for its files.
    pub opened_by: UpdateId,
}

impl Dialog {
    /// Returns the column name.
    fn name(self) -> &'static str {
        self.into()
    }
}

/// Opens a dialog of a person until `expires_at`, replacing an older one in the same place. One of the same kind that
/// is still open takes what was written since it was opened.
pub(crate) async fn open(
    tx: &mut Tx<'_>,
    key: ThreadKey,
    user: UserId,
    OpenDialog { dialog, opened_by }: OpenDialog,
    expires_at: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO dialogs AS old (chat_id, user_id, topic_id, kind, opened_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (chat_id, user_id, topic_id) DO UPDATE SET kind = excluded.kind, expires_at = excluded.expires_at,
           opened_by = CASE WHEN old.kind = excluded.kind AND old.expires_at > now()
                       THEN least(old.opened_by, excluded.opened_by) ELSE excluded.opened_by END",
        key.chat.0,
        user.0,
        key.topic.map(|topic| topic.0),
        dialog.name(),
        opened_by.0,
        expires_at,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("dialogs::open"))?;
    Ok(())
}

/// Returns whether a dialog of this kind waits for what this update of a person brings.
pub(crate) async fn is_open(
    db: &Db,
    key: ThreadKey,
    user: UserId,
    dialog: Dialog,
    update: UpdateId,
) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM dialogs WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
               AND kind = $4 AND opened_by < $5 AND expires_at > now()) AS "open!""#,
        key.chat.0,
        user.0,
        key.topic.map(|topic| topic.0),
        dialog.name(),
        update.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("dialogs::is_open"))
}

/// Closes the dialog of a person. Returns `false` if none was open.
pub(crate) async fn close(
    tx: &mut Tx<'_>,
    key: ThreadKey,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let waited = sqlx::query_scalar!(
        "DELETE FROM dialogs WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
         RETURNING expires_at",
        key.chat.0,
        user.0,
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
