//! Repository of erasures: deletes what is stored about a person, in batches, except what the books are made of. Every
//! statement finds what is still there, so each may be repeated, and all of them after a crash. Rows that others
//! refer to are emptied instead of deleted.

mod files;
mod walks;

pub(crate) use self::files::{delete_files, delete_made_files, files, made_files};
pub(crate) use self::walks::{walk_inbox, walk_outbox};
use super::messages::AppliedEdit;
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, OwnerId, ThreadId, ThreadKey, TopicId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::Person;

/// Returns the open turns of a person, with their conversations.
pub(crate) async fn open_turns(db: &Db, user: UserId) -> Result<Vec<(ThreadKey, TurnId)>, DbError> {
    let rows = sqlx::query!(
        "SELECT chat_id, user_id, topic_id, turns.id
         FROM turns_of_people JOIN turns ON turns.id = turn_id JOIN threads ON threads.id = thread_id
         WHERE person_id = $1 AND state = 'open'",
        user.0,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::open_turns"))?;
    let turns = rows.into_iter().map(|row| (key(row.chat_id, row.user_id, row.topic_id), TurnId(row.id)));
    Ok(turns.collect())
}

/// Returns the conversations of chats in `buckets` with an answer that runs although everything about its person is to
/// be erased.
pub(crate) async fn turns_to_stop(db: &Db, buckets: &[i64]) -> Result<Vec<ThreadKey>, DbError> {
    let rows = sqlx::query!(
        "SELECT threads.chat_id, threads.user_id, threads.topic_id
         FROM data_requests JOIN turns_of_people ON person_id = data_requests.user_id
           JOIN turns ON turns.id = turn_id JOIN threads ON threads.id = thread_id
         WHERE data_requests.kind = 'erasure' AND data_requests.state = 'waiting' AND turns.state = 'open'
           AND threads.chat_id & 1023 = ANY($1)",
        buckets,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::turns_to_stop"))?;
    Ok(rows.into_iter().map(|row| key(row.chat_id, row.user_id, row.topic_id)).collect())
}

fn key(chat: i64, owner: i64, topic: Option<i32>) -> ThreadKey {
    ThreadKey { chat: ChatId(chat), owner: OwnerId(owner), topic: topic.map(TopicId) }
}

/// Returns how much work about a person is going on that would store something later: open turns and those that no
/// statistics include yet, updates that name the person, transcriptions, names of topics that the model is asked
/// for, messages that are just being sent.
pub(crate) async fn unfinished(database: impl sqlx::PgExecutor<'_>, user: UserId) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        r#"SELECT (
             SELECT count(*) FROM turns_of_people JOIN turns ON turns.id = turn_id
             WHERE person_id = $1 AND (state = 'open' OR NOT counted AND NOT EXISTS (
               SELECT 1 FROM dead_letters WHERE item_id = 'user_stats:' || turns.id))
           ) + (
             SELECT count(*) FROM inbox WHERE handled_at IS NULL AND payload::text ~ ('"(user_)?id" *: *' || $1::bigint::text || '\D')
           ) + (
             SELECT count(*) FROM transcriptions WHERE user_id = $1 AND state = 'pending'
           ) + (
             SELECT count(*) FROM topic_names WHERE user_id = $1 AND held > 0
           ) + (
             -- What is owed gets a minute to arrive, such as a receipt.
             SELECT count(*) FROM outbox
             WHERE state = 'pending' AND (chat_id = $1 OR owner_id = $1) AND created_at > now() - interval '1 minute'
           ) AS "count!""#,
        user.0,
    )
    .fetch_one(database)
    .await
    .map_err(DbError::at("erasure::unfinished"))
}

/// Returns the profile of a person as stored.
pub(crate) async fn profile(db: &Db, user: UserId) -> Result<Person, DbError> {
    let row = sqlx::query!(
        "SELECT first_name, last_name, username, language_code, is_bot, is_premium FROM users WHERE id = $1",
        user.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("erasure::profile"))?;
    Ok(Person {
        id: user,
        first_name: row.first_name,
        last_name: row.last_name,
        username: row.username,
        language_code: row.language_code,
        is_bot: row.is_bot,
        is_premium: row.is_premium,
    })
}

