//! The statement that opens turns together with the messages that ask and the money that is reserved for them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::super::DbError;
use super::super::group_commit::BatchOp;
use crate::domain::file::{Attachment, Retrieval};
use crate::domain::ids::{FileId, MessageId, ThreadId, ThreadKey, TurnId};
use crate::domain::message::{Incoming, MessageContext};
use crate::domain::model::ModelId;
use crate::domain::money::Usd;

/// A file that is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Its row.
    pub id: FileId,
    /// The message that it belongs to.
    pub message: MessageId,
    /// Whether it came with the message that this one replies to.
    pub replied: bool,
}

/// What opening a turn reserves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HoldRequest {
    /// The most that the first request may cost.
    pub amount: Usd,
    /// Whether the user may overdraw without limit.
    pub free: bool,
}

/// What the caller believes of the conversation; the database is the judge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExpectedThread {
    /// The conversation's row.
    pub thread: ThreadId,
    /// Whose and where it is.
    pub key: ThreadKey,
    /// The versions of the user and of the history that the turn is made from; none if it shall be opened in any case.
    pub versions: Option<(i64, i64)>,
}

/// A turn that is to be opened, as the statement takes it.
#[derive(Debug, Serialize)]
pub(in crate::db) struct OpenTurn {
    thread_id: i64,
    user_id: i64,
    chat_id: i64,
    topic_id: Option<i32>,
    user_version: Option<i64>,
    history_version: Option<i64>,
    model_id: String,
    amount: Usd,
    free: bool,
    said: Vec<MessageRow>,
}

impl OpenTurn {
    pub(super) fn of(
        ExpectedThread { thread, key, versions }: ExpectedThread,
        model: &ModelId,
        batch: &[Incoming],
        reserve: HoldRequest,
    ) -> Self {
        Self {
            thread_id: thread.0,
            user_id: key.user.0,
            chat_id: key.chat.0,
            topic_id: key.topic.map(|topic| topic.0),
            user_version: versions.map(|(user, _)| user),
            history_version: versions.map(|(_, history)| history),
            model_id: model.0.clone(),
            amount: reserve.amount,
            free: reserve.free,
            said: batch.iter().map(MessageRow::of).collect(),
        }
    }
}

/// A message of it.
#[derive(Debug, Serialize)]
struct MessageRow {
    update_id: i64,
    message_id: i32,
    text: String,
    sender: String,
    reply_to: Option<i32>,
    reply_chat: Option<String>,
    reply_sender: Option<String>,
    reply_snippet: Option<String>,
    reply_content: Option<String>,
    quote: Option<String>,
    forwarded_from: Option<String>,
    sent_at: DateTime<Utc>,
    files: Vec<Value>,
}

impl MessageRow {
    fn of(incoming: &Incoming) -> Self {
        let MessageContext { reply, quote, forwarded_from } = incoming.context.clone();
        let (reply_to, reply_chat, reply_content) = reply.as_ref().map_or((None, None, None), |reply| {
            (reply.message.map(|message| message.0), reply.chat.clone(), reply.content.clone())
        });
        let (reply_sender, reply_snippet) = reply.map(|reply| (reply.sender, reply.text)).unzip();
        Self {
            update_id: incoming.update.0,
            message_id: incoming.message.0,
            text: incoming.text.clone(),
            sender: incoming.sender.display_name(),
            reply_to,
            reply_chat,
            reply_sender,
            reply_snippet,
            reply_content,
            quote,
            forwarded_from,
            sent_at: incoming.date,
            files: incoming
                .files()
                .map(|(replied, file, fetched)| file_row(replied, file, fetched))
                .collect(),
        }
    }
}

fn file_row(replied: bool, file: &Attachment, fetched: &Retrieval) -> Value {
    let copy = fetched.copy();
    json!({
        "kind": file.kind.name(),
        "telegram_id": file.telegram_id,
        "unique_id": file.unique_id,
        "name": file.name,
        "mime": file.mime,
        "size": file.size.unwrap_or(0),
        "replied": replied,
        "fetched": fetched.succeeded(),
        "provider_id": copy.map(|copy| &copy.id),
        "provider_expires_at": copy.map(|copy| copy.expires_at),
    })
}

/// What the statement says of one turn.
#[derive(Debug)]
pub(in crate::db) struct OpenTurnOutput {
    /// None if nothing was done.
    pub(super) turn: Option<TurnId>,
    pub(super) held: bool,
    pub(super) history_version: Option<i64>,
    pub(super) files: Vec<Stored>,
    /// How many of the messages were not stored before.
    pub(super) fresh: usize,
    /// Whether the caller was wrong about the place.
    pub(super) misplaced: bool,
}

impl BatchOp for OpenTurn {
    type Output = OpenTurnOutput;

    fn key(&self) -> i64 {
        self.user_id
    }

    async fn execute(database: &mut PgConnection, rows: Vec<Self>) -> Result<Vec<OpenTurnOutput>, DbError> {
        let made = sqlx::query_file!("src/db/turns/open.sql", Json(&rows) as _)
            .fetch_all(database)
            .await
            .map_err(DbError::at_race("opening::open"))?;
        let made = made.into_iter().map(|made| {
            let files = made.files.into_iter().zip(made.of).zip(made.replied);
            let stored =
                |((id, message), replied)| Stored { id: FileId(id), message: MessageId(message), replied };
            let said = OpenTurnOutput {
                turn: made.turn.map(TurnId),
                held: made.held,
                history_version: made.version,
                files: files.map(stored).collect(),
                fresh: usize::try_from(made.fresh).unwrap_or_default(),
                misplaced: made.misplaced,
            };
            (made.user, said)
        });
        let mut made: HashMap<i64, OpenTurnOutput> = made.collect();
        let answers = rows.iter().map(|row| made.remove(&row.user_id)).collect::<Option<_>>();
        answers.ok_or_else(|| DbError::MissingRow { at: "opening::open" })
    }
}
