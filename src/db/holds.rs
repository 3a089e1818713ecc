//! Repository of holds: money that is reserved for a turn that runs (`turns.held`), a recording that is being transcribed
//! (`transcriptions.held`) or a refund that is not answered yet (what the payment has brought). A turn's hold ends when it is closed, in the same statement. `users.held` is the sum of all;
//! it changes in the same transaction, under the lock of the user's row.

use super::{Db, DbError, Tx};
use crate::domain::ids::{PaymentId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::turn::TurnRef;

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

/// Opens the hold of an open turn if anything is left to spend, or if the user is `free` to overdraw. The same turn has
/// one hold, however often this is called; one that is closed gets none.
pub async fn take(db: &Db, turn: TurnId, user: UserId, amount: Usd, free: bool) -> Result<Gate, DbError> {
    // The lock of the turn comes first, as in settling: a turn that is closed while this waits gets no hold any more.
    let held = sqlx::query_scalar!(
        r#"WITH open AS (
             SELECT id FROM turns WHERE id = $1 AND state = 'open' AND held IS NULL FOR NO KEY UPDATE
           ), gate AS (
             UPDATE users SET held = held + $3
             WHERE id = $2 AND banned_at IS NULL AND ($4 OR balance - held > 0) AND EXISTS (SELECT 1 FROM open)
             RETURNING id
           ), hold AS (
             UPDATE turns SET held = $3 FROM gate WHERE turns.id = $1 RETURNING turns.id
           )
           SELECT EXISTS (SELECT 1 FROM hold) AS "held!""#,
        turn.0,
        user.0,
        amount.0,
        free,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at_race("holds::take"))?;
    if held { Ok(Gate::Held) } else { gate(db, turn, user).await }
}

/// Why a turn has no hold yet, or that it has one. A statement of its own, because it must see what the one before it
/// has waited for.
async fn gate(db: &Db, turn: TurnId, user: UserId) -> Result<Gate, DbError> {
    let row = sqlx::query!(
        r#"SELECT turns.state = 'open' AND turns.held IS NOT NULL AS "held!", users.held > (
                    SELECT coalesce(sum(credit), 0) FROM payments WHERE user_id = $2 AND state = 'refunding') AS "others!",
                  balance > 0 AS "solvent!", balance - users.held > 0 AS "free!", banned_at IS NOT NULL AS "banned!"
           FROM users, turns WHERE users.id = $2 AND turns.id = $1"#,
        turn.0,
        user.0,
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("holds::gate"))?;
    Ok(match (row.held, row.banned) {
        (true, _) => Gate::Held,
        (false, true) => Gate::Banned,
        // Something has become free since it was asked for: it will be there at the next try.
        (false, false) if row.free || (row.others && row.solvent) => Gate::Reserved,
        (false, false) => Gate::Short,
    })
}

/// Whether the gate would let a turn of a user pass now or after other turns; nothing is reserved. Who is not known yet
/// would get a starting balance.
pub async fn may_spend(db: &Db, user: UserId, free: bool) -> Result<bool, DbError> {
    let may = sqlx::query_scalar!(
        r#"SELECT banned_at IS NULL AND ($2 OR balance - held > 0 OR (balance > 0 AND held > (
             SELECT coalesce(sum(credit), 0) FROM payments WHERE user_id = $1 AND state = 'refunding'))) AS "may!"
           FROM users WHERE id = $1"#,
        user.0,
        free,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("holds::may_spend"))?;
    Ok(may.unwrap_or(true))
}

/// What asking for more room under a hold came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClaimResult {
    /// Whether the hold is large enough now.
    pub granted: bool,
    /// What was left to spend before, what is reserved for others and `used` taken off.
    pub left: Usd,
}

/// Makes the open hold of a turn at least as large as `used` and `more` together, if at least `least` is left to spend
/// besides what others have reserved and what the turn has `used` of its hold, or if the user is `free` to overdraw. Two
/// turns that ask at the same moment are asked one after the other. None if the turn has no open hold.
pub async fn claim(
    db: &Db,
    turn: TurnRef,
    (used, more, least): (Usd, Usd, Usd),
    free: bool,
) -> Result<Option<ClaimResult>, DbError> {
    let row = sqlx::query!(
        r#"WITH own AS (
             SELECT held FROM turns WHERE id = $1 AND state = 'open' AND held IS NOT NULL FOR NO KEY UPDATE
           ), account AS (
             SELECT own.held, balance - users.held + own.held - $3 AS spare FROM users, own WHERE users.id = $2
             FOR NO KEY UPDATE OF users
           ), hold AS (
             UPDATE turns SET held = greatest(account.held, $3 + $4)
             FROM account WHERE turns.id = $1 AND ($6 OR account.spare >= $5)
             RETURNING greatest(account.held, $3 + $4) - account.held AS more
           ), reserved AS (
             UPDATE users SET held = held + hold.more FROM hold WHERE users.id = $2
           )
           SELECT spare AS "spare!", EXISTS (SELECT 1 FROM hold) AS "granted!" FROM account"#,
        turn.id.0,
        turn.user.0,
        used.0,
        more.0,
        least.0,
        free,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("holds::claim"))?;
    Ok(row.map(|row| ClaimResult { granted: row.granted, left: Usd(row.spare) }))
}

/// Reserves the price of a transcription under the rule of a turn's gate. Returns `false` if nothing is left to spend and
/// the user is not `free` to overdraw, is banned, or is unknown.
pub(crate) async fn take_for_transcription(
    tx: &mut Tx<'_>,
    user: UserId,
    amount: Usd,
    free: bool,
) -> Result<bool, DbError> {
    let held = sqlx::query!(
        "UPDATE users SET held = held + $2 WHERE id = $1 AND banned_at IS NULL AND ($3 OR balance - held > 0)",
        user.0,
        amount.0,
        free,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("holds::take_for_transcription"))?;
    Ok(held.rows_affected() == 1)
}

/// Releases what a transcription has reserved.
pub(crate) async fn release(tx: &mut Tx<'_>, user: UserId, amount: Usd) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET held = held - $2 WHERE id = $1", user.0, amount.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("holds::release"))?;
    Ok(())
}

/// Reserves what a refund will take; false if not so much is left to spend. To be called when the payment is about to be
/// given back.
pub async fn take_for_refund(tx: &mut Tx<'_>, user: UserId, amount: Usd) -> Result<bool, DbError> {
    let held = sqlx::query!(
        "UPDATE users SET held = held + $2 WHERE id = $1 AND balance - held >= $2",
        user.0,
        amount.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("holds::take_for_refund"))?;
    Ok(held.rows_affected() == 1)
}

/// Sets free what a refund has reserved, if it is under way; to be called before the payment's state says that it is over.
pub async fn close_refund(tx: &mut Tx<'_>, payment: PaymentId) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE users SET held = held - credit FROM payments
         WHERE payments.id = $1 AND payments.state = 'refunding' AND users.id = payments.user_id",
        payment.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("holds::close_refund"))?;
    Ok(())
}
