//! Repository of topic deletions: the offer, its confirmation, and the result for each topic.

use chrono::{DateTime, Utc};

use super::messages::AppliedEdit;
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, DeletionId, OwnerId, ThreadKey, TopicId, UpdateId, UserId};

/// The most topics in one offer.
const MOST: i64 = 1_000;
/// The General topic of a forum, which cannot be deleted.
const GENERAL: i32 = 1;

/// An offer to delete topics, and its progress.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TopicDeletion {
    /// The chat of the topics.
    pub chat: ChatId,
    /// The only user allowed to confirm the offer.
    pub user: UserId,
    /// The offered topics.
    pub topics: Vec<TopicId>,
    /// The topics deleted so far.
    pub deleted: Vec<TopicId>,
    /// The topics that Telegram refused to delete.
    pub failed: Vec<TopicId>,
    /// Time from which the offer can no longer be confirmed.
    pub expires_at: DateTime<Utc>,
    /// The update of the tap that confirmed it, if any.
    pub used_by: Option<UpdateId>,
}

impl TopicDeletion {
    /// Returns the topics that are neither deleted nor refused yet.
    pub(crate) fn left(&self) -> Vec<TopicId> {
        let done = |topic: &&TopicId| !self.deleted.contains(topic) && !self.failed.contains(topic);
        self.topics.iter().filter(done).copied().collect()
    }
}

/// Returns the topics of a chat in which the bot has threads, oldest first, without those known to be gone.
pub(crate) async fn known(tx: &mut Tx<'_>, chat: ChatId) -> Result<Vec<TopicId>, DbError> {
    let topics = sqlx::query_scalar!(
        r#"SELECT DISTINCT topic_id AS "topic!" FROM threads
           WHERE chat_id = $1 AND topic_id <> $2 AND NOT topic_gone ORDER BY 1 LIMIT $3"#,
        chat.0,
        GENERAL,
        MOST,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("topics::known"))?;
    Ok(topics.into_iter().map(TopicId).collect())
}

/// Stores an offer requested by an update. The same update gets the same offer.
pub(crate) async fn offer(
    tx: &mut Tx<'_>,
    update: UpdateId,
    (chat, user): (ChatId, UserId),
    topics: &[TopicId],
    expires_at: DateTime<Utc>,
) -> Result<DeletionId, DbError> {
    let topics: Vec<i32> = topics.iter().map(|topic| topic.0).collect();
    sqlx::query_scalar!(
        "INSERT INTO topic_deletions (asked_by, chat_id, user_id, topics, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (asked_by) DO UPDATE SET asked_by = excluded.asked_by RETURNING id",
        update.0,
        chat.0,
        user.0,
        &topics,
        expires_at,
    )
    .fetch_one(&mut **tx)
    .await
    .map(DeletionId)
    .map_err(DbError::at("topics::offer"))
}

/// Returns an offer with its progress.
pub(crate) async fn find(db: &Db, id: DeletionId) -> Result<Option<TopicDeletion>, DbError> {
    let row = sqlx::query!(
        "SELECT chat_id, user_id, topics, deleted, failed, expires_at, used_by FROM topic_deletions WHERE id = $1",
        id.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("topics::find"))?;
    let topics = |ids: Vec<i32>| ids.into_iter().map(TopicId).collect();
    Ok(row.map(|row| TopicDeletion {
        chat: ChatId(row.chat_id),
        user: UserId(row.user_id),
        topics: topics(row.topics),
        deleted: topics(row.deleted),
        failed: topics(row.failed),
        expires_at: row.expires_at,
        used_by: row.used_by.map(UpdateId),
    }))
}

/// Confirms an offer by a tap of its owner in its chat. Returns `false` if the user or chat differs, the
/// offer has expired, or another tap confirmed it.
pub(crate) async fn confirm(
    tx: &mut Tx<'_>,
    id: DeletionId,
    (chat, user): (ChatId, UserId),
    tap: UpdateId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let confirmed = sqlx::query!(
        "UPDATE topic_deletions SET used_by = $4, used_at = coalesce(used_at, $5)
         WHERE id = $1 AND chat_id = $2 AND user_id = $3
           AND (used_by = $4 OR (used_by IS NULL AND expires_at > $5))",
        id.0,
        chat.0,
        user.0,
        tap.0,
        now,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topics::confirm"))?;
    Ok(confirmed.rows_affected() > 0)
}

/// Returns confirmed deletions in chats of `buckets` that are not finished, oldest first.
pub(crate) async fn unfinished(db: &Db, buckets: &[i64]) -> Result<Vec<DeletionId>, DbError> {
    sqlx::query_scalar!(
        "SELECT id FROM topic_deletions
         WHERE used_at IS NOT NULL AND finished_at IS NULL AND chat_id & 1023 = ANY($1) ORDER BY id",
        buckets,
    )
    .fetch_all(db.pool())
    .await
    .map(|ids| ids.into_iter().map(DeletionId).collect())
    .map_err(DbError::at("topics::unfinished"))
}

/// Records that a topic was deleted and clears all its threads. Returns those threads.
pub(crate) async fn deleted(db: &Db, id: DeletionId, topic: TopicId) -> Result<Vec<AppliedEdit>, DbError> {
    let rows = sqlx::query!(
        r#"WITH deletion AS (
             UPDATE topic_deletions SET deleted = array_append(deleted, $2)
             WHERE id = $1 AND NOT $2 = ANY(deleted) AND NOT $2 = ANY(failed) RETURNING chat_id
           ), gone AS (
             SELECT threads.id FROM threads JOIN deletion ON deletion.chat_id = threads.chat_id
             WHERE threads.topic_id = $2 ORDER BY threads.id FOR UPDATE OF threads
           ), dropped AS (
             UPDATE files SET provider_id = NULL, provider_expires_at = NULL
             FROM gone WHERE files.thread_id = gone.id AND files.provider_id IS NOT NULL
           )
           UPDATE threads SET topic_gone = TRUE, history_version = history_version + 1,
             cleared_up_to = greatest(cleared_up_to,
               (SELECT max(question_id) FROM turns WHERE turns.thread_id = threads.id))
           FROM gone WHERE threads.id = gone.id
           RETURNING threads.chat_id, threads.user_id, threads.topic_id, threads.history_version"#,
        id.0,
        topic.0,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("topics::deleted"))?;
    let changed = rows.into_iter().map(|row| AppliedEdit {
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            owner: OwnerId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        version: row.history_version,
    });
    Ok(changed.collect())
}

/// Records that Telegram refused to delete a topic. Its threads are kept.
pub(crate) async fn failed(db: &Db, id: DeletionId, topic: TopicId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_deletions SET failed = array_append(failed, $2)
         WHERE id = $1 AND NOT $2 = ANY(deleted) AND NOT $2 = ANY(failed)",
        id.0,
        topic.0,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("topics::failed"))?;
    Ok(())
}

/// Marks a deletion as finished.
pub(crate) async fn finish(tx: &mut Tx<'_>, id: DeletionId, now: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_deletions SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL",
        id.0,
        now
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topics::finish"))?;
    Ok(())
}

/// Deletes offers that expired before a time, except deletions in progress.
pub(crate) async fn forget(db: &Db, before: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM topic_deletions WHERE expires_at < $1 AND (used_at IS NULL) = (finished_at IS NULL)",
        before,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("topics::forget"))?;
    Ok(())
}
