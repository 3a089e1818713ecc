//! Repository of the names of topics that nobody has named on purpose: how far the naming of each is, and
//! which worker has it. A row is locked before turns and users.

use chrono::{DateTime, Utc};

use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, TopicId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::topic::{Topic, TopicName};

/// How long a worker owns a topic without renewing that, in seconds.
const LEASE_S: f64 = 10.0;
/// The most characters read of a question, and of its answer.
const READ_CHARS: i32 = 800;
/// How long a topic whose first answer was missed is searched for, in seconds.
const MISSED_FOR_S: f64 = 86_400.0;

/// The naming of a topic as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoredNaming {
    /// The topic.
    pub topic: Topic,
    /// How far it is.
    pub state: NamingState,
    /// The lease of the worker that has it.
    pub lease: i64,
    /// Whether a person has chosen the icon.
    pub icon_given: bool,
    /// How often it was tried in this state before.
    pub attempts: i32,
    /// What is reserved, and for whom.
    pub hold: Option<(UserId, Usd)>,
    /// The answer after which it is named, once that is known.
    pub turn: Option<TurnId>,
}

/// How far a naming is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum NamingState {
    /// Telegram has made up the name, and no better one is known.
    Implicit,
    /// The name is known and paid, and Telegram is to be told.
    Chosen(TopicName),
    /// The topic is named, or stays as it is.
    Settled,
}

impl StoredNaming {
    /// Returns whether the worker with this lease still has it.
    pub(crate) fn is_of(&self, lease: i64) -> bool {
        self.lease == lease && self.state != NamingState::Settled
    }
}

/// Stores that a topic was created with a name that Telegram has made up. Changes nothing if it is known.
pub(crate) async fn created(tx: &mut Tx<'_>, topic: Topic, icon_given: bool) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO topic_names (chat_id, topic_id, state, icon_given) VALUES ($1, $2, 'implicit', $3)
         ON CONFLICT (chat_id, topic_id) DO NOTHING",
        topic.chat.0,
        topic.id.0,
        icon_given,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::created"))?;
    Ok(())
}

/// Stores that a person has named a topic. The row is locked, if there is one; its hold must have been
/// released.
pub(crate) async fn given(tx: &mut Tx<'_>, topic: Topic) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO topic_names AS old (chat_id, topic_id, state, settled_at) VALUES ($1, $2, 'given', now())
         ON CONFLICT (chat_id, topic_id) DO UPDATE SET state = 'given', lost = old.lost + old.held, held = 0,
           name = NULL, icon = NULL, failure = NULL, due_at = NULL, settled_at = now()",
        topic.chat.0,
        topic.id.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::given"))?;
    Ok(())
}

/// Stores that a person has chosen the icon of a topic.
pub(crate) async fn icon_given(tx: &mut Tx<'_>, topic: Topic) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET icon_given = TRUE, icon = NULL WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::icon_given"))?;
    Ok(())
}

/// Makes a topic that waits for an answer due. Returns whether there was one.
pub(crate) async fn answered(db: &Db, topic: Topic) -> Result<bool, DbError> {
    let due = sqlx::query!(
        "UPDATE topic_names SET due_at = now()
         WHERE chat_id = $1 AND topic_id = $2 AND state = 'implicit' AND due_at IS NULL",
        topic.chat.0,
        topic.id.0,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("topic_names::answered"))?;
    Ok(due.rows_affected() > 0)
}

/// Makes young topics due that wait for an answer and have one: a crash has kept them from being woken, or
/// their person had nothing left to spend.
pub(crate) async fn wake_missed(db: &Db) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET due_at = now()
         WHERE state = 'implicit' AND due_at IS NULL AND created_at > now() - make_interval(secs => $1)
           AND EXISTS (
             SELECT 1 FROM threads JOIN turns ON turns.thread_id = threads.id AND turns.state = 'answered'
               AND NOT turns.retried
             WHERE threads.chat_id = topic_names.chat_id AND threads.topic_id = topic_names.topic_id)",
        MISSED_FOR_S,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("topic_names::wake_missed"))?;
    Ok(())
}

