//! Repository of the names of topics that nobody has named on purpose: how far the naming of each is, and
//! which worker has it. A row is locked before turns and users.

mod steps;

use chrono::{DateTime, Utc};

use self::steps::LEASE_S;
pub(crate) use self::steps::{begin, begin_telling, choose, lose, next_due, postpone, renew, settle};
use super::{Db, DbError, Tx};
use crate::domain::ids::{ChatId, TopicId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::topic::{Topic, TopicName};

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
        r#"SELECT turns.id, users.id AS user_id, coalesce(users.language, users.language_code) AS language,
             (SELECT left(string_agg(text, E'\n' ORDER BY messages.id), $3) FROM messages
              WHERE messages.turn_id = turns.id AND role = 'user') AS question,
             (SELECT left(text, $3) FROM messages
              WHERE messages.turn_id = turns.id AND role = 'assistant') AS answer
           FROM threads JOIN turns ON turns.thread_id = threads.id AND turns.state = 'answered'
               AND NOT turns.retried
             JOIN users ON users.id = coalesce(turns.asker_id, threads.user_id)
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
