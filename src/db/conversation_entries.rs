//! Repository of conversations as people read them: messages with names of files, words of recordings and tool
//! calls, newest first.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::{Db, DbError, Tx};
use crate::domain::ids::{ThreadId, ThreadKey, UserId};
use crate::domain::media::SentFileNote;

/// A message of a conversation with what belongs to it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConversationEntry {
    /// Orders the entries.
    pub id: i64,
    /// Whether the bot has written it.
    pub is_answer: bool,
    pub at: DateTime<Utc>,
    /// The name of the person, where several write.
    pub sender: Option<String>,
    pub text: String,
    pub reply_sender: Option<String>,
    /// The part of the other message that is quoted, else its text.
    pub replied: Option<String>,
    pub forwarded_from: Option<String>,
    pub is_edited: bool,
    /// Whether the answer was cut.
    pub is_cut: bool,
    /// Names of files that came with it.
    pub files: Vec<String>,
    /// The words of its recording.
    pub spoken: Option<String>,
    /// Files that were sent with the answer.
    pub sent_files: Vec<SentFileNote>,
    /// The tools that were called for the answer, in order, and whether each failed.
    pub tools: Vec<(String, bool)>,
}

/// Returns the conversation with this key if it contains something that was not cleared.
pub(crate) async fn filled(tx: &mut Tx<'_>, key: ThreadKey) -> Result<Option<ThreadId>, DbError> {
    let thread = sqlx::query_scalar!(
        "SELECT id FROM threads
         WHERE chat_id = $1 AND user_id = $2 AND topic_id IS NOT DISTINCT FROM $3
           AND EXISTS (SELECT 1 FROM messages JOIN turns ON turns.id = messages.turn_id
                       WHERE messages.thread_id = threads.id AND turns.question_id > threads.cleared_up_to
                         AND NOT turns.retried)",
        key.chat.0,
        key.owner.0,
        key.topic.map(|topic| topic.0),
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("conversation_entries::filled"))?;
    Ok(thread.map(ThreadId))
}

/// A conversation of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PersonsThread {
    pub id: ThreadId,
    /// The title of the group; `None` in a private chat.
    pub title: Option<String>,
    /// The number of the topic.
    pub topic: Option<i32>,
    /// Whether the members of a group share it.
    pub is_shared: bool,
}

/// Returns the conversations of a person that have messages, newest first, at most `limit`; also those that the members
/// of a group share and in which the person has asked.
pub(crate) async fn threads(db: &Db, user: UserId, limit: i64) -> Result<Vec<PersonsThread>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT said.id AS "id!", CASE WHEN chats.kind <> 'private' THEN chats.title END AS title, topic_id,
                  is_shared AS "is_shared!"
           FROM (
             SELECT threads.id, chat_id, topic_id, FALSE AS is_shared,
                    (SELECT max(id) FROM messages WHERE messages.thread_id = threads.id) AS newest
             FROM threads WHERE user_id = $1
             UNION ALL
             SELECT threads.id, threads.chat_id, topic_id, TRUE, max(messages.id)
             FROM turns JOIN threads ON threads.id = turns.thread_id JOIN messages ON messages.turn_id = turns.id
             WHERE asker_id = $1 AND threads.user_id <> $1 GROUP BY threads.id
           ) AS said JOIN chats ON chats.id = chat_id
           WHERE newest IS NOT NULL ORDER BY newest DESC LIMIT $2"#,
        user.0,
        limit,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("conversation_entries::threads"))?;
    let threads = rows.into_iter().map(|row| PersonsThread {
        id: ThreadId(row.id),
        title: row.title,
        topic: row.topic_id,
        is_shared: row.is_shared,
    });
    Ok(threads.collect())
}

/// Returns up to `limit` entries of a conversation from before the entry `before`, newest first. What was cleared or
/// asked again is left out unless `everything` is wanted; with an `asker`, also what others have asked.
pub(crate) async fn page(
    db: &Db,
    thread: ThreadId,
    before: i64,
    everything: bool,
    asker: Option<UserId>,
    limit: i64,
) -> Result<Vec<ConversationEntry>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT messages.id, role, text, sender, sent_at, edits, interrupted, reply_sender,
                  coalesce(quote, reply_snippet) AS replied, forwarded_from,
                  CASE WHEN role = 'assistant' THEN sent_files END AS "sent_files: Json<Vec<SentFileNote>>",
                  ARRAY(SELECT name FROM files
                        WHERE files.chat_id = messages.chat_id AND files.message_id = messages.message_id
                          AND NOT files.replied AND files.kind NOT IN ('voice', 'video_note')) AS "files!",
                  (SELECT heard.text FROM transcriptions AS heard
                   WHERE heard.chat_id = messages.chat_id AND heard.message_id = messages.message_id
                     AND NOT heard.replied AND heard.state = 'done') AS spoken,
                  ARRAY(SELECT tool FROM tool_calls WHERE turn_id = messages.turn_id AND role = 'assistant'
                        ORDER BY started_at, call_id) AS "tools!",
                  ARRAY(SELECT failed FROM tool_calls WHERE turn_id = messages.turn_id AND role = 'assistant'
                        ORDER BY started_at, call_id) AS "failed!"
           FROM messages JOIN turns ON turns.id = messages.turn_id JOIN threads ON threads.id = messages.thread_id
           WHERE messages.thread_id = $1 AND messages.id < $2
             AND ($3 OR (turns.question_id > threads.cleared_up_to AND NOT turns.retried))
             AND ($5::bigint IS NULL OR turns.asker_id = $5)
           ORDER BY messages.id DESC LIMIT $4"#,
        thread.0,
        before,
        everything,
        limit,
        asker.map(|asker| asker.0),
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("conversation_entries::page"))?;
    let entries = rows.into_iter().map(|row| ConversationEntry {
        id: row.id,
        is_answer: row.role == "assistant",
        at: row.sent_at,
        sender: row.sender,
        text: row.text,
        reply_sender: row.reply_sender,
        replied: row.replied,
        forwarded_from: row.forwarded_from,
        is_edited: row.edits > 0,
        is_cut: row.interrupted,
        files: row.files,
        spoken: row.spoken,
        sent_files: row.sent_files.map(|files| files.0).unwrap_or_default(),
        tools: row.tools.into_iter().zip(row.failed).collect(),
    });
    Ok(entries.collect())
}
