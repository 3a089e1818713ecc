//! Repository of balances: the operations of each user, which are only ever appended. The newest operation
//! determines the balance. Charges are booked by the statement that closes their turn (`turns/close.sql`),
//! most starter grants by the statement that creates the user (`people_meet.sql`), everything else here.
//! The caller ensures that an event is booked once, by a row lock or an insert of its own; the unique key is
//! the last safeguard.

use chrono::{DateTime, Utc};

use super::{DbError, Tx};
use crate::domain::ids::{PaymentId, TurnId, UserId};
use crate::domain::money::Usd;

/// Why a balance changes, apart from charges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// The starter grant of a new user; the first operation of each user.
    Starter,
    /// The balance that a person had with the predecessor.
    Opening,
    /// The charge of a turn is returned.
    Return(TurnId),
    /// Stars were received.
    Payment(PaymentId),
    /// Stars were refunded.
    Refund(PaymentId),
    /// An administrator corrected the balance.
    Adjustment(UserId),
    /// A recording was transcribed, or was being transcribed when that was stopped; the key of the operation names it.
    Transcription,
    /// A topic was named after the answer of this turn.
    TopicName(TurnId),
}

impl Reason {
    /// Returns the name used in the column and in metric labels.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Opening => "opening",
            Self::Return(_) => "return",
            Self::Payment(_) => "payment",
            Self::Refund(_) => "refund",
            Self::Adjustment(_) => "adjustment",
            Self::Transcription => "transcription",
            Self::TopicName(_) => "topic_name",
        }
    }
}

/// A change of a balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Operation<'a> {
    /// The user whose balance changes.
    pub user: UserId,
    /// What the operation is booked for.
    pub reason: Reason,
    /// US dollars; negative if the amount is taken.
    pub amount: Usd,
    /// Unique key of the event.
    pub key: &'a str,
    /// What it was for, in words for people: a model's name, a number of Stars.
    pub subject: &'a str,
}

/// Books an operation and returns the balance after it.
pub(crate) async fn post(tx: &mut Tx<'_>, operation: &Operation<'_>) -> Result<Usd, DbError> {
    let (turn, payment, actor) = match operation.reason {
        Reason::Starter | Reason::Opening | Reason::Transcription => (None, None, None),
        Reason::Return(turn) | Reason::TopicName(turn) => (Some(turn.0), None, None),
        Reason::Payment(payment) | Reason::Refund(payment) => (None, Some(payment.0), None),
        Reason::Adjustment(actor) => (None, None, Some(actor.0)),
    };
    sqlx::query_file_scalar!(
        "src/db/balance_post.sql",
        operation.user.0,
        operation.amount.0,
        operation.reason.name(),
        operation.key,
        payment,
        actor,
        operation.subject,
        turn,
    )
    .fetch_one(&mut **tx)
    .await
    .map(Usd)
    .map_err(DbError::at("balance::post"))
}

/// A user's balance and the held part of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Balance {
    /// The whole balance, holds included.
    pub amount: Usd,
    /// The part that is reserved for running turns and pending refunds.
    pub held: Usd,
}

impl Balance {
    /// Returns the part that may be spent now.
    pub(crate) fn spendable(self) -> Usd {
        self.amount - self.held
    }
}

/// Returns a user's balance, or `None` if the user is unknown.
pub(crate) async fn of(
    database: impl sqlx::PgExecutor<'_>,
    user: UserId,
) -> Result<Option<Balance>, DbError> {
    let row = sqlx::query!("SELECT balance, held FROM users WHERE id = $1", user.0)
        .fetch_optional(database)
        .await
        .map_err(DbError::at("balance::of"))?;
    Ok(row.map(|row| Balance { amount: Usd(row.balance), held: Usd(row.held) }))
}

/// A booked operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LedgerEntry {
    /// Its number among the operations of the user, from 1.
    pub number: i64,
    /// The reason, by its column name.
    pub kind: String,
    /// US dollars; negative if the amount was taken.
    pub amount: Usd,
    /// What it was for, in words for people.
    pub subject: String,
    /// When it was booked.
    pub at: DateTime<Utc>,
    /// The names of the tools whose calls it charges for, each once.
    pub tools: Vec<String>,
    /// Whether it charges for usage that was not reported in full.
    pub estimated: bool,
}

