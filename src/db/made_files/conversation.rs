//! The files of one conversation: those that may be sent, and those of which the model is told.

use chrono::{DateTime, Utc};

use super::read_id;
use crate::db::{Db, DbError};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::ThreadKey;

/// A file that may be sent: one that a person has sent in a conversation, or one that a tool has made there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendableFile {
    /// Its id.
    pub id: PublicFileId,
    /// Telegram's id of it; `None` for a made file that Telegram does not have.
    pub telegram_id: Option<String>,
    /// The kind of message in which Telegram has it, the only one as which its id can be sent.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Its size in bytes; 0 if it is not known.
    pub size: i64,
}

/// Returns the files of a conversation with these ids, in any order. Left out are ids that do not exist,
/// are of another conversation, have expired, or were cleared. A made file that is found is kept for at least one
/// more hour.
pub(crate) async fn sendable(
    db: &Db,
    key: ThreadKey,
    ids: &[PublicFileId],
) -> Result<Vec<SendableFile>, DbError> {
    let columns: Vec<String> = ids.iter().map(|id| id.column()).collect();
    let rows = sqlx::query!(
        r#"WITH thread AS (
             SELECT id, cleared_up_to FROM threads
             WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
           ), made AS (
             UPDATE made_files SET expires_at = greatest(expires_at, now() + interval '1 hour')
             FROM thread, turns
             WHERE made_files.id = ANY($4::text[]::uuid[]) AND made_files.thread_id = thread.id
               AND turns.id = made_files.turn_id AND turns.question_id > thread.cleared_up_to
               AND (made_files.telegram_id IS NOT NULL OR made_files.expires_at > now())
             RETURNING made_files.id, made_files.telegram_id, sent_as AS kind, name, mime, size
           )
           SELECT files.public_id::text AS "id!", files.telegram_id AS "telegram_id?", files.kind AS "kind?",
                  name AS "name!", mime AS "mime!", size AS "size!"
           FROM thread JOIN files ON files.thread_id = thread.id AND files.public_id = ANY($4::text[]::uuid[])
           JOIN messages ON messages.chat_id = files.chat_id AND messages.message_id = files.message_id
           JOIN turns ON turns.id = messages.turn_id AND turns.question_id > thread.cleared_up_to
           UNION ALL
           SELECT id::text, telegram_id, kind, name, mime, size FROM made"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        &columns,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("made_files::sendable"))?;
    let files = rows.into_iter().map(|row| {
        Ok(SendableFile {
            id: read_id(&row.id)?,
            telegram_id: row.telegram_id,
            kind: row.kind,
            name: row.name,
            mime: row.mime,
            size: row.size,
        })
    });
    files.collect()
}

/// A made file as the model is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedMadeFile {
    /// Its id.
    pub id: PublicFileId,
    /// Its name.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// Its size in bytes.
    pub size: i64,
    /// What it is.
    pub description: String,
    /// Whether Telegram has accepted it.
    pub delivered: bool,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// When it is deleted, unless it was delivered before.
    pub expires_at: DateTime<Utc>,
}

/// Returns the newest `limit` files that tools have made in a conversation, newest first, without those that
/// have expired undelivered or were cleared.
pub(crate) async fn of_thread(db: &Db, key: ThreadKey, limit: i64) -> Result<Vec<ListedMadeFile>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT made_files.id::text AS "id!", name, mime, size, description, made_files.state, made_files.created_at,
                  expires_at
           FROM threads JOIN made_files ON made_files.thread_id = threads.id
           JOIN turns ON turns.id = made_files.turn_id AND turns.question_id > threads.cleared_up_to
           WHERE threads.chat_id = $1 AND threads.user_id = $2 AND threads.topic_id IS NOT DISTINCT FROM $3
             AND (made_files.state = 'delivered' OR expires_at > now())
           ORDER BY made_files.created_at DESC LIMIT $4"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("made_files::of_thread"))?;
    let files = rows.into_iter().map(|row| {
        Ok(ListedMadeFile {
            id: read_id(&row.id)?,
            name: row.name,
            mime: row.mime,
            size: row.size,
            description: row.description,
            delivered: row.state == "delivered",
            at: row.created_at,
            expires_at: row.expires_at,
        })
    });
    files.collect()
}
