//! The statement that opens turns together with their questions and holds.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use sqlx::types::Json;

use super::super::DbError;
use super::super::group_commit::BatchOp;
use crate::domain::file::{Attachment, DocumentFault, Refusal, Retrieval};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{FileId, MessageId, ThreadId, ThreadKey, TurnId, UserId};
use crate::domain::message::{Incoming, MessageContext};
use crate::domain::model::ModelId;
use crate::domain::money::Usd;

/// A stored file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stored {
    /// Primary key.
    pub id: FileId,
    /// The id by which the model names it.
    pub public_id: PublicFileId,
    /// The message that contains it.
    pub message: MessageId,
    /// Whether it is the file of the message that `message` replies to.
    pub replied: bool,
}

/// The hold of a new turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HoldRequest {
    /// Upper bound of the cost of the first request, in US dollars.
    pub amount: Usd,
    /// Whether the user may overdraw without limit.
    pub free: bool,
}

/// The caller's view of a thread, which the statement verifies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExpectedThread {
    /// The row of the thread.
    pub thread: ThreadId,
    /// Key of the thread.
    pub key: ThreadKey,
    /// Versions of the user and the history that the prompt was built from; `None` to open the turn whatever
    /// they are.
    pub versions: Option<(i64, i64)>,
}

/// A row of the statement's parameter: a turn to open.
#[derive(Debug, Serialize)]
pub(in crate::db) struct OpenTurn {
    thread_id: i64,
    owner_id: i64,
    user_id: i64,
    chat_id: i64,
    topic_id: Option<i32>,
    user_version: Option<i64>,
    history_version: Option<i64>,
    model_id: String,
    amount: Usd,
    free: bool,
    epoch: i64,
    said: Vec<MessageRow>,
}

impl OpenTurn {
    pub(super) fn of(
        ExpectedThread { thread, key, versions }: ExpectedThread,
        asker: UserId,
        model: &ModelId,
        batch: &[Incoming],
        (reserve, epoch): (HoldRequest, i64),
    ) -> Self {
        Self {
            thread_id: thread.0,
            owner_id: key.owner.0,
            user_id: asker.0,
            chat_id: key.chat.0,
            topic_id: key.topic.map(|topic| topic.0),
            user_version: versions.map(|(user, _)| user),
            history_version: versions.map(|(_, history)| history),
            model_id: model.0.clone(),
            amount: reserve.amount,
            free: reserve.free,
            epoch,
            said: batch.iter().map(MessageRow::of).collect(),
        }
    }
}

/// A message of the turn, as the statement reads it.
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

/// Returns the columns of a file, as the statements read them.
pub(in crate::db) fn file_row(replied: bool, file: &Attachment, fetched: &Retrieval) -> Value {
    let copy = fetched.copy();
    let (refusal, size_limit) = fetched.refusal().map(Refusal::columns).unzip();
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
        "preview": fetched.preview(),
        "preview_fault": fetched.document_fault().map(DocumentFault::name),
        "refusal": refusal,
        "size_limit": size_limit.flatten(),
        "sha256": file.digest.map(|digest| digest.to_string()),
    })
}

/// The statement's result for one turn.
#[derive(Debug)]
pub(in crate::db) struct OpenTurnOutput {
    /// `None` if no turn was opened: the messages are stored already, or the caller's view is outdated.
    pub(super) turn: Option<TurnId>,
    pub(super) held: bool,
    pub(super) history_version: Option<i64>,
    pub(super) files: Vec<Stored>,
    /// Number of messages that were not stored before.
    pub(super) fresh: usize,
    /// The newest message that a `/clear` covers, if there are later ones beside it.
    pub(super) older_up_to: Option<MessageId>,
}

impl BatchOp for OpenTurn {
    type Output = OpenTurnOutput;

    fn key(&self) -> i64 {
        self.user_id
    }

    async fn execute(database: &mut PgConnection, rows: Vec<Self>) -> Result<Vec<OpenTurnOutput>, DbError> {
        let opened = sqlx::query_file!("src/db/turns/open.sql", Json(&rows) as _)
            .fetch_all(database)
            .await
            .map_err(DbError::at_race("opening::open"))?;
        let outputs = opened.into_iter().map(|row| {
            let files = row.files.into_iter().zip(row.of).zip(row.replied).zip(row.public_ids);
            let stored = |(((id, message), replied), public_id): (_, String)| {
                let wrong = DbError::Inconsistent { table: "files", row: id, what: "public id is no UUID" };
                let public_id = PublicFileId::from_column(&public_id).ok_or(wrong)?;
                Ok(Stored { id: FileId(id), public_id, message: MessageId(message), replied })
            };
            let output = OpenTurnOutput {
                turn: row.turn.map(TurnId),
                held: row.held,
                history_version: row.version,
                files: files.map(stored).collect::<Result<_, DbError>>()?,
                fresh: usize::try_from(row.fresh).unwrap_or_default(),
                older_up_to: row.older_up_to.map(MessageId),
            };
            Ok((row.user, output))
        });
        let mut outputs: HashMap<i64, OpenTurnOutput> = outputs.collect::<Result<_, DbError>>()?;
        let answers = rows.iter().map(|row| outputs.remove(&row.user_id)).collect::<Option<_>>();
        answers.ok_or_else(|| DbError::MissingRow { at: "opening::open" })
    }
}
