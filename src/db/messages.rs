//! Repository of messages: what people said and what they were answered, in the order of the conversation.

use super::{Db, DbError, Tx};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ChatId, MessageId, ThreadId, ThreadKey, TopicId, TurnId, UpdateId, UserId};
use crate::domain::message::{Context, Remembered, Reply, Role};
use chrono::{DateTime, Utc};

/// The newest messages of a conversation inside a window, oldest first, and their version, as of one moment; none after
/// the turn `up_to`. Turns that the model refused or could not hold are left out: with them in the prompt, everything
/// after them would be refused as well. So are those that the person has cleared, but for `up_to` itself.
pub async fn latest(
    db: &Db,
    thread: ThreadId,
    up_to: Option<TurnId>,
    window: Window,
) -> Result<History, DbError> {
    let rows = sqlx::query!(
        r#"SELECT threads.history_version AS "version!", beginning.skipped AS "skipped!", said.id AS "id?",
                said.role AS "role?", said.text AS "text?", sender, reply_to, reply_sender, reply_snippet, quote,
                forwarded_from, edits AS "edits?", interrupted AS "interrupted?"
         FROM threads
         CROSS JOIN LATERAL (
           SELECT greatest(0, $4::bigint - 1 - $3::bigint + count(*)) / $4::bigint * $4::bigint AS skipped
           FROM messages JOIN turns ON turns.id = messages.turn_id
           WHERE messages.thread_id = threads.id AND turns.detail IS DISTINCT FROM 'refused'
             AND turns.detail IS DISTINCT FROM 'too_long' AND ($2::bigint IS NULL OR messages.turn_id <= $2)
             AND (turns.question_id > threads.cleared_up_to OR messages.turn_id = $2)
         ) AS beginning
         LEFT JOIN LATERAL (
           SELECT messages.* FROM messages JOIN turns ON turns.id = messages.turn_id
           WHERE messages.thread_id = threads.id AND turns.detail IS DISTINCT FROM 'refused'
             AND turns.detail IS DISTINCT FROM 'too_long' AND ($2::bigint IS NULL OR messages.turn_id <= $2)
             AND (turns.question_id > threads.cleared_up_to OR messages.turn_id = $2)
           ORDER BY messages.id OFFSET beginning.skipped
         ) AS said ON TRUE
         WHERE threads.id = $1 ORDER BY said.id"#,
        thread.0,
        up_to.map(|turn| turn.0),
        window.limit,
        window.step,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("messages::latest"))?;
    let mut history = History::default();
    for row in rows {
        (history.version, history.skipped) = (row.version, row.skipped);
        // A conversation without messages is one row of nothing.
        let (Some(id), Some(role), Some(text)) = (row.id, row.role, row.text) else { continue };
        let role = match role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return Err(DbError::Inconsistent { table: "messages", row: id, what: "unknown role" }),
        };
        let reply = row.reply_to.map(|message| Reply {
            message: MessageId(message),
            sender: row.reply_sender.unwrap_or_default(),
            snippet: row.reply_snippet.unwrap_or_default(),
        });
        let context = Context { reply, quote: row.quote, forwarded_from: row.forwarded_from };
        let (edits, interrupted) = (row.edits.unwrap_or_default(), row.interrupted.unwrap_or_default());
        let files = Vec::new();
        history.messages.push(Remembered {
            role,
            text,
            sender: row.sender,
            context,
            edits,
            interrupted,
            files,
        });
    }
    Ok(history)
}

/// What a change has made of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Changed {
    /// The conversation.
    pub key: ThreadKey,
    /// The new version of its history.
    pub version: i64,
}

/// Takes over a person's change of a message, made at `date` and told by `update`; none if the message is not known, says
/// that already, or a newer change of it was taken over before. Within one second, the update's number decides.
pub async fn edit(
    tx: &mut Tx<'_>,
    chat: ChatId,
    message: MessageId,
    text: &str,
    date: DateTime<Utc>,
    update: UpdateId,
) -> Result<Option<Changed>, DbError> {
    let row = sqlx::query!(
        "WITH old AS (
           SELECT id, text <> $3 AS differs FROM messages
           WHERE chat_id = $1 AND message_id = $2 AND role = 'user'
             AND (edited_at IS NULL OR (edited_at, edited_by) <= ($4, $5)) FOR UPDATE
         ), changed AS (
           UPDATE messages SET original_text = CASE WHEN differs THEN coalesce(original_text, text)
                                               ELSE original_text END,
                               edits = edits + differs::integer, text = $3, edited_at = $4, edited_by = $5
           FROM old WHERE messages.id = old.id RETURNING thread_id, differs
         )
         UPDATE threads SET history_version = history_version + 1 FROM changed
         WHERE threads.id = changed.thread_id AND changed.differs
         RETURNING threads.chat_id, threads.user_id, threads.topic_id, threads.history_version",
        chat.0,
        message.0,
        text,
        date,
        update.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("messages::edit"))?;
    Ok(row.map(|row| Changed {
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            user: UserId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        version: row.history_version,
    }))
}
