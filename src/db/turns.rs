//! Repository of turns: opened together with the messages that ask, closed together with the answer.

use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, MessageId, ThreadId, ThreadKey, TopicId, TurnId, UserId};
use crate::domain::message::Incoming;
use crate::domain::model::ModelId;
use crate::domain::money::Usd;
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
        /// Whether money is reserved for it. If not, the gate has to decide before anything is spent.
        held: bool,
        /// The version of the conversation's history with these messages in it; none if some of them had been there
        /// before, so that the history has to be read again.
        history_version: Option<i64>,
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

/// Stores the messages of a batch, opens their turn with its hold and closes their inbox rows: one statement, all or
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
        "src/db/turns_open.sql",
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
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at_race("turns::open"))?;
    let Some(turn) = opened.id else {
        return if opened.stale { Ok(Opened::Stale) } else { find_open(db, place.thread, &columns).await };
    };
    let all_new = usize::try_from(opened.fresh).is_ok_and(|fresh| fresh == batch.len());
    let history_version = opened.version.filter(|_| all_new);
    Ok(Opened::Turn { turn: TurnId(turn), attempt: 1, held: opened.held, history_version })
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
    .map_err(DbError::at("turns::find_open"))?;
    Ok(row.map_or(Opened::Duplicate, |row| Opened::Turn {
        turn: TurnId(row.id),
        attempt: row.attempt,
        held: row.held,
        history_version: None,
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
    /// How many tries were lost by crashes, this one included.
    pub lost: i32,
    /// Whether money is reserved for it.
    pub held: bool,
    /// Whether Telegram was asked to send a message that shows the unfinished answer.
    pub live_begun: bool,
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
        r#"SELECT turns.id, turns.thread_id, turns.question_id, turns.attempt, turns.live_message_id, turns.live_begun,
                lost + (NOT postponed)::int AS "lost!",
                EXISTS (SELECT 1 FROM balance_holds WHERE balance_holds.turn_id = turns.id) AS "held!",
                threads.chat_id, threads.user_id, threads.topic_id, chats.kind, users.language_code, users.model_id
         FROM turns JOIN threads ON threads.id = turns.thread_id
         JOIN chats ON chats.id = threads.chat_id JOIN users ON users.id = threads.user_id
         WHERE turns.state = 'open' AND turns.opened_at <= now() - make_interval(secs => $1) ORDER BY turns.id"#,
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
        lost: row.lost,
        held: row.held,
        live_begun: row.live_begun,
        live_message: row.live_message_id.map(MessageId),
        chat_kind: row.kind,
        language_code: row.language_code,
        model: row.model_id.map(ModelId),
    });
    Ok(left.collect())
}

/// Notes that an attempt had not shown anything when the service was stopped in an orderly way.
pub async fn postpone(tx: &mut Tx<'_>, turn: TurnId, attempt: i32) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE turns SET postponed = TRUE WHERE id = $1 AND state = 'open' AND attempt = $2",
        turn.0,
        attempt,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("turns::postpone"))?;
    Ok(())
}

/// Counts a new attempt of an open turn, if `attempt` is still the newest, and returns its number; none if the turn was
/// closed meanwhile.
pub async fn restart(tx: &mut Tx<'_>, turn: TurnId, attempt: i32) -> Result<Option<i32>, DbError> {
    sqlx::query_scalar!(
        "UPDATE turns SET attempt = greatest(attempt, $2 + 1), postponed = postponed AND attempt > $2,
           lost = lost + (attempt = $2 AND NOT postponed)::int
         WHERE id = $1 AND state = 'open' RETURNING attempt",
        turn.0,
        attempt,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("turns::restart"))
}

/// Notes that Telegram is asked from now on to send the message that shows the unfinished answer.
pub async fn begin_live(db: &Db, turn: TurnId) -> Result<(), DbError> {
    sqlx::query!("UPDATE turns SET live_begun = TRUE WHERE id = $1 AND NOT live_begun", turn.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("turns::begin_live"))?;
    Ok(())
}

/// The message that shows the unfinished answer, if there is one.
pub async fn live(db: &Db, turn: TurnId) -> Result<Option<MessageId>, DbError> {
    let live = sqlx::query_scalar!("SELECT live_message_id FROM turns WHERE id = $1", turn.0)
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("turns::live"))?;
    Ok(live.flatten().map(MessageId))
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

/// Closes a turn and returns whose it is; none if it was closed before.
pub async fn close(tx: &mut Tx<'_>, turn: TurnId, outcome: Outcome) -> Result<Option<UserId>, DbError> {
    sqlx::query_scalar!(
        "WITH over AS (DELETE FROM checkpoints WHERE turn_id = $1)
         UPDATE turns SET state = $2, detail = $3, closed_at = now() FROM threads
         WHERE turns.id = $1 AND turns.state = 'open' AND threads.id = turns.thread_id RETURNING threads.user_id",
        turn.0,
        outcome.state(),
        outcome.detail(),
    )
    .fetch_optional(&mut **tx)
    .await
    .map(|user| user.map(UserId))
    .map_err(DbError::at("turns::close"))
}
