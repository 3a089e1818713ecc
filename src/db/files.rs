//! Repository of files that users sent. A file is always looked up within its thread: message ids repeat
//! between chats, and a provider's file id may belong to anyone.

mod row;

pub(super) use self::row::FileRow;
use super::{Db, DbError};
use crate::domain::digest::ContentDigest;
use crate::domain::file::{Attachment, FileKind, KnownFile, Loaded, ProviderCopy};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, MessageId, ThreadId, ThreadKey, TurnId, UserId};
use crate::domain::speech::RecordingId;
use crate::domain::turn::Unfetched;

/// Returns the newest `limit` files of a thread, newest first, without cleared ones and without their
/// previews. A copy at the provider that expires within the hour is left out, not its file.
pub(crate) async fn of_thread(db: &Db, key: ThreadKey, limit: i64) -> Result<Vec<KnownFile>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT files.id, public_id::text AS "public_id!", kind, name, mime, size, messages.sent_at, replied, fetched,
           refusal, size_limit,
           CASE WHEN provider_expires_at > now() + interval '1 hour' THEN provider_id END AS provider_id
         FROM threads
         JOIN files ON files.thread_id = threads.id
         JOIN messages ON messages.chat_id = files.chat_id AND messages.message_id = files.message_id
           AND messages.thread_id = threads.id
         JOIN turns ON turns.id = messages.turn_id AND turns.question_id > threads.cleared_up_to
         WHERE threads.chat_id = $1 AND threads.user_id = $2 AND threads.topic_id IS NOT DISTINCT FROM $3
         ORDER BY files.id DESC LIMIT $4"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("files::of_thread"))?;
    let mut files = Vec::new();
    for row in rows {
        let file = FileRow {
            id: Some(row.id),
            kind: Some(row.kind),
            name: Some(row.name),
            mime: Some(row.mime),
            size: Some(row.size),
            provider_id: row.provider_id,
            at: Some(row.sent_at),
            replied: Some(row.replied),
            fetched: row.fetched,
            spoken: None,
            public_id: Some(row.public_id),
            preview: None,
            fault: None,
            refusal: row.refusal.map(|name| (name, row.size_limit)),
        };
        files.extend(file.read()?);
    }
    Ok(files)
}

/// Returns the thread's copy of a file of the same type and content: of the same id at Telegram, or with the same
/// digest. Returns `None` if there is none or it expires within the day.
pub async fn copy_in(
    db: &Db,
    key: ThreadKey,
    file: &Attachment,
) -> Result<Option<(ProviderCopy, Loaded)>, DbError> {
    let row = sqlx::query!(
        r#"SELECT provider_id AS "id!", provider_expires_at AS "expires_at!", size, sha256
           FROM files JOIN threads ON threads.id = files.thread_id
           WHERE threads.chat_id = $1 AND threads.user_id = $2 AND threads.topic_id IS NOT DISTINCT FROM $3
             AND mime = $6 AND (unique_id = nullif($4, '') OR sha256 = $5)
             AND provider_expires_at > now() + interval '1 day'
           ORDER BY files.id DESC LIMIT 1"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        file.unique_id,
        file.digest.as_ref().map(ContentDigest::bytes),
        file.mime,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("files::copy_in"))?;
    Ok(row.map(|row| {
        let copy = ProviderCopy { id: row.id, expires_at: row.expires_at };
        let digest = row.sha256.as_deref().and_then(ContentDigest::read);
        (copy, Loaded { size: u64::try_from(row.size).unwrap_or_default(), digest })
    }))
}

/// Returns which files of a turn's messages could not be fetched.
pub async fn unfetched(db: &Db, turn: TurnId) -> Result<Unfetched, DbError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(bool_or(failed AND NOT spoken AND NOT replied), FALSE) AS "own!",
                  coalesce(bool_or(failed AND NOT spoken AND replied), FALSE) AS "replied!",
                  coalesce(bool_or(failed AND spoken), FALSE) AS "recording!",
                  coalesce(bool_or(refusal = 'daily_limit'), FALSE) AS "over_daily_limit!"
           FROM messages
           JOIN files ON files.chat_id = messages.chat_id AND files.message_id = messages.message_id
           CROSS JOIN LATERAL (
             SELECT fetched IS NOT DISTINCT FROM FALSE AS failed, kind IN ('voice', 'video_note') AS spoken
           ) AS kinds
           WHERE messages.turn_id = $1"#,
        turn.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("files::unfetched"))?;
    Ok(Unfetched {
        own: row.own,
        replied: row.replied,
        recording: row.recording,
        over_daily_limit: row.over_daily_limit,
    })
}

