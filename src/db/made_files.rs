//! Files made by tools, and lookup of any file that the model may send. Lookups for the model are restricted to one
//! conversation. Contents are deleted when Telegram has accepted the file, or when it has expired and no
//! message that waits in the outbox contains it.

mod conversation;

use chrono::{DateTime, Utc};

pub use self::conversation::{ListedMadeFile, SendableFile};
pub(crate) use self::conversation::{of_thread, sendable};
use super::{Db, DbError, Tx};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{TurnId, UserId};
use crate::domain::media::MediaKind;

/// A new file.
#[derive(Clone, Copy, Debug)]
pub struct NewMadeFile<'a> {
    /// Its id.
    pub id: PublicFileId,
    /// The turn whose tool has made it.
    pub turn: TurnId,
    /// The name, not empty.
    pub name: &'a str,
    /// The MIME type, not empty.
    pub mime: &'a str,
    /// What it is, for the model.
    pub description: &'a str,
    /// The content: 1 byte to 50 MB.
    pub content: &'a [u8],
}

/// How much may be kept, in bytes, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct KeepLimits {
    /// For all users together.
    pub total: i64,
    /// For one user.
    pub user: i64,
    /// The part of the total of which Redis gets copies.
    pub cached: i64,
    /// Seconds until the file expires.
    pub seconds: f64,
}

/// Stores a file for the conversation of its turn. Returns whether Redis should get a copy, or `None` if
/// there is no room for the file. Storing the same id again changes nothing.
///
/// # Errors
/// Returns the errors of the database.
pub(crate) async fn keep(
    db: &Db,
    file: &NewMadeFile<'_>,
    limits: KeepLimits,
) -> Result<Option<bool>, DbError> {
    let size = i64::try_from(file.content.len()).unwrap_or(i64::MAX);
    let mut tx = db.begin().await?;
    // One at a time, so that two do not fill the same room.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('made_files'))")
        .execute(&mut *tx)
        .await
        .map_err(DbError::at("made_files::keep"))?;
    let cached = sqlx::query_scalar!(
        r#"WITH owner AS (
             SELECT turns.thread_id, user_id FROM turns JOIN threads ON threads.id = thread_id WHERE turns.id = $1
           ), kept AS (
             SELECT coalesce(sum(size), 0) AS total, coalesce(sum(size) FILTER (WHERE cached), 0) AS cached,
                    coalesce(sum(size) FILTER (WHERE user_id = (SELECT user_id FROM owner)), 0) AS own
             FROM made_files JOIN threads ON threads.id = made_files.thread_id
             WHERE state = 'kept' AND made_files.id <> $2::text::uuid
           ), new AS (
             INSERT INTO made_files (id, thread_id, turn_id, name, mime, size, sha256, description, cached, expires_at)
             SELECT $2::text::uuid, thread_id, $1::bigint, $3, $4, $5::bigint, sha256($6::bytea), $7, kept.cached + $5::bigint <= $10::bigint,
                    now() + make_interval(secs => $11)
             FROM owner, kept WHERE kept.total + $5::bigint <= $8::bigint AND kept.own + $5::bigint <= $9::bigint
             ON CONFLICT (id) DO UPDATE SET id = excluded.id
             RETURNING id, cached
           ), content AS (
             INSERT INTO made_file_contents (file_id, content) SELECT id, $6::bytea FROM new ON CONFLICT DO NOTHING
           )
           SELECT cached FROM new"#,
        file.turn.0,
        file.id.column(),
        file.name,
        file.mime,
        size,
        file.content,
        file.description,
        limits.total,
        limits.user,
        limits.cached,
        limits.seconds,
    )
    .fetch_optional(&mut *tx)
    .await
    .map_err(DbError::at("made_files::keep"))?;
    Db::commit(tx).await?;
    Ok(cached)
}

/// A report that is sent to an administrator as a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report<'a> {
    /// The id of the file.
    pub id: PublicFileId,
    /// Its name, not empty.
    pub name: &'a str,
    /// Its MIME type, not empty.
    pub mime: &'a str,
}

/// Stores a report, which belongs to no conversation, for an hour or until it is sent. Storing the same id
/// again changes nothing.
pub(crate) async fn keep_report(tx: &mut Tx<'_>, report: Report<'_>, content: &[u8]) -> Result<(), DbError> {
    sqlx::query!(
        "WITH new AS (
           INSERT INTO made_files (id, name, mime, size, sha256, description, cached, expires_at)
           VALUES ($1::text::uuid, $2, $3, $4, sha256($5::bytea), '', FALSE, now() + interval '1 hour')
           ON CONFLICT (id) DO NOTHING RETURNING id
         )
         INSERT INTO made_file_contents (file_id, content) SELECT id, $5::bytea FROM new",
        report.id.column(),
        report.name,
        report.mime,
        i64::try_from(content.len()).unwrap_or(i64::MAX),
        content,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("made_files::keep_report"))?;
    Ok(())
}

