//! Repository of balances: operations, which only ever grow in number, and the newest of which is what a user has.
//! Charges are booked by the statement that closes their turn (`turns/close.sql`), starter balances mostly by the one that
//! meets a new user (`people_meet.sql`), everything else here.
//! The caller makes sure that an event is booked once, by a row lock or an insert of its own; the key is the last barrier.

use chrono::{DateTime, Utc};

use super::{DbError, Tx};
use crate::domain::ids::{PaymentId, TurnId, UserId};
use crate::domain::money::Usd;

/// Why a balance changes, apart from charges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reason {
    /// What a new user gets; the first operation of each.
    Starter,
    /// The charge of a turn is given back.
    Return(TurnId),
    /// Stars came in.
    Payment(PaymentId),
    /// Stars were given back.
    Refund(PaymentId),
    /// An administrator corrected the balance.
    Adjustment(UserId),
    /// A recording was transcribed; the key of the operation names it.
    Transcription,
}

impl Reason {
    /// The column and label name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Return(_) => "return",
            Self::Payment(_) => "payment",
            Self::Refund(_) => "refund",
            Self::Adjustment(_) => "adjustment",
            Self::Transcription => "transcription",
        }
    }
}

/// A change of a balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Operation<'a> {
    /// Whose.
    pub user: UserId,
    /// Why.
    pub reason: Reason,
    /// By how much; below zero it is taken.
    pub amount: Usd,
    /// What makes the event unique.
    pub key: &'a str,
    /// What it was for, for people: a model's name, a number of Stars.
    pub subject: &'a str,
}

/// Books an operation; returns the balance after it.
pub(crate) async fn post(tx: &mut Tx<'_>, operation: &Operation<'_>) -> Result<Usd, DbError> {
    let (turn, payment, actor) = match operation.reason {
        Reason::Starter | Reason::Transcription => (None, None, None),
        Reason::Return(turn) => (Some(turn.0), None, None),
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

/// What a user has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Balance {
    /// All of it.
    pub amount: Usd,
    /// The part that is reserved for running turns and pending refunds.
    pub held: Usd,
}

impl Balance {
    /// What may be spent now.
    pub(crate) fn spendable(self) -> Usd {
        self.amount - self.held
    }
}

/// What a user has; none if the user is not known.
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

/// An operation as it was booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct LedgerEntry {
    /// Why, by its column name.
    pub kind: String,
    /// By how much.
    pub amount: Usd,
    /// What it was for.
    pub subject: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The newest operations of a user, newest first.
pub(crate) async fn latest(tx: &mut Tx<'_>, user: UserId, limit: i64) -> Result<Vec<LedgerEntry>, DbError> {
    let rows = sqlx::query!(
        "SELECT kind, amount, subject, created_at FROM balance_operations
         WHERE user_id = $1 ORDER BY seq DESC LIMIT $2",
        user.0,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("balance::latest"))?;
    let booked = rows.into_iter().map(|row| LedgerEntry {
        kind: row.kind,
        amount: Usd(row.amount),
        subject: row.subject,
        at: row.created_at,
    });
    Ok(booked.collect())
}

/// What a closed turn was charged and what for; none if nothing was. The turn is locked until the transaction ends.
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

/// What a turn was charged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Charge {
    /// Who paid it.
    pub user: UserId,
    /// How much, above zero.
    pub amount: Usd,
    /// What the user reads about it.
    pub subject: String,
}

/// What an operation with this key left, if there is one.
pub(crate) async fn posted(tx: &mut Tx<'_>, key: &str) -> Result<Option<Usd>, DbError> {
    sqlx::query_scalar!("SELECT balance_after FROM balance_operations WHERE key = $1", key)
        .fetch_optional(&mut **tx)
        .await
        .map(|after| after.map(Usd))
        .map_err(DbError::at("balance::posted"))
}

/// Locks a user's row until the transaction ends and returns the balance; none if the user is not known.
pub(crate) async fn lock(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Usd>, DbError> {
    sqlx::query_scalar!("SELECT balance FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0)
        .fetch_optional(&mut **tx)
        .await
        .map(|balance| balance.map(Usd))
        .map_err(DbError::at("balance::lock"))
}

/// Whether anything was ever booked for a user.
pub(crate) async fn has_operations(tx: &mut Tx<'_>, user: UserId) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM balance_operations WHERE user_id = $1) AS "any!""#,
        user.0,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("balance::has_operations"))
}
