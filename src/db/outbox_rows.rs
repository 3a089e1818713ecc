//! Rows of the outbox: an owed message as statements write and read it, and the mark that it was sent.

use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use super::group_commit::BatchOp;
use crate::domain::ids::{ChatId, InvoiceId, MessageId, OutboxId, TopicId, TurnId};

/// A message that is owed.
#[derive(Clone, PartialEq, Debug)]
pub struct OutboxMessage {
    /// What it is for; the same key twice is one message.
    pub key: String,
    /// Where it goes.
    pub chat: ChatId,
    /// The topic in it.
    pub topic: Option<TopicId>,
    /// The turn that it answers, if it answers one.
    pub turn: Option<TurnId>,
    /// Its text.
    pub text: String,
    /// Its formatting as Telegram's array of entities.
    pub entities: Value,
    /// The message that it replies to.
    pub reply_to: Option<MessageId>,
    /// The unfinished message that it replaces.
    pub replaces: Option<MessageId>,
    /// Buttons below it, as Telegram's inline keyboard.
    pub keyboard: Option<Value>,
    /// A message that was in the chat before it; after a crash it is looked for behind that one.
    pub after: Option<MessageId>,
    /// The invoice that it is; its title is then the first line of the text, its description the rest.
    pub invoice: Option<InvoiceId>,
    /// Whether it arrives without a sound.
    pub silent: bool,
}

impl OutboxMessage {
    /// A message for a chat, and nothing more.
    pub fn new(key: String, chat: ChatId, topic: Option<TopicId>, (text, entities): (String, Value)) -> Self {
        let (turn, reply_to, replaces, keyboard, after, invoice) = (None, None, None, None, None, None);
        let silent = false;
        Self { key, chat, topic, turn, text, entities, reply_to, replaces, keyboard, after, invoice, silent }
    }
}

/// What stands in the outbox, which is what was promised first.
#[derive(Debug)]
pub(super) struct StoredMessage {
    pub(super) text: String,
    pub(super) entities: Value,
    pub(super) keyboard: Option<Value>,
    pub(super) invoice: Option<i64>,
}

impl StoredMessage {
    /// The message that is wanted now, as it stands.
    pub(super) fn of(self, wanted: &OutboxMessage) -> OutboxMessage {
        let Self { text, entities, keyboard, invoice } = self;
        OutboxMessage { text, entities, keyboard, invoice: invoice.map(InvoiceId), ..wanted.clone() }
    }
}

/// A message as `jsonb_to_recordset` takes it.
#[derive(Debug, Serialize)]
pub(super) struct OutboxRow<'a> {
    position: usize,
    key: &'a str,
    chat_id: ChatId,
    topic_id: Option<TopicId>,
    turn_id: Option<TurnId>,
    text: &'a str,
    entities: &'a Value,
    reply_to: Option<MessageId>,
    replaces: Option<MessageId>,
    keyboard: Option<&'a Value>,
    invoice_id: Option<InvoiceId>,
    after_id: Option<MessageId>,
    begun: bool,
    silent: bool,
}

/// Messages for a statement, in order; `begun` tells whether Telegram is asked to send the first of them as soon as they
/// are written down.
pub(super) fn rows(messages: &[OutboxMessage], begun: bool) -> Vec<OutboxRow<'_>> {
    let rows = messages.iter().enumerate().map(|(position, owed)| OutboxRow {
        position,
        key: &owed.key,
        chat_id: owed.chat,
        topic_id: owed.topic,
        turn_id: owed.turn,
        text: &owed.text,
        entities: &owed.entities,
        reply_to: owed.reply_to,
        replaces: owed.replaces,
        keyboard: owed.keyboard.as_ref(),
        invoice_id: owed.invoice,
        after_id: owed.after,
        begun: begun && position == 0 && owed.replaces.is_none(),
        silent: owed.silent,
    });
    rows.collect()
}

/// Records that Telegram has accepted a message.
#[derive(Debug)]
pub(super) struct MarkSent {
    pub(super) id: OutboxId,
    pub(super) message: MessageId,
}

impl BatchOp for MarkSent {
    type Output = ();

    fn key(&self) -> i64 {
        self.id.0
    }

    async fn execute(database: &mut PgConnection, marks: Vec<Self>) -> Result<Vec<()>, DbError> {
        let (ids, messages): (Vec<i64>, Vec<i32>) =
            marks.iter().map(|mark| (mark.id.0, mark.message.0)).unzip();
        sqlx::query!(
            "UPDATE outbox SET state = 'sent', message_id = mark.message_id, settled_at = now()
             FROM UNNEST($1::bigint[], $2::integer[]) AS mark (id, message_id)
             -- CASE as in close.sql: messages are to be found by their ids.
             WHERE outbox.id = mark.id AND CASE WHEN outbox.state = 'pending' THEN TRUE END",
            &ids,
            &messages,
        )
        .execute(database)
        .await
        .map_err(DbError::at("outbox::sent"))?;
        Ok(vec![(); marks.len()])
    }
}
