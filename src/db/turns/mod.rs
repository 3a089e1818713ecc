//! Repository of turns: opened together with their questions, closed together with the answer.

pub(super) mod close_turn;
pub(crate) mod closing;
pub(super) mod open_turn;
pub mod opening;
pub(crate) mod retrying;

use super::{Db, DbError, Tx, preferences};
use crate::domain::ids::{
    ChatId, InstanceId, MessageId, OwnerId, ThreadId, ThreadKey, TopicId, TurnId, UserId,
};
use crate::domain::people::Language;
use crate::domain::preferences::Preferences;
use crate::domain::turn::{HeldTurn, TurnPayer, TurnRef};

/// An open turn that a crash may have interrupted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOpen {
    /// Primary key.
    pub turn: TurnId,
    /// Its thread.
    pub thread: ThreadId,
    /// Key of the thread, to which the answer is sent.
    pub key: ThreadKey,
    /// The person who asked.
    pub asker: UserId,
    /// Who pays.
    pub payer: TurnPayer,
    /// The message being answered.
    pub question: MessageId,
    /// Whether a `/clear` covers it, so that no later prompt contains it.
    pub cleared: bool,
    /// The newest attempt, which was interrupted.
    pub attempt: i32,
    /// The epoch under which it was answered.
    pub epoch: i64,
    /// Number of crashes in which it was in flight. A panic of its session counts as one.
    pub crashes: i32,
    /// Number of those in which nothing else was in flight.
    pub crashes_alone: i32,
    /// Whether it has an open hold.
    pub held: bool,
    /// Whether Telegram was asked to send its live message.
    pub live_begun: bool,
    /// Its live message in a group, if any.
    pub live_message: Option<MessageId>,
    /// The type of its chat, as stored.
    pub chat_kind: String,
    /// The language of the user.
    pub language: Language,
    /// What the user has chosen, with the model that the turn was opened for.
    pub preferences: Preferences,
}

/// Returns whether any user has an open turn in a chat.
pub async fn any_open(db: &Db, chat: ChatId) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM threads JOIN turns ON turns.thread_id = threads.id AND turns.state = 'open'
             WHERE threads.chat_id = $1
           ) AS "open!""#,
        chat.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("turns::any_open"))
}

/// Returns turns of chats in `buckets` that have been open for at least `seconds`, oldest first, including those
/// of running sessions. Turns that another living instance answers are left out: their group may have become
/// another chat meanwhile.
pub async fn left_open(db: &Db, seconds: f64, buckets: &[i64]) -> Result<Vec<LeftOpen>, DbError> {
    open_turns(db, seconds, Some(buckets), None).await
}

async fn open_turns(
    db: &Db,
    seconds: f64,
    buckets: Option<&[i64]>,
    only: Option<TurnId>,
) -> Result<Vec<LeftOpen>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT turns.id, turns.thread_id, turns.question_id, turns.attempt, turns.epoch, turns.live_message_id, turns.live_begun,
                crashes + in_flight::int AS "crashes!", crashes_alone + in_flight::int AS "crashes_alone!",
                turns.held IS NOT NULL AS "held!",
                 turns.question_id <= threads.cleared_up_to AS "cleared!",
                 threads.chat_id, threads.user_id, threads.topic_id, chats.kind, turns.model_id,
                 users.id AS asker, coalesce(turns.payer_id, users.id) AS "payer!", turns.sponsored_in,
                 coalesce(users.language, users.language_code) AS language,
                 effort, turn_limit, shows_cost, shows_thinking, announcements, personality
         FROM turns JOIN threads ON threads.id = turns.thread_id
         JOIN chats ON chats.id = threads.chat_id JOIN users ON users.id = coalesce(turns.asker_id, threads.user_id)
         WHERE turns.state = 'open' AND turns.opened_at <= now() - make_interval(secs => $1)
           AND ($2::bigint IS NULL OR turns.id = $2)
           AND ($3::bigint[] IS NULL OR (threads.chat_id & 1023) = ANY($3))
           AND NOT EXISTS (SELECT 1 FROM leases JOIN instances ON instances.id = holder
                           WHERE leases.epoch = turns.epoch AND holder <> $4 AND dead_at IS NULL)
         ORDER BY turns.id"#,
        seconds,
        only.map(|turn| turn.0),
        buckets,
        db.instance().0,
    )
    .fetch_all(db.pool())
    .await
    .map_err(DbError::at("turns::left_open"))?;
    let left = rows.into_iter().map(|row| LeftOpen {
        turn: TurnId(row.id),
        thread: ThreadId(row.thread_id),
        key: ThreadKey {
            chat: ChatId(row.chat_id),
            owner: OwnerId(row.user_id),
            topic: row.topic_id.map(TopicId),
        },
        asker: UserId(row.asker),
        payer: TurnPayer { user: UserId(row.payer), sponsored_in: row.sponsored_in.map(ChatId) },
        question: MessageId(row.question_id),
        cleared: row.cleared,
        attempt: row.attempt,
        epoch: row.epoch,
        crashes: row.crashes,
        crashes_alone: row.crashes_alone,
        held: row.held,
        live_begun: row.live_begun,
        live_message: row.live_message_id.map(MessageId),
        chat_kind: row.kind,
        language: Language::from_tag(row.language.as_deref()),
        preferences: preferences::read(
            (Some(row.model_id), row.effort, row.turn_limit),
            (row.shows_cost, row.shows_thinking, row.announcements),
            row.personality,
        ),
    });
    Ok(left.collect())
}