/// Gives a due topic that no worker has to the worker with this lease. Locks it until the transaction ends. The
/// hold of a worker that has vanished is returned; its call may have cost as much, and nobody knows.
pub(crate) async fn claim(tx: &mut Tx<'_>, lease: i64) -> Result<Option<StoredNaming>, DbError> {
    let row = sqlx::query!(
        r#"UPDATE topic_names AS topic SET lease = $1, leased_until = now() + make_interval(secs => $2),
             lost = lost + held
           FROM (SELECT chat_id, topic_id FROM topic_names
                 WHERE state IN ('implicit', 'chosen') AND due_at <= now() AND leased_until <= now()
                 ORDER BY due_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) AS due
           WHERE topic.chat_id = due.chat_id AND topic.topic_id = due.topic_id
           RETURNING topic.chat_id, topic.topic_id, lease, icon_given, attempts, turn_id, user_id, held, name, icon"#,
        lease,
        LEASE_S,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::claim"))?;
    Ok(row.map(|row| StoredNaming {
        topic: Topic { chat: ChatId(row.chat_id), id: TopicId(row.topic_id) },
        state: row
            .name
            .map_or(NamingState::Implicit, |name| NamingState::Chosen(TopicName { name, icon: row.icon })),
        lease: row.lease,
        icon_given: row.icon_given,
        attempts: row.attempts,
        hold: hold(row.user_id, row.held),
        turn: row.turn_id.map(TurnId),
    }))
}

/// Locks a topic until the transaction ends. Returns `None` if it is unknown.
pub(crate) async fn lock(tx: &mut Tx<'_>, topic: Topic) -> Result<Option<StoredNaming>, DbError> {
    let row = sqlx::query!(
        "SELECT state, lease, icon_given, attempts, turn_id, user_id, held, name, icon FROM topic_names
         WHERE chat_id = $1 AND topic_id = $2 FOR NO KEY UPDATE",
        topic.chat.0,
        topic.id.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::lock"))?;
    Ok(row.map(|row| StoredNaming {
        topic,
        state: match (row.state.as_str(), row.name) {
            (_, Some(name)) => NamingState::Chosen(TopicName { name, icon: row.icon }),
            ("implicit", None) => NamingState::Implicit,
            _ => NamingState::Settled,
        },
        lease: row.lease,
        icon_given: row.icon_given,
        attempts: row.attempts,
        hold: hold(row.user_id, row.held),
        turn: row.turn_id.map(TurnId),
    }))
}

fn hold(user: Option<i64>, held: rust_decimal::Decimal) -> Option<(UserId, Usd)> {
    user.map(|user| (UserId(user), Usd(held))).filter(|(_, held)| *held > Usd::ZERO)
}

/// The first answer in a topic that is remembered and has arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FirstAnswer {
    /// Its turn.
    pub turn: TurnId,
    /// The person who asked.
    pub user: UserId,
    /// The language tag of the person.
    pub language: Option<String>,
    /// The beginning of what was asked; may be empty.
    pub question: String,
    /// The beginning of the answer.
    pub answer: String,
}

/// Returns the first answer in a topic that is remembered and has arrived, or `None`.
pub(crate) async fn first_answer(tx: &mut Tx<'_>, topic: Topic) -> Result<Option<FirstAnswer>, DbError> {
    let row = sqlx::query!(
        r#"SELECT turns.id, threads.user_id, coalesce(users.language, users.language_code) AS language,
             (SELECT left(string_agg(text, E'\n' ORDER BY messages.id), $3) FROM messages
              WHERE messages.turn_id = turns.id AND role = 'user') AS question,
             (SELECT left(text, $3) FROM messages
              WHERE messages.turn_id = turns.id AND role = 'assistant') AS answer
           FROM threads JOIN users ON users.id = threads.user_id
             JOIN turns ON turns.thread_id = threads.id AND turns.state = 'answered'
               AND NOT turns.retried
           WHERE threads.chat_id = $1 AND threads.topic_id = $2 AND turns.question_id > threads.cleared_up_to
             AND EXISTS (SELECT 1 FROM outbox WHERE outbox.turn_id = turns.id AND outbox.state = 'sent')
           ORDER BY turns.id LIMIT 1"#,
        topic.chat.0,
        topic.id.0,
        READ_CHARS,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::first_answer"))?;
    Ok(row.map(|row| FirstAnswer {
        turn: TurnId(row.id),
        user: UserId(row.user_id),
        language: row.language,
        question: row.question.unwrap_or_default(),
        answer: row.answer.unwrap_or_default(),
    }))
}

/// Stores that the model is asked after this turn, with this amount held.
pub(crate) async fn begin(
    tx: &mut Tx<'_>,
    topic: Topic,
    (turn, user): (TurnId, UserId),
    held: Usd,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET attempts = attempts + 1, turn_id = $3, user_id = $4, held = $5
         WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
        turn.0,
        user.0,
        held.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::begin"))?;
    Ok(())
}

/// Counts a try to tell Telegram a chosen name.
pub(crate) async fn begin_telling(tx: &mut Tx<'_>, topic: Topic) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET attempts = attempts + 1 WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::begin_telling"))?;
    Ok(())
}

/// Stores the chosen name of a locked topic, whose hold is released. The worker keeps it; this counts as the
/// first try to tell Telegram.
pub(crate) async fn choose(tx: &mut Tx<'_>, topic: Topic, name: &TopicName) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET state = 'chosen', name = $3, icon = $4, held = 0, attempts = 1, due_at = now()
         WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
        name.name,
        name.icon,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::choose"))?;
    Ok(())
}

/// Records that the answer to the call of a locked topic is lost: it may have cost what is held.
pub(crate) async fn lose(tx: &mut Tx<'_>, topic: Topic) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET lost = lost + held WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::lose"))?;
    Ok(())
}

/// Lets a locked topic, whose hold is released, wait for a number of seconds, or for the next answer.
/// `uncounted` takes back the try that this worker has counted.
pub(crate) async fn postpone(
    tx: &mut Tx<'_>,
    topic: Topic,
    seconds: Option<f64>,
    uncounted: bool,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET due_at = now() + make_interval(secs => $3), held = 0, leased_until = now(),
           attempts = attempts - CASE WHEN $4 AND attempts > 0 THEN 1 ELSE 0 END
         WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
        seconds,
        uncounted,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::postpone"))?;
    Ok(())
}

/// Ends the naming of a locked topic, whose hold is released: Telegram has the name, or the topic keeps its
/// own, for the reason `failure`.
pub(crate) async fn settle(tx: &mut Tx<'_>, topic: Topic, failure: Option<&str>) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET state = CASE WHEN $3::text IS NULL THEN 'named' ELSE 'left' END, failure = $3,
           name = NULL, icon = NULL, held = 0, due_at = NULL, settled_at = now()
         WHERE chat_id = $1 AND topic_id = $2",
        topic.chat.0,
        topic.id.0,
        failure,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("topic_names::settle"))?;
    Ok(())
}

/// Renews a lease.
pub(crate) async fn renew(db: &Db, topic: Topic, lease: i64) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE topic_names SET leased_until = now() + make_interval(secs => $4)
         WHERE chat_id = $1 AND topic_id = $2 AND lease = $3 AND state IN ('implicit', 'chosen')",
        topic.chat.0,
        topic.id.0,
        lease,
        LEASE_S,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("topic_names::renew"))?;
    Ok(())
}

/// Returns in how many seconds the next topic is due, or `None` if none is.
pub(crate) async fn next_due(db: &Db) -> Result<Option<f64>, DbError> {
    sqlx::query_scalar!(
        "SELECT extract(epoch FROM min(greatest(due_at, leased_until)) - now())::float8 FROM topic_names
         WHERE state IN ('implicit', 'chosen') AND due_at IS NOT NULL"
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("topic_names::next_due"))
}

/// Deletes what was settled before a time, and topics that have waited since then for an answer.
pub(crate) async fn forget(db: &Db, before: DateTime<Utc>) -> Result<(), DbError> {
    sqlx::query!(
        "DELETE FROM topic_names
         WHERE settled_at < $1 OR (state = 'implicit' AND due_at IS NULL AND held = 0 AND created_at < $1)",
        before,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("topic_names::forget"))?;
    Ok(())
}
