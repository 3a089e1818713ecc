//! Repository of messages: the questions and answers of each thread, in order.

use super::{Db, DbError, Tx, files};
use crate::domain::history::{History, Window};
use crate::domain::ids::{ChatId, MessageId, OwnerId, ThreadId, ThreadKey, TopicId, TurnId, UpdateId};
use crate::domain::media::SentFileNote;
use crate::domain::message::{HistoryMessage, MessageContext, Reply, Role};
use crate::domain::tool_round::ToolRound;
use chrono::{DateTime, Utc};
use sqlx::types::Json;

/// Returns the newest messages of a thread inside a window, oldest first, and the history version, from one
/// snapshot. Stops at the turn `up_to`. Omits cleared turns other than `up_to`, and turns that the model
/// refused or that were too long: a prompt containing them would be refused again.
pub(crate) async fn latest(
    db: &Db,
    thread: ThreadId,
    up_to: Option<TurnId>,
    window: Window,
) -> Result<History, DbError> {
    let rows = sqlx::query_file!(
        "src/db/messages_latest.sql",
        thread.0,
        up_to.map(|turn| turn.0),
        window.limit,
        window.step,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("messages::latest"))?;
    let mut history = History::default();
    let mut last = None;
    for row in rows {
        (history.version, history.skipped) = (row.version, row.skipped);
        // A thread without messages yields one row of NULLs.
        let (Some(id), Some(role), Some(text)) = (row.id, row.role, row.text) else { continue };
        let file = files::FileRow {
            id: row.file,
            kind: row.kind,
            name: row.name,
            mime: row.mime,
            size: row.size,
            provider_id: row.provider_id,
            at: row.sent_at,
            replied: row.replied,
            fetched: row.fetched,
            spoken: row.heard_s.zip(row.heard),
            public_id: row.public_id,
            preview: row.preview,
            fault: row.preview_fault,
            refusal: row.refusal.map(|name| (name, row.size_limit)),
        }
        .read()?;
        // A message with two files yields two rows.
        if let (true, Some(message)) = (last == Some(id), history.messages.last_mut()) {
            message.files.extend(file);
            continue;
        }
        last = Some(id);
        let reply = row.reply_sender.map(|sender| Reply {
            message: row.reply_to.map(MessageId),
            chat: row.reply_chat,
            sender,
            text: row.reply_snippet.unwrap_or_default(),
            content: row.reply_content,
        });
        history.messages.push(HistoryMessage {
            role: read_role(id, &role)?,
            message: row.message_id.map(MessageId),
            text,
            sender: row.sender,
            context: MessageContext { reply, quote: row.quote, forwarded_from: row.forwarded_from },
            edits: row.edits.unwrap_or_default(),
            interrupted: row.interrupted.unwrap_or_default(),
            files: file.into_iter().collect(),
            sent_files: row.sent_files.map(|files| files.0).unwrap_or_default(),
            tool_rounds: row.tool_rounds.map(|rounds| rounds.0).unwrap_or_default(),
        });
    }
    Ok(history)
}

fn read_role(row: i64, name: &str) -> Result<Role, DbError> {
    match name {
        "user" => Ok(Role::User),
        "assistant" => Ok(Role::Assistant),
        _ => Err(DbError::Inconsistent { table: "messages", row, what: "unknown role" }),
    }
}

/// The result of an edit: the thread whose history changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct AppliedEdit {
    /// Key of the thread.
    pub key: ThreadKey,
    /// The new version of its history.
    pub version: i64,
}

/// Applies an edit made at `date`. Returns `None` if the message is unknown, already has this text, or has a
/// newer edit. Edits within one second are ordered by update id.
pub(crate) async fn edit(
    tx: &mut Tx<'_>,
    chat: ChatId,
    message: MessageId,
    text: &str,
    date: DateTime<Utc>,
    update: UpdateId,
) -> Result<Option<AppliedEdit>, DbError> {
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
    Ok(row.map(|row| AppliedEdit {
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            owner: OwnerId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        version: row.history_version,
    }))
}