/// Records that an attempt had not shown anything at an orderly shutdown. Returns `false`, and changes
/// nothing, if another attempt or instance has taken the turn over.
pub(crate) async fn postpone(tx: &mut Tx<'_>, turn: TurnRef) -> Result<bool, DbError> {
    let postponed = sqlx::query!(
        "UPDATE turns SET in_flight = FALSE, alone = FALSE
         WHERE id = $1 AND state = 'open' AND attempt = $2 AND epoch = $3",
        turn.id.0,
        turn.attempt,
        turn.epoch,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("turns::postpone"))?;
    Ok(postponed.rows_affected() > 0)
}

/// Starts a new attempt of an open turn under `epoch` if its attempt is still the newest, and returns its number.
/// Returns `None` if the turn was closed meanwhile, or another instance has it. The turn is in flight from now
/// on, `alone` if nothing else is. If it was in flight before, its session panicked, which counts as a crash.
pub(crate) async fn restart(
    tx: &mut Tx<'_>,
    left: &LeftOpen,
    alone: bool,
    (instance, epoch): (InstanceId, i64),
) -> Result<Option<i32>, DbError> {
    sqlx::query_scalar!(
        "UPDATE turns SET attempt = greatest(attempt, $2 + 1), in_flight = TRUE, alone = $3, epoch = $4,
           crashes = crashes + (attempt = $2 AND in_flight)::int,
           crashes_alone = crashes_alone + (attempt = $2 AND in_flight)::int
         WHERE id = $1 AND state = 'open' AND epoch IN ($4, $5)
           AND NOT EXISTS (SELECT 1 FROM leases JOIN instances ON instances.id = holder
                           WHERE leases.epoch = turns.epoch AND holder <> $6 AND dead_at IS NULL)
         RETURNING attempt",
        left.turn.0,
        left.attempt,
        alone,
        epoch,
        left.epoch,
        instance.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("turns::restart"))
}

/// Marks an open turn as in flight under `epoch`, `alone` if nothing else is, so that what it produced can be
/// delivered and the turn closed. Returns `false` if it was closed meanwhile, or another instance has it.
pub(crate) async fn take_up(db: &Db, left: &LeftOpen, alone: bool, epoch: i64) -> Result<bool, DbError> {
    let taken = sqlx::query!(
        "UPDATE turns SET in_flight = TRUE, alone = $2, epoch = $3
         WHERE id = $1 AND state = 'open' AND epoch IN ($3, $4)
           AND NOT EXISTS (SELECT 1 FROM leases JOIN instances ON instances.id = holder
                           WHERE leases.epoch = turns.epoch AND holder <> $5 AND dead_at IS NULL)",
        left.turn.0,
        alone,
        epoch,
        left.epoch,
        db.instance().0,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("turns::take_up"))?;
    Ok(taken.rows_affected() > 0)
}

/// Records that Telegram is about to be asked to send the live message.
pub(crate) async fn begin_live(db: &Db, turn: HeldTurn) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE turns SET live_begun = TRUE WHERE id = $1 AND NOT live_begun AND epoch = $2",
        turn.id.0,
        turn.epoch,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("turns::begin_live"))?;
    Ok(())
}

/// Locks a turn against takeover until the transaction ends.
///
/// # Errors
/// Returns [`DbError::Cancelled`] if another instance has taken it over.
pub(crate) async fn keep_ours(tx: &mut Tx<'_>, turn: HeldTurn) -> Result<(), DbError> {
    let ours =
        sqlx::query!("SELECT id FROM turns WHERE id = $1 AND epoch = $2 FOR SHARE", turn.id.0, turn.epoch)
            .fetch_optional(&mut **tx)
            .await
            .map_err(DbError::at("turns::keep_ours"))?;
    ours.map(drop).ok_or(DbError::Cancelled)
}

/// Returns the live message of a turn, if there is one.
pub async fn live(db: &Db, turn: TurnId) -> Result<Option<MessageId>, DbError> {
    let live = sqlx::query_scalar!("SELECT live_message_id FROM turns WHERE id = $1", turn.0)
        .fetch_optional(db.pool())
        .await
        .map_err(DbError::at("turns::live"))?;
    Ok(live.flatten().map(MessageId))
}

/// Records the live message of a turn, or that it has none.
pub(crate) async fn show_in(
    database: impl sqlx::PgExecutor<'_>,
    turn: HeldTurn,
    message: Option<MessageId>,
) -> Result<(), DbError> {
    let message = message.map(|message| message.0);
    sqlx::query!(
        "UPDATE turns SET live_message_id = $2 WHERE id = $1 AND epoch = $3",
        turn.id.0,
        message,
        turn.epoch,
    )
    .execute(database)
    .await
    .map_err(DbError::at("turns::show_in"))?;
    Ok(())
}