/// A made file whose content is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoredFile {
    pub id: PublicFileId,
    pub name: String,
    /// Bytes.
    pub size: usize,
}

/// Returns up to `limit` files whose content is stored and that were made for a person, newest first; also those in
/// conversations that the members of a group share, if the person has asked.
pub(crate) async fn of_person(db: &Db, user: UserId, limit: i64) -> Result<Vec<StoredFile>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT made.id::text AS "id!", name, size
           FROM made_files_of_people AS made_for JOIN made_files AS made ON made.id = file_id
           WHERE person_id = $1 AND EXISTS (SELECT 1 FROM made_file_contents AS stored WHERE stored.file_id = made.id)
           ORDER BY created_at DESC LIMIT $2"#,
        user.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("made_files::of_person"))?;
    let file = |id: &str, name, size| {
        Ok(StoredFile { id: read_id(id)?, name, size: usize::try_from(size).unwrap_or(usize::MAX) })
    };
    rows.into_iter().map(|row| file(&row.id, row.name, row.size)).collect()
}

/// Returns the content of a file. Returns `None` if it was deleted.
pub(crate) async fn content(db: &Db, id: PublicFileId) -> Result<Option<Vec<u8>>, DbError> {
    sqlx::query_scalar!("SELECT content FROM made_file_contents WHERE file_id = $1::text::uuid", id.column())
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("made_files::content"))
}

/// A file that Telegram has: what it has made of it and its id there, if these are known.
pub(crate) type DeliveredFile = (PublicFileId, Option<(MediaKind, String)>);

/// Records that Telegram has these files, and deletes their contents.
pub(super) async fn delivered(tx: &mut Tx<'_>, files: &[DeliveredFile]) -> Result<(), DbError> {
    let ids: Vec<String> = files.iter().map(|(id, _)| id.column()).collect();
    let (kinds, copies): (Vec<Option<String>>, Vec<Option<String>>) = files
        .iter()
        .map(|(_, copy)| copy.as_ref().map(|(kind, id)| (kind.name().to_owned(), id.clone())).unzip())
        .unzip();
    sqlx::query!(
        "UPDATE made_files SET state = 'delivered', telegram_id = sent.telegram_id, sent_as = sent.kind
         FROM UNNEST($1::text[], $2::text[], $3::text[]) AS sent (id, kind, telegram_id)
         WHERE made_files.id = sent.id::uuid AND made_files.telegram_id IS NULL",
        &ids,
        &kinds as _,
        &copies as _,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("made_files::delivered"))?;
    // If Telegram's id is not known, the content can still be sent again until it expires.
    sqlx::query!(
        "DELETE FROM made_file_contents USING made_files
         WHERE made_files.id = file_id AND file_id = ANY($1::text[]::uuid[]) AND telegram_id IS NOT NULL",
        &ids,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("made_files::delivered"))?;
    Ok(())
}

/// Deletes up to `limit` files that have expired and that no waiting message contains, and the contents of
/// delivered ones. What was delivered stays as a line for the model.
pub(crate) async fn expire(db: &Db, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "WITH due AS (
           SELECT id, state FROM made_files
           WHERE expires_at < now()
             AND (state = 'kept' OR EXISTS (SELECT 1 FROM made_file_contents WHERE file_id = made_files.id))
             AND NOT EXISTS (
               SELECT 1 FROM outbox
               WHERE outbox.state = 'pending' AND media IS NOT NULL
                 AND media @> jsonb_build_array(jsonb_build_object('id', made_files.id)))
           ORDER BY expires_at LIMIT $1
         ), emptied AS (
           DELETE FROM made_file_contents USING due WHERE file_id = due.id AND due.state = 'delivered'
         )
         DELETE FROM made_files USING due WHERE made_files.id = due.id AND due.state = 'kept'",
        limit,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("made_files::expire"))?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` delivered files that were made before a time: prompts do not tell of them any more.
pub(crate) async fn forget(db: &Db, before: DateTime<Utc>, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "DELETE FROM made_files USING (
           SELECT id FROM made_files WHERE state = 'delivered' AND created_at < $1 ORDER BY created_at LIMIT $2
         ) AS old WHERE made_files.id = old.id",
        before,
        limit,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("made_files::forget"))?;
    Ok(done.rows_affected())
}

/// Reads the id of a row.
pub(super) fn read_id(column: &str) -> Result<PublicFileId, DbError> {
    let wrong = DbError::Inconsistent { table: "made_files", row: 0, what: "id is no UUID" };
    PublicFileId::from_column(column).ok_or(wrong)
}
