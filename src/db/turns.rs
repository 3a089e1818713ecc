//! Repository of turns: opened together with the messages that ask, closed together with the answer.

use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, MessageId, ThreadId, ThreadKey, TopicId, TurnId, UserId};
use crate::domain::message::Incoming;
use crate::domain::model::ModelId;
use crate::domain::turn::Outcome;

/// What opening a batch of messages came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// The messages are stored and wait for an answer.
    Turn {
        /// The row.
        turn: TurnId,
        /// The try that begins now.
        attempt: i32,
    },
    /// All messages were stored and answered before.
    Duplicate,
}

/// Stores the messages of a batch, opens their turn and closes their inbox rows: one statement, all or nothing.
/// Messages that are already stored are left out; if their turn is still open, it is found again.
pub async fn open(db: &Db, thread: ThreadId, model: &ModelId, batch: &[Incoming]) -> Result<Opened, DbError> {
    let columns = Columns::of(batch);
    let opened = sqlx::query_scalar!(
        r#"WITH new AS (
             SELECT * FROM UNNEST($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::integer[], $6::text[],
                                  $7::text[], $8::text[], $9::text[], $10::timestamptz[])
               WITH ORDINALITY
               AS new (chat_id, message_id, text, sender, reply_to, reply_sender, reply_snippet, quote,
                       forwarded_from, sent_at, position)
             WHERE NOT EXISTS (SELECT 1 FROM messages old
                               WHERE old.chat_id = new.chat_id AND old.message_id = new.message_id)
           ), turn AS (
             INSERT INTO turns (thread_id, question_id, model_id)
             SELECT $11, max(message_id), $12 FROM new HAVING count(*) > 0 RETURNING id
           ), stored AS (
             INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to,
                                   reply_sender, reply_snippet, quote, forwarded_from, sent_at)
             SELECT $11, turn.id, chat_id, message_id, 'user', text, sender, reply_to, reply_sender, reply_snippet,
                    quote, forwarded_from, sent_at
             FROM new, turn ORDER BY position
           ), handled AS (
             UPDATE inbox SET handled_at = now() WHERE update_id = ANY($13) AND handled_at IS NULL
           )
           SELECT id FROM turn"#,
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
        thread.0,
        model.0,
        &columns.updates,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("turns::open"))?;
    match opened {
        Some(turn) => Ok(Opened::Turn { turn: TurnId(turn), attempt: 1 }),
        None => find_open(db, thread, &columns).await,
    }
}

/// An open turn of messages that were stored before: the answer of an earlier `open` was lost on the way.
async fn find_open(db: &Db, thread: ThreadId, columns: &Columns) -> Result<Opened, DbError> {
    let row = sqlx::query!(
        "SELECT turns.id, turns.attempt FROM turns
         WHERE turns.thread_id = $1 AND turns.state = 'open' AND EXISTS (
           SELECT 1 FROM messages WHERE messages.turn_id = turns.id AND messages.message_id = ANY($2))",
        thread.0,
        &columns.messages,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("turns::find_open"))?;
    Ok(row.map_or(Opened::Duplicate, |row| Opened::Turn { turn: TurnId(row.id), attempt: row.attempt }))
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

/// A turn that a crash left open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOpen {
    /// The row.
    pub turn: TurnId,
    /// Its conversation.
    pub thread: ThreadId,
    /// Where the answer goes.
    pub key: ThreadKey,
    /// The message that is answered.
    pub question: MessageId,
    /// The try that was cut.
    pub attempt: i32,
    /// A half-written message in a group.
    pub live_message: Option<MessageId>,
    /// The kind of chat, as stored.
    pub chat_kind: String,
    /// The language tag of the user's app.
    pub language_code: Option<String>,
    /// The model that the user has chosen.
    pub model: Option<ModelId>,
}

/// Turns that have been open for at least so many seconds, oldest first; those of running sessions too.
pub async fn left_open(db: &Db, seconds: f64) -> Result<Vec<LeftOpen>, DbError> {
    let rows = sqlx::query!(
        "SELECT turns.id, turns.thread_id, turns.question_id, turns.attempt, turns.live_message_id,
                threads.chat_id, threads.user_id, threads.topic_id, chats.kind, users.language_code, users.model_id
         FROM turns JOIN threads ON threads.id = turns.thread_id
         JOIN chats ON chats.id = threads.chat_id JOIN users ON users.id = threads.user_id
         WHERE turns.state = 'open' AND turns.opened_at <= now() - make_interval(secs => $1) ORDER BY turns.id",
        seconds,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("turns::left_open"))?;
    let left = rows.into_iter().map(|row| LeftOpen {
        turn: TurnId(row.id),
        thread: ThreadId(row.thread_id),
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            user: UserId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        question: MessageId(row.question_id),
        attempt: row.attempt,
        live_message: row.live_message_id.map(MessageId),
        chat_kind: row.kind,
        language_code: row.language_code,
        model: row.model_id.map(ModelId),
    });
    Ok(left.collect())
}

/// Takes an attempt back that had not shown anything when the service was stopped in an orderly way.
pub async fn postpone(db: &Db, turn: TurnId) -> Result<(), DbError> {
    sqlx::query!("UPDATE turns SET attempt = attempt - 1 WHERE id = $1 AND state = 'open'", turn.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("turns::postpone"))?;
    Ok(())
}

/// Counts a new attempt of an open turn and returns its number; none if the turn was closed meanwhile.
pub async fn restart(db: &Db, turn: TurnId) -> Result<Option<i32>, DbError> {
    sqlx::query_scalar!(
        "UPDATE turns SET attempt = attempt + 1 WHERE id = $1 AND state = 'open' RETURNING attempt",
        turn.0,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("turns::restart"))
}

/// Remembers the message that shows the unfinished answer, or that there is none.
pub async fn show_in(
    database: impl sqlx::PgExecutor<'_>,
    turn: TurnId,
    message: Option<MessageId>,
) -> Result<(), DbError> {
    let message = message.map(|message| message.0);
    sqlx::query!("UPDATE turns SET live_message_id = $2 WHERE id = $1", turn.0, message)
        .execute(database)
        .await
        .map_err(DbError::at("turns::show_in"))?;
    Ok(())
}

/// Closes a turn; false if it was closed before.
pub async fn close(tx: &mut Tx<'_>, turn: TurnId, outcome: Outcome) -> Result<bool, DbError> {
    let closed = sqlx::query!(
        "UPDATE turns SET state = $2, detail = $3, closed_at = now() WHERE id = $1 AND state = 'open'",
        turn.0,
        outcome.state(),
        outcome.detail(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("turns::close"))?;
    Ok(closed.rows_affected() == 1)
}
