//! Repository of bans: who was banned or let in again, when, by whom and why. `users.banned_at` is what the
//! gate reads.

use chrono::{DateTime, Utc};

use super::{DbError, Tx};
use crate::domain::ids::{UpdateId, UserId};

/// A ban, or the end of one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct BanChange {
    /// Why the user was banned; `None` if the ban was lifted.
    pub reason: Option<String>,
    /// The administrator.
    pub by: UserId,
    pub at: DateTime<Utc>,
}

/// Bans a user, or lifts the ban if there is no `reason`. Returns `false` if that changes nothing. The same
/// update again is the same change.
pub(crate) async fn set(
    tx: &mut Tx<'_>,
    update: UpdateId,
    user: UserId,
    reason: Option<&str>,
    by: UserId,
) -> Result<bool, DbError> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM bans WHERE update_id = $1) AS "known!""#,
        update.0
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("bans::set"))?;
    if known {
        return Ok(true);
    }
    let changed = sqlx::query!(
        "UPDATE users SET banned_at = CASE WHEN $2 THEN now() END WHERE id = $1 AND (banned_at IS NULL) = $2",
        user.0,
        reason.is_some(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("bans::set"))?;
    if changed.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!(
        "INSERT INTO bans (update_id, user_id, reason, changed_by) VALUES ($1, $2, $3, $4)",
        update.0,
        user.0,
        reason,
        by.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at_race("bans::set"))?;
    Ok(true)
}

/// Returns the newest changes of a user, newest first.
pub(crate) async fn latest(tx: &mut Tx<'_>, user: UserId, limit: i64) -> Result<Vec<BanChange>, DbError> {
    let rows = sqlx::query!(
        "SELECT reason, changed_by, changed_at FROM bans WHERE user_id = $1 ORDER BY id DESC LIMIT $2",
        user.0,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("bans::latest"))?;
    let change = rows.into_iter().map(|row| BanChange {
        reason: row.reason,
        by: UserId(row.changed_by),
        at: row.changed_at,
    });
    Ok(change.collect())
}