/// Removes copies that the provider has deleted. The thread gets a new history version, because prompts now
/// describe these files in a line of text.
pub async fn lost(db: &Db, thread: ThreadId, copies: &[String]) -> Result<(), DbError> {
    sqlx::query!(
        "WITH lost AS (
           UPDATE files SET provider_id = NULL, provider_expires_at = NULL
           WHERE thread_id = $1 AND provider_id = ANY($2) RETURNING thread_id
         )
         UPDATE threads SET history_version = history_version + 1 WHERE id IN (SELECT thread_id FROM lost)",
        thread.0,
        copies,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("files::lost"))?;
    Ok(())
}

/// Where the content of a file can be had, and what it is.
pub(crate) struct FileSource {
    /// The chat of its message.
    pub(crate) chat: ChatId,
    /// Telegram's `file_id`.
    pub(crate) telegram_id: String,
    /// Telegram's `file_unique_id`.
    pub(crate) unique_id: String,
    pub(crate) name: String,
    pub(crate) mime: String,
}

/// A file of a conversation that the model names by its public id.
pub(crate) struct NamedFile {
    pub(crate) source: FileSource,
    pub(crate) kind: FileKind,
    /// The size in bytes; 0 if it is not known.
    pub(crate) size: u64,
    /// The message that contains it, or replies to it (`replied`).
    pub(crate) message: MessageId,
    /// The person who sent that message.
    pub(crate) sender: UserId,
    /// Whether it belongs to the message that `message` replies to.
    pub(crate) replied: bool,
    /// The message that contains it, if it is a recording made in a chat.
    pub(crate) recording: Option<RecordingId>,
}

/// Returns the file with this public id. Returns `None` if there is none, if it belongs to another
/// conversation, or if it was cleared.
pub(crate) async fn named(db: &Db, key: ThreadKey, id: PublicFileId) -> Result<Option<NamedFile>, DbError> {
    let row = sqlx::query!(
        r#"SELECT files.id, files.chat_id, files.message_id, replied, reply_to, reply_chat, telegram_id, unique_id, kind, name,
                mime, size, coalesce(author_id, threads.user_id) AS "sender!"
         FROM threads JOIN files ON files.thread_id = threads.id AND files.public_id = $4::text::uuid
         JOIN messages ON messages.chat_id = files.chat_id AND messages.message_id = files.message_id
           AND messages.thread_id = threads.id
         JOIN turns ON turns.id = messages.turn_id AND turns.question_id > threads.cleared_up_to
         WHERE threads.chat_id = $1 AND threads.user_id = $2 AND threads.topic_id IS NOT DISTINCT FROM $3"#,
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
        id.column(),
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("files::named"))?;
    let Some(row) = row else { return Ok(None) };
    let wrong = |_| DbError::Inconsistent { table: "files", row: row.id, what: "unknown kind" };
    let (kind, chat): (FileKind, _) = (row.kind.parse().map_err(wrong)?, ChatId(row.chat_id));
    // The message that is replied to, unless it is of another chat and has no number here.
    let replied_to = row.reply_to.filter(|_| row.replied && row.reply_chat.is_none());
    let recording = RecordingId {
        chat,
        message: MessageId(replied_to.unwrap_or(row.message_id)),
        replied: row.replied && replied_to.is_none(),
    };
    Ok(Some(NamedFile {
        kind,
        recording: kind.is_spoken().then_some(recording),
        size: u64::try_from(row.size).unwrap_or_default(),
        message: MessageId(row.message_id),
        sender: UserId(row.sender),
        replied: row.replied,
        source: FileSource {
            chat,
            telegram_id: row.telegram_id,
            unique_id: row.unique_id,
            name: row.name,
            mime: row.mime,
        },
    }))
}

/// Returns the file of a conversation that has this copy at the provider.
pub(crate) async fn source(db: &Db, thread: ThreadId, copy: &str) -> Result<Option<FileSource>, DbError> {
    let row = sqlx::query!(
        "SELECT chat_id, telegram_id, unique_id, name, mime FROM files
         WHERE thread_id = $1 AND provider_id = $2 ORDER BY id DESC LIMIT 1",
        thread.0,
        copy,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("files::source"))?;
    Ok(row.map(|row| FileSource {
        chat: ChatId(row.chat_id),
        telegram_id: row.telegram_id,
        unique_id: row.unique_id,
        name: row.name,
        mime: row.mime,
    }))
}

/// Puts a new copy in the place of a lost one. Cached histories show the lost one, so the history gets a new
/// version.
pub(crate) async fn renewed(
    db: &Db,
    thread: ThreadId,
    lost: &str,
    copy: &ProviderCopy,
) -> Result<(), DbError> {
    sqlx::query!(
        "WITH renewed AS (
           UPDATE files SET provider_id = $3, provider_expires_at = $4
           WHERE thread_id = $1 AND provider_id = $2 RETURNING thread_id
         )
         UPDATE threads SET history_version = history_version + 1 WHERE id IN (SELECT thread_id FROM renewed)",
        thread.0,
        lost,
        copy.id,
        copy.expires_at,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("files::renewed"))?;
    Ok(())
}
