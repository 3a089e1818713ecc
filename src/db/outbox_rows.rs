//! Rows of the outbox: an owed message as statements write and read it, and the mark that it was sent.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;

use super::DbError;
use super::group_commit::BatchOp;
use crate::domain::ids::{ChatId, InvoiceId, MessageId, OutboxId, TopicId, TurnId, UserId};
use crate::domain::media::MediaFile;

/// A message that is owed. It is the one list of the columns of `outbox` that describe a message: the
/// statements that insert and read rows convert whole rows from and to its JSON.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OutboxMessage {
    /// What it is for; the same key twice is one message.
    pub key: String,
    /// Where it goes.
    #[serde(rename = "chat_id")]
    pub chat: ChatId,
    /// The topic in it.
    #[serde(rename = "topic_id")]
    pub topic: Option<TopicId>,
    /// The turn that it answers, if it answers one.
    #[serde(rename = "turn_id")]
    pub turn: Option<TurnId>,
    /// Its text, or the caption of its files.
    pub text: String,
    /// Its formatting as Telegram's array of entities.
    pub entities: Value,
    /// The message that it replies to.
    pub reply_to: Option<MessageId>,
    /// The unfinished message that it replaces.
    pub replaces: Option<MessageId>,
    /// Buttons below it, as Telegram's inline keyboard.
    pub keyboard: Option<Value>,
    /// The only person who may press them; `None`: whoever reads the message.
    #[serde(default, rename = "owner_id")]
    pub owner: Option<UserId>,
    /// A message that was in the chat before it; after a crash it is looked for behind that one.
    #[serde(rename = "after_id")]
    pub after: Option<MessageId>,
    /// The invoice that it is; its title is then the first line of the text, its description the rest.
    #[serde(rename = "invoice_id")]
    pub invoice: Option<InvoiceId>,
    /// Whether it arrives without a sound.
    #[serde(default)]
    pub silent: bool,
    /// The files that it consists of: one, or two to ten as an album.
    pub media: Option<Vec<MediaFile>>,
    /// The text that is owed instead if Telegram refuses the files.
    pub instead: Option<String>,
}

impl OutboxMessage {
    /// A message for a chat, and nothing more.
    pub fn new(key: String, chat: ChatId, topic: Option<TopicId>, (text, entities): (String, Value)) -> Self {
        let (turn, reply_to, replaces, keyboard, after, invoice) = (None, None, None, None, None, None);
        let (media, owner, instead, silent) = (None, None, None, false);
        Self {
            key,
            chat,
            topic,
            turn,
            text,
            entities,
            reply_to,
            replaces,
            keyboard,
            owner,
            after,
            invoice,
            silent,
            media,
            instead,
        }
    }
}

/// A new row of the outbox as `jsonb_populate_record` takes it: the message, and the columns that differ from
/// NULL in every new row.
#[derive(Debug, Serialize)]
pub(super) struct NewRow<'a> {
    #[serde(flatten)]
    owed: &'a OutboxMessage,
    begun: bool,
    state: &'static str,
    /// PostgreSQL reads `now` as the start of the transaction.
    created_at: &'static str,
    shut_out: bool,
}

/// Returns the rows of messages, in order; `begun` tells whether Telegram is asked to send the first of them
/// as soon as they are written down.
pub(super) fn rows(messages: &[OutboxMessage], begun: bool) -> Vec<NewRow<'_>> {
    let rows = messages.iter().enumerate().map(|(position, owed)| NewRow {
        owed,
        begun: begun && position == 0 && owed.replaces.is_none(),
        state: "pending",
        created_at: "now",
        shut_out: false,
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
