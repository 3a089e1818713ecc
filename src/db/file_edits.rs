//! Replaces the file of a stored message by the one that an edit brings.

use serde_json::Value;

use super::messages::AppliedEdit;
use super::turns::opening::file_row;
use super::{Db, DbError, Tx, copy_deletions};
use crate::domain::file::{Attachment, Retrieval};
use crate::domain::ids::{ChatId, MessageId, OwnerId, ThreadId, ThreadKey, TopicId, UpdateId};

/// The file that an edit brings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileEdit<'a> {
    /// The chat of the message.
    pub chat: ChatId,
    /// The message.
    pub message: MessageId,
    /// The update of the edit.
    pub update: UpdateId,
    /// The file.
    pub file: &'a Attachment,
    /// The result of fetching it.
    pub fetched: &'a Retrieval,
}

/// Returns whether a message is stored with another file than this one, or without a file.
pub(crate) async fn is_other(
    db: &Db,
    chat: ChatId,
    message: MessageId,
    file: &Attachment,
) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM messages WHERE chat_id = $1 AND message_id = $2 AND role = 'user'
           ) AND NOT EXISTS (
             SELECT FROM files WHERE chat_id = $1 AND message_id = $2 AND NOT replied AND unique_id = $3
           ) AS "is_other!""#,
        chat.0,
        message.0,
        file.unique_id,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("file_edits::is_other"))
}

/// Replaces the file of a message by that of the edit, which must be the newest one
/// ([`messages::edit`](super::messages::edit) has recorded it in the same transaction). The former file's
/// copy at the provider is queued for deletion, and the file gets a new public id: an id always means the
/// same content. `counted` says whether the edit has been counted because of its text.
///
/// Returns `None` and queues the copy of the new file if there is a newer edit, if the message has this file
/// already, or if it is unknown or cleared.
pub(crate) async fn replace(
    tx: &mut Tx<'_>,
    edit: FileEdit<'_>,
    counted: bool,
) -> Result<Option<AppliedEdit>, DbError> {
    let Some((thread, applied)) = enter(tx, edit, counted).await? else {
        if let Some(copy) = edit.fetched.copy() {
            copy_deletions::queue(&mut **tx, &copy.id).await?;
        }
        return Ok(None);
    };
    let former = sqlx::query_scalar!(
        "DELETE FROM files WHERE chat_id = $1 AND message_id = $2 AND NOT replied RETURNING provider_id",
        edit.chat.0,
        edit.message.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("file_edits::replace"))?;
    insert(tx, thread, edit).await?;
    if let Some(copy) = former.flatten() {
        copy_deletions::spare_open_turn(tx, thread, &copy).await?;
    }
    Ok(Some(applied))
}

/// Gives the history of the message a new version, if its file is to be replaced.
async fn enter(
    tx: &mut Tx<'_>,
    edit: FileEdit<'_>,
    counted: bool,
) -> Result<Option<(ThreadId, AppliedEdit)>, DbError> {
    let row = sqlx::query!(
        "WITH changed AS (
           UPDATE threads SET history_version = history_version + 1
           FROM messages JOIN turns ON turns.id = messages.turn_id
           WHERE threads.id = messages.thread_id AND turns.question_id > threads.cleared_up_to
             AND messages.chat_id = $1 AND messages.message_id = $2 AND messages.role = 'user'
             AND messages.edited_by = $3 AND NOT EXISTS (
               SELECT FROM files WHERE files.chat_id = $1 AND files.message_id = $2 AND NOT replied AND unique_id = $4)
           RETURNING messages.id AS said, threads.id, threads.chat_id, threads.user_id, threads.topic_id, history_version
         ), counted AS (
           UPDATE messages SET edits = edits + 1 FROM changed WHERE messages.id = said AND NOT $5::boolean
         )
         SELECT id, chat_id, user_id, topic_id, history_version FROM changed",
        edit.chat.0,
        edit.message.0,
        edit.update.0,
        edit.file.unique_id,
        counted,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("file_edits::enter"))?;
    Ok(row.map(|row| {
        let topic = row.topic_id.map(TopicId);
        let key = ThreadKey { chat: ChatId(row.chat_id), owner: OwnerId(row.user_id), topic };
        (ThreadId(row.id), AppliedEdit { key, version: row.history_version })
    }))
}

async fn insert(tx: &mut Tx<'_>, thread: ThreadId, edit: FileEdit<'_>) -> Result<(), DbError> {
    let row: Value = file_row(false, edit.file, edit.fetched);
    sqlx::query!(
        "INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, replied, fetched,
                            provider_id, provider_expires_at, preview, preview_fault, refusal, size_limit, sha256)
         SELECT $1, $2, $3, kind, telegram_id, unique_id, name, mime, size, replied, fetched, provider_id,
                provider_expires_at, preview, preview_fault, refusal, size_limit, decode(sha256, 'hex')
         FROM jsonb_to_record($4)
           AS file_of (kind text, telegram_id text, unique_id text, name text, mime text, size bigint, replied boolean,
                       fetched boolean, provider_id text, provider_expires_at timestamptz, preview text, preview_fault text,
                       refusal text, size_limit bigint, sha256 text)",
        thread.0,
        edit.chat.0,
        edit.message.0,
        row,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("file_edits::insert"))?;
    Ok(())
}