/// Returns the number of a user's newest operation; 0 without any.
pub(crate) async fn last_operation(tx: &mut Tx<'_>, user: UserId) -> Result<i64, DbError> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(max(seq), 0) AS "last!" FROM balance_operations WHERE user_id = $1"#,
        user.0
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("balance::last_operation"))
}

/// Returns a user's operations from the number `newest` down, newest first.
pub(crate) async fn operations(
    tx: &mut Tx<'_>,
    user: UserId,
    newest: i64,
    limit: i64,
) -> Result<Vec<LedgerEntry>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT seq, kind, amount, subject, created_at, EXISTS (
             SELECT 1 FROM model_calls
             WHERE model_calls.turn_id = balance_operations.turn_id AND payer = 'user' AND estimated
               -- The name of a topic is a call after the turn, with a charge of its own.
               AND (attempt = 0) = (kind = 'topic_name')
           ) OR EXISTS (
             SELECT 1 FROM transcriptions
             WHERE kind = 'transcription' AND transcriptions.key = substr(balance_operations.key, 15) AND estimated
           ) AS "estimated!", ARRAY (
             SELECT DISTINCT tool FROM tool_calls
             WHERE tool_calls.turn_id = balance_operations.turn_id AND kind = 'usage' AND cost > 0
               AND attempt IN (
                 SELECT attempt FROM model_calls WHERE model_calls.turn_id = balance_operations.turn_id AND payer = 'user')
             ORDER BY tool
           ) AS "tools!"
           FROM balance_operations WHERE user_id = $1 AND seq <= $2 ORDER BY seq DESC LIMIT $3"#,
        user.0,
        newest,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("balance::operations"))?;
    let booked = rows.into_iter().map(|row| LedgerEntry {
        number: row.seq,
        kind: row.kind,
        amount: Usd(row.amount),
        subject: row.subject,
        at: row.created_at,
        tools: row.tools,
        estimated: row.estimated,
    });
    Ok(booked.collect())
}

/// Returns the charge of a closed turn, or `None` if it was not charged. Locks the turn until the transaction
/// ends.
pub(crate) async fn charge(tx: &mut Tx<'_>, turn: TurnId) -> Result<Option<Charge>, DbError> {
    let closed = sqlx::query!(
        "SELECT user_id FROM turns JOIN threads ON threads.id = thread_id
         WHERE turns.id = $1 AND closed_at IS NOT NULL FOR NO KEY UPDATE OF turns",
        turn.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("balance::charge"))?;
    let Some(closed) = closed else { return Ok(None) };
    let row = sqlx::query!(
        "SELECT -amount AS \"amount!\", subject FROM balance_operations WHERE turn_id = $1 AND kind = 'usage'",
        turn.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("balance::charge"))?;
    Ok(row.map(|row| Charge { user: UserId(closed.user_id), amount: Usd(row.amount), subject: row.subject }))
}

/// The charge of a turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Charge {
    /// The user who paid it.
    pub user: UserId,
    /// US dollars, above zero.
    pub amount: Usd,
    /// The subject that the user reads in the list of operations.
    pub subject: String,
}

/// Returns the balance after the operation with this key, or `None` if there is no such operation.
pub(crate) async fn posted(tx: &mut Tx<'_>, key: &str) -> Result<Option<Usd>, DbError> {
    sqlx::query_scalar!("SELECT balance_after FROM balance_operations WHERE key = $1", key)
        .fetch_optional(&mut **tx)
        .await
        .map(|after| after.map(Usd))
        .map_err(DbError::at("balance::posted"))
}

/// Locks a user's row until the transaction ends and returns the balance, or `None` if the user is unknown.
pub(crate) async fn lock(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Usd>, DbError> {
    sqlx::query_scalar!("SELECT balance FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0)
        .fetch_optional(&mut **tx)
        .await
        .map(|balance| balance.map(Usd))
        .map_err(DbError::at("balance::lock"))
}

/// Returns whether any operation was ever booked for a user.
pub(crate) async fn has_operations(tx: &mut Tx<'_>, user: UserId) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM balance_operations WHERE user_id = $1) AS "any!""#,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("balance::has_operations"))
}
