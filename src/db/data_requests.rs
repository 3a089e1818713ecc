//! Repository of what people ask of the data about them. A request waits until a worker takes it under a lease;
//! those of one person are carried out one after the other.

mod erasures;

use std::time::Duration;

use chrono::{DateTime, Utc};

pub(crate) use self::erasures::{ErasureState, decide, lock_erasure};
use super::{Db, DbError, Tx};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, DataRequestId, MessageId, OwnerId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::people::Language;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum DataRequestKind {
    /// The conversation in which it is asked, as a file.
    Conversation,
    /// Everything that is stored about the person, as a file.
    Everything,
    /// That everything but the books is erased.
    Erasure,
}

impl DataRequestKind {
    /// Returns the name of the column.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// A request that a worker carries out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct DataRequest {
    pub id: DataRequestId,
    pub kind: DataRequestKind,
    /// The person who asks.
    pub user: UserId,
    /// The conversation in which it was asked.
    pub key: ThreadKey,
    /// The message that asked, or below which the button was.
    pub message: MessageId,
    /// The language of the answer.
    pub language: Language,
    /// How many steps of an erasure are finished.
    pub step: i32,
    /// How often a worker has taken it, this time included.
    pub attempts: i32,
}

/// A worker's right to carry out a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DataLease {
    /// A number that no other worker has.
    pub number: i64,
    /// How long the worker has the right without renewing it.
    pub lasts: Duration,
}

/// What is known of a person's former requests of a kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct FormerRequests {
    /// Whether one is being carried out.
    pub is_waiting: bool,
    /// When the newest one was made that has not failed.
    pub newest: Option<DateTime<Utc>>,
}

/// Returns what is known of the requests that a person has made before the update `now`; for conversations, only in
/// this one.
pub(crate) async fn former(
    tx: &mut Tx<'_>,
    user: UserId,
    key: ThreadKey,
    kind: DataRequestKind,
    now: UpdateId,
) -> Result<FormerRequests, DbError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(bool_or(state = 'waiting'), FALSE) AS "is_waiting!", max(created_at) AS newest
           FROM data_requests
           WHERE user_id = $1 AND kind = $2 AND asked_by <> $3 AND state IN ('waiting', 'done')
             AND ($2 <> 'conversation' OR (chat_id = $4 AND topic_id IS NOT DISTINCT FROM $5))"#,
        user.0,
        kind.name(),
        now.0,
        key.chat.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("data_requests::former"))?;
    Ok(FormerRequests { is_waiting: row.is_waiting, newest: row.newest })
}