/// Removes what other people's messages repeat of the person's: replies to messages of the person or to answers that
/// the person got, and replies in the person's groups to somebody of one of these names. Returns the conversations
/// that have changed.
pub(crate) async fn forget_replies(
    db: &Db,
    user: UserId,
    names: &[String],
    limit: i64,
) -> Result<Vec<AppliedEdit>, DbError> {
    let rows = sqlx::query!(
        "WITH quoting AS (
           SELECT quoting.id FROM threads AS other JOIN messages AS quoting ON quoting.thread_id = other.id
           WHERE other.chat_id = ANY(ARRAY(
               SELECT chat_id FROM threads WHERE user_id = $1
               UNION SELECT chat_id FROM turns JOIN threads ON threads.id = thread_id WHERE asker_id = $1))
             AND other.user_id <> $1 AND quoting.reply_sender IS NOT NULL
             AND (quoting.reply_sender = ANY($2) OR EXISTS (
               SELECT 1 FROM messages AS replied JOIN messages_of_people ON message_row = replied.id
               WHERE replied.chat_id = quoting.chat_id AND replied.message_id = quoting.reply_to AND person_id = $1
             ) OR EXISTS (
               SELECT 1 FROM outbox JOIN turns_of_people ON turns_of_people.turn_id = outbox.turn_id
               WHERE outbox.chat_id = quoting.chat_id AND outbox.message_id = quoting.reply_to AND person_id = $1))
           LIMIT $3
         ), emptied AS (
           UPDATE messages SET reply_sender = NULL, reply_snippet = NULL, reply_content = NULL, reply_chat = NULL, quote = NULL
           WHERE id = ANY(ARRAY(SELECT id FROM quoting)) RETURNING thread_id
         )
         UPDATE threads SET history_version = history_version + 1
         WHERE id = ANY(ARRAY(SELECT DISTINCT thread_id FROM emptied))
         RETURNING chat_id, user_id, topic_id, history_version",
        user.0,
        names,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::forget_replies"))?;
    let changed = rows.into_iter().map(|row| AppliedEdit {
        key: key(row.chat_id, row.user_id, row.topic_id),
        version: row.history_version,
    });
    Ok(changed.collect())
}

/// Deletes up to `limit` messages of a person's conversations. Returns how many there were.
pub(crate) async fn messages(db: &Db, user: UserId, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "WITH gone AS (
           DELETE FROM messages WHERE id = ANY(ARRAY(
             SELECT message_row FROM messages_of_people WHERE person_id = $1 LIMIT $2))
           RETURNING thread_id
         ), changed AS (
           UPDATE threads SET history_version = history_version + 1
           WHERE id = ANY(ARRAY(SELECT DISTINCT thread_id FROM gone))
         )
         SELECT 1 AS one FROM gone",
        user.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::messages"))?;
    Ok(done.len() as u64)
}

/// Empties up to `limit` turns of what they keep of files and tools, and deletes the checkpoints. Returns how many
/// turns there were.
pub(crate) async fn turns(db: &Db, user: UserId, limit: i64) -> Result<u64, DbError> {
    let done = sqlx::query!(
        "WITH due AS (
           SELECT turns.id FROM turns_of_people JOIN turns ON turns.id = turns_of_people.turn_id
             LEFT JOIN checkpoints ON checkpoints.turn_id = turns.id
           WHERE person_id = $1
             AND (sent_files IS NOT NULL OR tool_rounds IS NOT NULL OR checkpoints.turn_id IS NOT NULL) LIMIT $2
         ), gone AS (
           DELETE FROM checkpoints WHERE turn_id = ANY(ARRAY(SELECT id FROM due))
         )
         UPDATE turns SET sent_files = NULL, tool_rounds = NULL WHERE id = ANY(ARRAY(SELECT id FROM due))",
        user.0,
        limit,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("erasure::turns"))?;
    Ok(done.rows_affected())
}

