//! The steps of naming a topic, by the worker that has it. Its row is locked, unless said otherwise.

use super::super::{Db, DbError, Tx};
use crate::domain::ids::{TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::topic::{Topic, TopicName};

/// How long a worker owns a topic without renewing that, in seconds.
pub(super) const LEASE_S: f64 = 10.0;

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