/// Stores a request. An erasure waits for its confirmation until `expires_at`. The same update again is the
/// same request.
pub(crate) async fn ask(
    tx: &mut Tx<'_>,
    user: UserId,
    (update, key, message): (UpdateId, ThreadKey, MessageId),
    kind: DataRequestKind,
    language: Language,
    expires_at: Option<DateTime<Utc>>,
) -> Result<DataRequestId, DbError> {
    sqlx::query_scalar!(
        "INSERT INTO data_requests (asked_by, user_id, chat_id, topic_id, message_id, kind, state, language, expires_at, owner_id)
         VALUES ($1, $2, $3, $4, $5, $6, CASE WHEN $8::timestamptz IS NULL THEN 'waiting' ELSE 'offered' END, $7, $8, $9)
         ON CONFLICT (asked_by) DO UPDATE SET asked_by = excluded.asked_by RETURNING id",
        update.0,
        user.0,
        key.chat.0,
        key.topic.map(|topic| topic.0),
        message.0,
        kind.name(),
        language.code(),
        expires_at,
        key.owner.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map(DataRequestId)
    .map_err(DbError::at("data_requests::ask"))
}

/// Takes the request that is due for the longest time, if there is one and no other worker has it. A person's
/// later request waits for the former one.
pub(crate) async fn claim(db: &Db, lease: DataLease) -> Result<Option<DataRequest>, DbError> {
    let row = sqlx::query!(
        r#"UPDATE data_requests SET lease = $1, leased_until = now() + make_interval(secs => $2), attempts = attempts + 1
           WHERE id = (
             SELECT id FROM data_requests AS due
             WHERE state = 'waiting' AND due_at <= now()
               AND (leased_until IS NULL OR leased_until <= now() OR lease = $1)
               AND NOT EXISTS (SELECT 1 FROM data_requests AS former
                               WHERE former.user_id = due.user_id AND former.id < due.id AND former.state = 'waiting')
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING id, user_id, owner_id, chat_id, topic_id, message_id, kind, language, step, attempts"#,
        lease.number,
        lease.lasts.as_secs_f64(),
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("data_requests::claim"))?;
    let Some(row) = row else { return Ok(None) };
    let unknown = DbError::Inconsistent { table: "data_requests", row: row.id, what: "the kind is unknown" };
    Ok(Some(DataRequest {
        id: DataRequestId(row.id),
        kind: row.kind.parse().map_err(|_| unknown)?,
        user: UserId(row.user_id),
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            owner: OwnerId(row.owner_id),
            topic: row.topic_id.map(TopicId),
        },
        message: MessageId(row.message_id),
        language: Language::from_tag(row.language.as_deref()),
        step: row.step,
        attempts: row.attempts,
    }))
}

/// Returns in how many seconds the next request may be taken; `None` if none waits.
pub(crate) async fn next_due(db: &Db) -> Result<Option<f64>, DbError> {
    sqlx::query_scalar!(
        r#"SELECT extract(epoch FROM min(greatest(due_at, leased_until)) - now())::float8 AS due_s
           FROM data_requests WHERE state = 'waiting'"#
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("data_requests::next_due"))
}

/// Renews a lease and records how many steps of an erasure are finished (`step`). Returns `false` if another
/// worker has the request.
pub(crate) async fn renew(
    db: &Db,
    id: DataRequestId,
    lease: DataLease,
    step: Option<i32>,
) -> Result<bool, DbError> {
    let renewed = sqlx::query!(
        "UPDATE data_requests SET leased_until = now() + make_interval(secs => $3), step = coalesce($4, step)
         WHERE id = $1 AND lease = $2 AND state = 'waiting'",
        id.0,
        lease.number,
        lease.lasts.as_secs_f64(),
        step,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("data_requests::renew"))?;
    Ok(renewed.rows_affected() > 0)
}

/// Gives a request back, to be taken again after a pause, from its first step if `again`.
pub(crate) async fn postpone(
    db: &Db,
    id: DataRequestId,
    lease: i64,
    pause: Duration,
    again: bool,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE data_requests SET due_at = now() + make_interval(secs => $3), lease = NULL, leased_until = NULL,
           step = CASE WHEN $4 THEN 0 ELSE step END
         WHERE id = $1 AND lease = $2 AND state = 'waiting'",
        id.0,
        lease,
        pause.as_secs_f64(),
        again,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("data_requests::postpone"))?;
    Ok(())
}

/// Ends a request of this worker: it is answered by a file or a message, or has failed. Returns `false` if another
/// worker has it or it has ended.
pub(crate) async fn finish(
    tx: &mut Tx<'_>,
    id: DataRequestId,
    lease: i64,
    (failed, file): (bool, Option<PublicFileId>),
) -> Result<bool, DbError> {
    let finished = sqlx::query!(
        "UPDATE data_requests SET state = CASE WHEN $3 THEN 'failed' ELSE 'done' END, language = NULL,
           file_id = $4::text::uuid, finished_at = now()
         WHERE id = $1 AND lease = $2 AND state = 'waiting'",
        id.0,
        lease,
        failed,
        file.map(PublicFileId::column),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("data_requests::finish"))?;
    Ok(finished.rows_affected() > 0)
}

/// Deletes requests that ended before a time, and offers that expired before it.
pub(crate) async fn forget(db: &Db, before: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM data_requests WHERE finished_at < $1 OR (state = 'offered' AND expires_at < $1)",
        before,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("data_requests::forget"))?;
    Ok(())
}
