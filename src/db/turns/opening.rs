//! Opening a turn together with the messages that ask and the money that is reserved for it.

use serde_json::{Value, json};

use super::super::{Db, DbError};
use crate::domain::ids::{FileId, MessageId, ThreadId, ThreadKey, TurnId, UserId};
use crate::domain::message::Incoming;
use crate::domain::model::ModelId;
use crate::domain::money::Usd;

/// What opening a batch of messages came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opened {
    /// The messages are stored and wait for an answer.
    Turn {
        /// The row.
        turn: TurnId,
        /// The try that begins now.
        attempt: i32,
        /// Whether money is reserved for it. If not, the gate has to decide before anything is spent.
        held: bool,
        /// The version of the conversation's history with these messages in it; none if some of them had been there
        /// before, so that the history has to be read again.
        history_version: Option<i64>,
        /// The files that are stored now, and the messages that brought them.
        files: Vec<(MessageId, FileId)>,
    },
    /// What the caller knows of user or conversation is not what the database has, or a question waits for this text:
    /// nothing was done.
    Stale,
    /// All messages were stored and answered before.
    Duplicate,
}

/// What opening a turn reserves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reserve {
    /// Who pays.
    pub user: UserId,
    /// The most that the first request may cost.
    pub amount: Usd,
    /// Whether the user may overdraw without limit.
    pub free: bool,
}

/// What the caller believes of the conversation; the database is the judge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The conversation's row.
    pub thread: ThreadId,
    /// Whose and where it is.
    pub key: ThreadKey,
    /// The versions of the user and of the history that the turn is made from; none if it shall be opened in any case.
    pub versions: Option<(i64, i64)>,
}

/// Stores the messages of a batch with their files, opens their turn with its hold and closes their inbox rows: one statement, all or
/// nothing. Without money the turn is opened all the same, without a hold: what was said is kept, and the gate decides.
/// Messages that are already stored are left out; if their turn is still open, it is found again.
pub async fn open(
    db: &Db,
    place: Place,
    model: &ModelId,
    batch: &[Incoming],
    reserve: Reserve,
) -> Result<Opened, DbError> {
    let columns = Columns::of(batch);
    let opened = sqlx::query_file!(
        "src/db/turns/open.sql",
        &columns.chats,
        &columns.messages,
        &columns.texts,
        &columns.senders,
        &columns.reply_to as &[Option<i32>],
        &columns.reply_senders as &[Option<String>],
        &columns.reply_snippets as &[Option<String>],
        &columns.quotes as &[Option<String>],
        &columns.forwarded_from as &[Option<String>],
        &columns.dates,
        place.thread.0,
        model.0,
        &columns.updates,
        reserve.user.0,
        reserve.amount.0,
        reserve.free,
        place.key.chat.0,
        place.key.topic.map(|topic| topic.0),
        place.versions.map(|(user, _)| user),
        place.versions.map(|(_, history)| history),
        batch.iter().filter_map(file_row).collect::<Value>(),
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at_race("opening::open"))?;
    let Some(turn) = opened.id else {
        return if opened.stale { Ok(Opened::Stale) } else { find_open(db, place.thread, &columns).await };
    };
    let all_new = usize::try_from(opened.fresh).is_ok_and(|fresh| fresh == batch.len());
    let history_version = opened.version.filter(|_| all_new);
    let files = opened.of.into_iter().map(MessageId).zip(opened.files.into_iter().map(FileId)).collect();
    Ok(Opened::Turn { turn: TurnId(turn), attempt: 1, held: opened.held, history_version, files })
}

fn file_row(incoming: &Incoming) -> Option<Value> {
    let file = incoming.attachment.as_ref()?;
    let copy = incoming.copy.as_ref();
    Some(json!({
        "message_id": incoming.message,
        "kind": file.kind.name(),
        "telegram_id": file.telegram_id,
        "unique_id": file.unique_id,
        "name": file.name,
        "mime": file.mime,
        "size": file.size.unwrap_or(0),
        "provider_id": copy.map(|copy| &copy.id),
        "provider_expires_at": copy.map(|copy| copy.expires_at),
    }))
}

/// An open turn of messages that were stored before: the answer of an earlier `open` was lost on the way.
async fn find_open(db: &Db, thread: ThreadId, columns: &Columns) -> Result<Opened, DbError> {
    let row = sqlx::query!(
        r#"SELECT turns.id, turns.attempt, EXISTS (
             SELECT 1 FROM balance_holds WHERE balance_holds.turn_id = turns.id) AS "held!"
           FROM turns
           WHERE turns.thread_id = $1 AND turns.state = 'open' AND EXISTS (
             SELECT 1 FROM messages WHERE messages.turn_id = turns.id AND messages.message_id = ANY($2))"#,
        thread.0,
        &columns.messages,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("opening::find_open"))?;
    Ok(row.map_or(Opened::Duplicate, |row| Opened::Turn {
        turn: TurnId(row.id),
        attempt: row.attempt,
        held: row.held,
        history_version: None,
        files: Vec::new(),
    }))
}

/// The fields of a batch, turned from rows into the columns that `UNNEST` takes.
#[derive(Default)]
struct Columns {
    updates: Vec<i64>,
    chats: Vec<i64>,
    messages: Vec<i32>,
    texts: Vec<String>,
    senders: Vec<String>,
    reply_to: Vec<Option<i32>>,
    reply_senders: Vec<Option<String>>,
    reply_snippets: Vec<Option<String>>,
    quotes: Vec<Option<String>>,
    forwarded_from: Vec<Option<String>>,
    dates: Vec<chrono::DateTime<chrono::Utc>>,
}

impl Columns {
    fn of(batch: &[Incoming]) -> Self {
        let mut columns = Self::default();
        for incoming in batch {
            let context = incoming.context.clone();
            let (reply_to, sender, snippet) = context.reply.map_or((None, None, None), |reply| {
                (Some(reply.message.0), Some(reply.sender), Some(reply.snippet))
            });
            columns.updates.push(incoming.update.0);
            columns.chats.push(incoming.key.chat.0);
            columns.messages.push(incoming.message.0);
            columns.texts.push(incoming.text.clone());
            columns.senders.push(incoming.sender.display_name());
            columns.reply_to.push(reply_to);
            columns.reply_senders.push(sender);
            columns.reply_snippets.push(snippet);
            columns.quotes.push(context.quote);
            columns.forwarded_from.push(context.forwarded_from);
            columns.dates.push(incoming.date);
        }
        columns
    }
}
