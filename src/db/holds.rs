//! Repository of holds: money that is reserved for a turn that runs or a refund that is not answered yet.
//! `users.held` is their sum; both change in one statement, under the lock of the user's row.

use super::{Db, DbError, Tx};
use crate::domain::ids::{PaymentId, TurnId, UserId};
use crate::domain::money::Usd;

/// Whether a turn may cost something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// Its hold is open.
    Held,
    /// What the user has is reserved for other turns; when they are over there may be something left.
    Reserved,
    /// Nothing is left to spend.
    Short,
    /// The operator has banned the user.
    Banned,
}

/// Opens the hold of a turn if anything is left to spend, or if the user is `free` to overdraw. The same turn has one
/// hold, however often this is called.
pub async fn take(db: &Db, turn: TurnId, user: UserId, amount: Usd, free: bool) -> Result<Gate, DbError> {
    let row = sqlx::query!(
        r#"WITH gate AS (
             UPDATE users SET held = held + $3
             WHERE id = $2 AND banned_at IS NULL AND ($4 OR balance - held > 0)
               AND NOT EXISTS (SELECT 1 FROM balance_holds WHERE turn_id = $1)
             RETURNING id
           ), hold AS (
             INSERT INTO balance_holds (user_id, turn_id, amount) SELECT id, $1, $3 FROM gate RETURNING id
           )
           SELECT EXISTS (SELECT 1 FROM hold)
                    OR EXISTS (SELECT 1 FROM balance_holds WHERE turn_id = $1 AND state = 'open') AS "held!",
                  EXISTS (SELECT 1 FROM balance_holds
                          WHERE user_id = $2 AND state = 'open' AND turn_id IS NOT NULL) AS "others!",
                  balance > 0 AS "solvent!", banned_at IS NOT NULL AS "banned!"
           FROM users WHERE id = $2"#,
        turn.0,
        user.0,
        amount.0,
        free,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("holds::take"))?;
    Ok(match (row.held, row.banned) {
        (true, _) => Gate::Held,
        (false, true) => Gate::Banned,
        (false, false) if row.others && row.solvent => Gate::Reserved,
        (false, false) => Gate::Short,
    })
}

/// Makes the open hold of a turn at least as large as `amount`; returns what the user has in all.
pub async fn extend(db: &Db, turn: TurnId, user: UserId, amount: Usd) -> Result<Usd, DbError> {
    sqlx::query_scalar!(
        "WITH hold AS (
           UPDATE balance_holds SET amount = $3
           FROM (SELECT id, amount FROM balance_holds WHERE turn_id = $1 AND state = 'open' FOR UPDATE) AS old
           WHERE balance_holds.id = old.id AND old.amount < $3
           RETURNING $3 - old.amount AS more
         ), more AS (
           UPDATE users SET held = held + hold.more FROM hold WHERE users.id = $2
         )
         SELECT balance FROM users WHERE id = $2",
        turn.0,
        user.0,
        amount.0,
    )
    .fetch_one(db.pool())
    .await
    .map(Usd)
    .map_err(DbError::at("holds::extend"))
}

/// Reserves what a refund will take; false if not so much is left to spend.
pub async fn take_for_refund(
    tx: &mut Tx<'_>,
    payment: PaymentId,
    user: UserId,
    amount: Usd,
) -> Result<bool, DbError> {
    let held = sqlx::query!(
        "WITH gate AS (
           UPDATE users SET held = held + $3 WHERE id = $2 AND balance - held >= $3 RETURNING id
         )
         INSERT INTO balance_holds (user_id, payment_id, amount) SELECT id, $1, $3 FROM gate",
        payment.0,
        user.0,
        amount.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("holds::take_for_refund"))?;
    Ok(held.rows_affected() == 1)
}

/// What money is reserved for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A turn that runs.
    Turn(TurnId),
    /// The refund of a payment.
    Refund(PaymentId),
}

/// Closes a hold, if it is open; it was settled if something was booked in its stead.
pub async fn close(tx: &mut Tx<'_>, purpose: Purpose, settled: bool) -> Result<(), DbError> {
    let (turn, payment) = match purpose {
        Purpose::Turn(turn) => (Some(turn.0), None),
        Purpose::Refund(payment) => (None, Some(payment.0)),
    };
    sqlx::query!(
        "WITH hold AS (
           UPDATE balance_holds SET state = CASE WHEN $3 THEN 'settled' ELSE 'released' END, closed_at = now()
           WHERE (turn_id = $1 OR payment_id = $2) AND state = 'open' RETURNING user_id, amount
         )
         UPDATE users SET held = held - hold.amount FROM hold WHERE users.id = hold.user_id",
        turn,
        payment,
        settled,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("holds::close"))?;
    Ok(())
}
