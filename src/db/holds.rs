//! Repository of holds: money reserved for a running turn (`turns.held`), for a recording or file that is
//! being transcribed (`transcriptions.held`), for the name of a topic (`topic_names.held`) or for an
//! unanswered refund (the credit of its payment). A turn's hold ends in the statement that closes the turn.
//! `users.held` is the sum of a user's holds; it changes in the same transaction, under the lock of the
//! user's row.

use super::{Db, DbError, Tx, groups};
use crate::domain::ids::{PaymentId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::turn::TurnRef;

/// The gate's decision on whether a turn may cost something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// The turn has an open hold.
    Held,
    /// The balance is reserved for other turns; some may be left once they end.
    Reserved,
    /// Nothing is left to spend, and no other turn could release anything.
    Short,
    /// The operator has banned the user.
    Banned,
    /// The user is older than the ledger and has not got the starter balance yet.
    Unopened,
}

/// Opens the hold of an open turn if anything is left to spend or the user is `free` to overdraw. Idempotent
/// per turn; a closed turn gets no hold.
pub async fn take(db: &Db, turn: TurnId, user: UserId, amount: Usd, free: bool) -> Result<Gate, DbError> {
    // The turn is locked first, as in settlement, so that a turn closed while this waits gets no hold.
    let held = sqlx::query_scalar!(
        r#"WITH open AS (
             SELECT id FROM turns WHERE id = $1 AND state = 'open' AND held IS NULL FOR NO KEY UPDATE
           ), gate AS (
             UPDATE users SET held = held + $3
             WHERE id = $2 AND banned_at IS NULL AND last_operation IS NOT NULL AND ($4 OR balance - held > 0)
               AND EXISTS (SELECT 1 FROM open)
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

/// Returns whether a turn has a hold, or why not. A separate statement, because it must see the changes that
/// the one before it waited for.
async fn gate(db: &Db, turn: TurnId, user: UserId) -> Result<Gate, DbError> {
    let row = sqlx::query!(
        r#"SELECT turns.state = 'open' AND turns.held IS NOT NULL AS "held!", users.held > (
                    SELECT coalesce(sum(credit), 0) FROM payments WHERE user_id = $2 AND state = 'refunding') AS "others!",
                  balance > 0 AS "solvent!", balance - users.held > 0 AS "free!", banned_at IS NOT NULL AS "banned!",
                  last_operation IS NULL AS "unopened!"
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
        (false, false) if row.unopened => Gate::Unopened,
        // Something was released since the hold was requested, so the next try may succeed.
        (false, false) if row.free || (row.others && row.solvent) => Gate::Reserved,
        (false, false) => Gate::Short,
    })
}

/// Returns whether the gate would admit a turn of this user now or after other turns. Reserves nothing. A
/// user who is unknown or older than the ledger counts as admitted, because the starter grant would apply.
pub async fn may_spend(db: &Db, user: UserId, free: bool) -> Result<bool, DbError> {
    let may = sqlx::query_scalar!(
        r#"SELECT banned_at IS NULL AND ($2 OR last_operation IS NULL OR balance - held > 0 OR (balance > 0 AND held > (
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

/// The result of enlarging a hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClaimResult {
    /// Whether the hold has the requested size now.
    pub granted: bool,
    /// What was spendable before, after the holds of others and `used`.
    pub left: Usd,
}

/// Raises the open hold of a turn to at least `used + more`, provided that at least `least` is spendable
/// after all other holds and the `used` part of this one, or that the user is `free` to overdraw. For a sponsor,
/// what is left of the day in the group counts as well. Concurrent claims of a user are serialised. Returns
/// `None` if the turn has no open hold.
pub async fn claim(
    db: &Db,
    turn: TurnRef,
    amounts: (Usd, Usd, Usd),
    free: bool,
) -> Result<Option<ClaimResult>, DbError> {
    let Some(group) = turn.sponsored_in else {
        return enlarge(db.pool(), turn, amounts, None, free).await;
    };
    let mut tx = db.begin().await?;
    // The turn is locked before its payer, as everywhere.
    sqlx::query!("SELECT id FROM turns WHERE id = $1 FOR NO KEY UPDATE", turn.id.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::at("holds::claim"))?;
    lock(&mut tx, turn.user).await?;
    let sponsor =
        groups::settings(&mut *tx, group).await?.sponsor.filter(|sponsor| sponsor.user == turn.user);
    let left_today = match sponsor {
        Some(sponsor) => {
            let funds = groups::sponsor_funds(&mut tx, group, turn.user, turn.id).await?;
            sponsor.day_limit - funds.spent - funds.reserved
        }
        // Somebody else pays from now on.
        None => Usd::ZERO,
    };
    let claimed = enlarge(&mut *tx, turn, amounts, Some(left_today), free).await?;
    Db::commit(tx).await?;
    Ok(claimed)
}

async fn enlarge(
    database: impl sqlx::PgExecutor<'_>,
    turn: TurnRef,
    (used, more, least): (Usd, Usd, Usd),
    left_today: Option<Usd>,
    free: bool,
) -> Result<Option<ClaimResult>, DbError> {
    let row = sqlx::query!(
        r#"WITH own AS (
             SELECT held FROM turns WHERE id = $1 AND state = 'open' AND held IS NOT NULL FOR NO KEY UPDATE
           ), account AS (
             SELECT own.held, least(balance - users.held + own.held, $7) - $3 AS spare FROM users, own WHERE users.id = $2
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
        left_today.map(|left| left.0),
    )
    .fetch_optional(database)
    .await
    .map_err(DbError::at("holds::claim"))?;
    Ok(row.map(|row| ClaimResult { granted: row.granted, left: Usd(row.spare) }))
}

/// Locks the row of a user until the transaction ends, so that what is done for the user's money is done in
/// turn.
pub(crate) async fn lock(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    sqlx::query!("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", user.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("holds::lock"))?;
    Ok(())
}

/// Reserves the price of work beside turns (a transcription, the name of a topic) under the rule of a turn's
/// gate. Returns `false` if nothing is left to spend and the user is not `free` to overdraw, is banned, or is
/// unknown.
pub(crate) async fn take_beside_turns(
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
    .map_err(DbError::at("holds::take_beside_turns"))?;
    Ok(held.rows_affected() == 1)
}

/// Returns whether a user has nothing left to spend only because of reservations that end.
pub(crate) async fn is_reserved(tx: &mut Tx<'_>, user: UserId) -> Result<bool, DbError> {
    let reserved = sqlx::query_scalar!(
        r#"SELECT banned_at IS NULL AND balance > 0 AND held > 0 AS "reserved!" FROM users WHERE id = $1"#,
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("holds::is_reserved"))?;
    Ok(reserved.unwrap_or(false))
}

/// Releases what such work has reserved.
pub(crate) async fn release(tx: &mut Tx<'_>, user: UserId, amount: Usd) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET held = held - $2 WHERE id = $1", user.0, amount.0)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("holds::release"))?;
    Ok(())
}

/// Reserves the amount of a refund, before Telegram is asked for it. Returns `false` if less than that is
/// spendable.
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

/// Releases the hold of a pending refund. The caller changes the payment's state afterwards.
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