/// Deletes the few rows that a person has in other tables, and empties those that prove a charge.
pub(crate) async fn scattered(db: &Db, user: UserId) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    // Topics keep the names that they have.
    sqlx::query!(
        "UPDATE topic_names SET state = 'left', name = NULL, icon = NULL, failure = 'erased', due_at = NULL, settled_at = now()
         WHERE (user_id = $1 OR chat_id = $1)
           AND (state = 'chosen' OR state = 'implicit' AND held = 0 AND due_at IS NOT NULL)",
        user.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::at("erasure::scattered"))?;
    sqlx::query!(
        "WITH recipients AS (
           DELETE FROM announcement_recipients USING announcements
           WHERE user_id = $1 AND announcements.id = announcement_id AND announcements.finished_at IS NOT NULL
         ), dialogs AS (
           DELETE FROM dialogs WHERE user_id = $1
         ), sandboxes AS (
           DELETE FROM sandboxes WHERE thread_id = ANY(ARRAY(SELECT id FROM threads WHERE user_id = $1))
         ), topics AS (
           DELETE FROM topic_deletions WHERE user_id = $1
         ), fetches AS (
           DELETE FROM file_fetches WHERE user_id = $1
         ), menus AS (
           -- The row says that a menu is to be removed.
           UPDATE personal_menus SET digest = NULL WHERE user_id = $1 AND digest IS NOT NULL
         ), sponsored AS (
           UPDATE group_settings SET sponsor_id = NULL, day_limit = NULL WHERE sponsor_id = $1
         ), letters AS (
           DELETE FROM dead_letters WHERE payload LIKE '%\"text\"%' AND EXISTS (
             SELECT 1 FROM turns_of_people
             WHERE turn_id = substring(payload from '\"turn\": *([0-9]{1,18})')::bigint AND person_id = $1)
         )
         UPDATE transcriptions SET text = NULL, language = NULL
         WHERE user_id = $1 AND state <> 'pending' AND (text IS NOT NULL OR language IS NOT NULL)",
        user.0,
    )
    .execute(&mut *tx)
    .await
    .map_err(DbError::at("erasure::scattered"))?;
    Db::commit(tx).await
}

/// Returns up to `limit` conversations of a person behind `after`, also shared ones in which the person has asked.
pub(crate) async fn threads(
    db: &Db,
    user: UserId,
    after: ThreadId,
    limit: i64,
) -> Result<Vec<(ThreadId, ThreadKey)>, DbError> {
    let rows = sqlx::query!(
        "SELECT id, chat_id, user_id, topic_id FROM threads
         WHERE id = ANY(ARRAY(SELECT id FROM threads WHERE user_id = $1
                              UNION SELECT thread_id FROM turns WHERE asker_id = $1)) AND id > $2
         ORDER BY id LIMIT $3",
        user.0,
        after.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("erasure::threads"))?;
    let thread = |id, chat, owner, topic| (ThreadId(id), key(chat, owner, topic));
    Ok(rows.into_iter().map(|row| thread(row.id, row.chat_id, row.user_id, row.topic_id)).collect())
}

/// Whether nothing of a person is left in conversations, so that the profile can go, too.
pub(crate) async fn is_empty(tx: &mut Tx<'_>, user: UserId) -> Result<bool, DbError> {
    let left = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM messages_of_people WHERE person_id = $1)
               OR EXISTS (SELECT 1 FROM outbox WHERE chat_id = $1 AND message_id IS NOT NULL AND text <> '')
               OR EXISTS (SELECT 1 FROM outbox WHERE state = 'pending' AND chat_id = $1)
             AS "left!""#,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("erasure::is_empty"))?;
    Ok(!left && unfinished(&mut **tx, user).await? == 0)
}

/// Empties the profile and takes back all choices of a person. The person gets no announcements any more. Returns the
/// balance, which stays, and the new version of the row.
pub(crate) async fn profile_gone(tx: &mut Tx<'_>, user: UserId) -> Result<(Usd, i64), DbError> {
    sqlx::query!("UPDATE chats SET title = NULL, username = NULL WHERE id = $1", user.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("erasure::profile_gone"))?;
    sqlx::query!(
        "UPDATE data_requests SET language = NULL WHERE user_id = $1 AND state <> 'waiting' AND language IS NOT NULL",
        user.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("erasure::profile_gone"))?;
    let row = sqlx::query!(
        "UPDATE users SET first_name = '', last_name = NULL, username = NULL, language_code = NULL, is_premium = FALSE,
           model_id = NULL, language = NULL, campaign = NULL, effort = NULL, turn_limit = NULL, shows_cost = FALSE,
           shows_thinking = TRUE, personality = NULL, announcements = FALSE
         WHERE id = $1 RETURNING balance, version",
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("erasure::profile_gone"))?;
    Ok((Usd(row.balance), row.version))
}
