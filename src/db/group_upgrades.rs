//! Repository of groups that became supergroups: moves active work to the new chat, while everything with a
//! message id stays in the former one. A repetition moves what was added since.

use super::{DbError, Tx};
use crate::domain::ids::{ChatId, OwnerId, ThreadKey, TopicId};

/// Moves the threads of the chat `from` to the chat `to` and returns their former keys.
pub(crate) async fn follow(tx: &mut Tx<'_>, from: ChatId, to: ChatId) -> Result<Vec<ThreadKey>, DbError> {
    if !rename(tx, from, to).await? {
        return Ok(Vec::new());
    }
    carry_settings(tx, from, to).await?;
    // Turns are locked before threads, as in all transactions.
    sqlx::query!(
        "UPDATE turns SET question_id = (question_id - 2147483648)::integer, live_message_id = NULL, live_begun = FALSE
         WHERE thread_id IN (SELECT id FROM threads WHERE chat_id = $1) AND question_id > 0",
        from.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("group_upgrades::follow"))?;
    let threads = sqlx::query!(
        r#"SELECT old.id, old.user_id, old.topic_id, new.id AS "target?"
         FROM threads AS old LEFT JOIN threads AS new ON new.chat_id = $2
           AND new.user_id = CASE WHEN old.user_id < 0 THEN $2 ELSE old.user_id END AND new.topic_id IS NOT DISTINCT FROM old.topic_id
         WHERE old.chat_id = $1 AND EXISTS (SELECT 1 FROM turns WHERE turns.thread_id = old.id) ORDER BY old.id"#,
        from.0,
        to.0,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("group_upgrades::follow"))?;
    let (olds, targets): (Vec<i64>, Vec<i64>) =
        threads.iter().filter_map(|thread| Some((thread.id, thread.target?))).unzip();
    merge(tx, &olds, &targets).await?;
    let rest: Vec<i64> =
        threads.iter().filter(|thread| thread.target.is_none()).map(|thread| thread.id).collect();
    sqlx::query!(
        "UPDATE threads SET chat_id = $2, user_id = CASE WHEN user_id < 0 THEN $2 ELSE user_id END,
           history_version = history_version + 1,
           cleared_up_to = (cleared_up_to - 2147483648)::integer
         WHERE id = ANY($1)",
        &rest,
        to.0,
    )
    .execute(&mut **tx)
    .await
    // A user may be entering the new chat concurrently.
    .map_err(DbError::at_race("group_upgrades::follow"))?;
    readdress(tx, from, to).await?;
    let key = |user: i64, topic: Option<i32>| ThreadKey {
        chat: from,
        owner: OwnerId(user),
        topic: topic.map(TopicId),
    };
    Ok(threads.iter().map(|thread| key(thread.user_id, thread.topic_id)).collect())
}

/// Records the successor of a chat. Returns `false` if the chat is unknown.
async fn rename(tx: &mut Tx<'_>, from: ChatId, to: ChatId) -> Result<bool, DbError> {
    sqlx::query!(
        "INSERT INTO chats (id, kind, title, username) SELECT $2, 'supergroup', title, username FROM chats WHERE id = $1
         ON CONFLICT (id) DO NOTHING",
        from.0,
        to.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("group_upgrades::rename"))?;
    let renamed = sqlx::query!("UPDATE chats SET migrated_to = $2 WHERE id = $1", from.0, to.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("group_upgrades::rename"))?;
    Ok(renamed.rows_affected() > 0)
}

/// Moves what was set in a group, what its sponsor has paid today and what it was told. Settings that somebody has
/// made in the new chat stay.
async fn carry_settings(tx: &mut Tx<'_>, from: ChatId, to: ChatId) -> Result<(), DbError> {
    let at = "group_upgrades::carry_settings";
    sqlx::query!(
        "WITH former AS (DELETE FROM group_settings WHERE chat_id = $1 RETURNING *)
         INSERT INTO group_settings (chat_id, hears_all, shared, sponsor_id, day_limit, changed_by, changed_at)
         SELECT $2, hears_all, shared, sponsor_id, day_limit, changed_by, changed_at FROM former
         ON CONFLICT (chat_id) DO NOTHING",
        from.0,
        to.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    sqlx::query!("UPDATE turns SET sponsored_in = $2 WHERE sponsored_in = $1", from.0, to.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at(at))?;
    sqlx::query!("UPDATE transcriptions SET sponsored_in = $2 WHERE sponsored_in = $1", from.0, to.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at(at))?;
    sqlx::query!(
        "WITH former AS (DELETE FROM group_notices WHERE chat_id = $1 RETURNING *)
         INSERT INTO group_notices (chat_id, notice, told_at) SELECT $2, notice, told_at FROM former
         ON CONFLICT (chat_id, notice) DO NOTHING",
        from.0,
        to.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    Ok(())
}

/// Merges threads into those that their users already have in the new chat.
async fn merge(tx: &mut Tx<'_>, olds: &[i64], targets: &[i64]) -> Result<(), DbError> {
    if olds.is_empty() {
        return Ok(());
    }
    let at = "group_upgrades::merge";
    sqlx::query!(
        "UPDATE turns SET thread_id = target FROM UNNEST($1::bigint[], $2::bigint[]) AS pair (old, target)
         WHERE thread_id = old",
        olds,
        targets,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    sqlx::query!(
        "UPDATE messages SET thread_id = target FROM UNNEST($1::bigint[], $2::bigint[]) AS pair (old, target)
         WHERE thread_id = old",
        olds,
        targets,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    sqlx::query!(
        "UPDATE files SET thread_id = target FROM UNNEST($1::bigint[], $2::bigint[]) AS pair (old, target)
         WHERE thread_id = old",
        olds,
        targets,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    sqlx::query!(
        "UPDATE made_files SET thread_id = target FROM UNNEST($1::bigint[], $2::bigint[]) AS pair (old, target)
         WHERE thread_id = old",
        olds,
        targets,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    sqlx::query!(
        "UPDATE threads SET history_version = greatest(threads.history_version, former.history_version) + 1,
           -- Where nothing was forgotten in the new chat, the number of the former one counts.
           cleared_up_to = greatest(nullif(threads.cleared_up_to, 0), (former.cleared_up_to - 2147483648)::integer)
         FROM UNNEST($1::bigint[], $2::bigint[]) AS pair (old, target) JOIN threads AS former ON former.id = old
         WHERE threads.id = target",
        olds,
        targets,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    Ok(())
}

/// Readdresses undelivered messages and the open dialog to the new chat. Message ids of the former chat are
/// dropped, because they are not valid there.
async fn readdress(tx: &mut Tx<'_>, from: ChatId, to: ChatId) -> Result<(), DbError> {
    let at = "group_upgrades::readdress";
    sqlx::query!(
        "UPDATE outbox SET chat_id = $2, topic_id = NULL, reply_to = NULL, replaces = NULL, after_id = NULL, begun = FALSE
         WHERE state = 'pending' AND chat_id = $1",
        from.0,
        to.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    sqlx::query!(
        "WITH moved AS (DELETE FROM dialogs WHERE chat_id = $1 RETURNING *)
         INSERT INTO dialogs (chat_id, user_id, topic_id, kind, opened_by, expires_at)
         SELECT $2, user_id, topic_id, kind, opened_by, expires_at FROM moved ON CONFLICT DO NOTHING",
        from.0,
        to.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at(at))?;
    Ok(())
}
