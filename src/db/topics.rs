//! Repository of topic deletions: what was offered to whom, who has confirmed it, and what has become of each topic.

use chrono::{DateTime, Utc};

use super::messages::AppliedEdit;
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, DeletionId, ThreadKey, TopicId, UpdateId, UserId};

/// The most topics that one offer names.
const MOST: i64 = 1_000;
/// The topic of a forum that cannot be deleted.
const GENERAL: i32 = 1;

/// Topics that somebody may delete, or has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TopicDeletion {
    /// Where they are.
    pub chat: ChatId,
    /// The only one who may delete them by this offer.
    pub user: UserId,
    /// What was offered.
    pub topics: Vec<TopicId>,
    /// Those of them that are gone.
    pub deleted: Vec<TopicId>,
    /// Those that Telegram did not delete.
    pub failed: Vec<TopicId>,
    /// From when on it cannot be confirmed any more.
    pub expires_at: DateTime<Utc>,
    /// The tap that confirmed it.
    pub used_by: Option<UpdateId>,
}

impl TopicDeletion {
    /// The topics of which nothing has become yet.
    pub(crate) fn left(&self) -> Vec<TopicId> {
        let done = |topic: &&TopicId| !self.deleted.contains(topic) && !self.failed.contains(topic);
        self.topics.iter().filter(done).copied().collect()
    }
}

/// The topics of a chat in which somebody has talked to the bot, oldest first, as far as they are not known to be gone.
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

/// Writes an offer down that an update has asked for; the same update again finds the same offer.
pub(crate) async fn offer(
    tx: &mut Tx<'_>,
    update: UpdateId,
    key: ThreadKey,
    topics: &[TopicId],
    expires_at: DateTime<Utc>,
) -> Result<DeletionId, DbError> {
    let topics: Vec<i32> = topics.iter().map(|topic| topic.0).collect();
    sqlx::query_scalar!(
        "INSERT INTO topic_deletions (asked_by, chat_id, user_id, topics, expires_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (asked_by) DO UPDATE SET asked_by = excluded.asked_by RETURNING id",
        update.0,
        key.chat.0,
        key.user.0,
        &topics,
        expires_at,
    )
    .fetch_one(&mut **tx)
    .await
    .map(DeletionId)
    .map_err(DbError::at("topics::offer"))
}

/// An offer, as it stands.
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

/// Confirms an offer by a tap of its owner in its chat; false if it is not theirs, too old, or confirmed by another tap.
pub(crate) async fn confirm(
    tx: &mut Tx<'_>,
    id: DeletionId,
    key: ThreadKey,
    tap: UpdateId,
    now: DateTime<Utc>,
) -> Result<bool, DbError> {
    let confirmed = sqlx::query!(
        "UPDATE topic_deletions SET used_by = $4, used_at = coalesce(used_at, $5)
         WHERE id = $1 AND chat_id = $2 AND user_id = $3
           AND (used_by = $4 OR (used_by IS NULL AND expires_at > $5))",
        id.0,
        key.chat.0,
        key.user.0,
        tap.0,
        now,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topics::confirm"))?;
    Ok(confirmed.rows_affected() > 0)
}

/// Deletions that were confirmed and are not finished, oldest first.
pub(crate) async fn unfinished(db: &Db) -> Result<Vec<DeletionId>, DbError> {
    sqlx::query_scalar!(
        "SELECT id FROM topic_deletions WHERE used_at IS NOT NULL AND finished_at IS NULL ORDER BY id"
    )
    .fetch_all(db.pool())
    .await
    .map(|ids| ids.into_iter().map(DeletionId).collect())
    .map_err(DbError::at("topics::unfinished"))
}

/// A topic is gone: everybody's conversation in it is forgotten. Returns those conversations.
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
            user: UserId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        version: row.history_version,
    });
    Ok(changed.collect())
}

/// Telegram does not delete a topic; nothing is forgotten.
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

/// Nothing of a deletion is left to do.
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

/// Forgets offers that expired before a time, but for those that are still being carried out.
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
