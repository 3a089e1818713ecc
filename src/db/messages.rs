//! Repository of messages: what people said and what they were answered, in the order of the conversation.

use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, MessageId, ThreadId, TurnId, UpdateId};
use crate::domain::message::{Context, Remembered, Reply, Role};
use chrono::{DateTime, Utc};

/// The newest messages of a conversation, oldest first: up to `limit`, beginning at a multiple of `step` messages, so
/// that the beginning stays the same for many turns; none after the turn `up_to`. Turns that the model refused or could
/// not hold are left out: with them in the prompt, everything after them would be refused as well.
pub async fn latest(
    db: &Db,
    thread: ThreadId,
    up_to: Option<TurnId>,
    limit: i64,
    step: i64,
) -> Result<Vec<Remembered>, DbError> {
    let rows = sqlx::query!(
        "SELECT messages.id, role, text, sender, reply_to, reply_sender, reply_snippet, quote, forwarded_from, edits,
                interrupted
         FROM messages JOIN turns ON turns.id = messages.turn_id
         WHERE messages.thread_id = $1 AND turns.detail IS DISTINCT FROM 'refused'
           AND turns.detail IS DISTINCT FROM 'too_long' AND ($2::bigint IS NULL OR messages.turn_id <= $2)
         ORDER BY messages.id
         OFFSET greatest(0, $4::bigint - 1 - $3::bigint + (
                  SELECT count(*) FROM messages JOIN turns ON turns.id = messages.turn_id
                  WHERE messages.thread_id = $1 AND turns.detail IS DISTINCT FROM 'refused'
                    AND turns.detail IS DISTINCT FROM 'too_long' AND ($2::bigint IS NULL OR messages.turn_id <= $2)
                )) / $4::bigint * $4::bigint",
        thread.0,
        up_to.map(|turn| turn.0),
        limit,
        step,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("messages::latest"))?;
    let remembered = rows.into_iter().map(|row| {
        let role = match row.role.as_str() {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            _ => return Err(DbError::Inconsistent { table: "messages", row: row.id, what: "unknown role" }),
        };
        let reply = row.reply_to.map(|message| Reply {
            message: MessageId(message),
            sender: row.reply_sender.unwrap_or_default(),
            snippet: row.reply_snippet.unwrap_or_default(),
        });
        let context = Context { reply, quote: row.quote, forwarded_from: row.forwarded_from };
        let (edits, interrupted) = (row.edits, row.interrupted);
        Ok(Remembered { role, text: row.text, sender: row.sender, context, edits, interrupted })
    });
    remembered.collect()
}

/// Stores the answer of a turn.
pub async fn answer(
    tx: &mut Tx<'_>,
    turn: TurnId,
    text: &str,
    interrupted: bool,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO messages (thread_id, turn_id, chat_id, role, text, interrupted, sent_at)
         SELECT threads.id, turns.id, threads.chat_id, 'assistant', $2, $3, $4
         FROM turns JOIN threads ON threads.id = turns.thread_id WHERE turns.id = $1",
        turn.0,
        text,
        interrupted,
        at,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("messages::answer"))?;
    Ok(())
}

/// Takes over a person's change of a message, made at `date` and told by `update`; false if the message is not known or
/// a newer change of it was taken over before. Within one second, the update's number decides.
pub async fn edit(
    tx: &mut Tx<'_>,
    chat: ChatId,
    message: MessageId,
    text: &str,
    date: DateTime<Utc>,
    update: UpdateId,
) -> Result<bool, DbError> {
    let changed = sqlx::query!(
        "UPDATE messages SET original_text = CASE WHEN text <> $3 THEN coalesce(original_text, text)
                                             ELSE original_text END,
                             edits = edits + (text <> $3)::integer, text = $3, edited_at = $4, edited_by = $5
         WHERE chat_id = $1 AND message_id = $2 AND role = 'user'
           AND (edited_at IS NULL OR (edited_at, edited_by) <= ($4, $5))",
        chat.0,
        message.0,
        text,
        date,
        update.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("messages::edit"))?;
    Ok(changed.rows_affected() == 1)
}
