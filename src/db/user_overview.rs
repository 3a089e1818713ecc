//! What administrators see of a user: the row, what was spent, and which answers failed.

use chrono::{DateTime, Utc};

use super::balance::Balance;
use super::{DbError, Tx};
use crate::domain::ids::UserId;
use crate::domain::model::ModelId;
use crate::domain::money::Usd;

/// A user as administrators see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct UserOverview {
    pub user: UserId,
    pub first_name: String,
    pub last_name: Option<String>,
    pub username: Option<String>,
    /// The language: the chosen one, else the tag of the user's app.
    pub language: Option<String>,
    /// The model that the user has chosen.
    pub model: Option<ModelId>,
    pub balance: Balance,
    pub first_seen: DateTime<Utc>,
    pub last_seen: DateTime<Utc>,
    /// Since when the user takes no messages.
    pub blocked_at: Option<DateTime<Utc>>,
    pub banned_at: Option<DateTime<Utc>>,
    /// Whether the user takes announcements.
    pub announcements: bool,
}

/// Returns a user, or `None` if the user is unknown.
pub(crate) async fn find(tx: &mut Tx<'_>, user: UserId) -> Result<Option<UserOverview>, DbError> {
    let row = sqlx::query!(
        "SELECT first_name, last_name, username,
                coalesce(language, language_code) AS language, model_id, balance, held, first_seen_at, last_seen_at,
                blocked_at, banned_at, announcements FROM users WHERE id = $1",
        user.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("user_overview::find"))?;
    Ok(row.map(|row| UserOverview {
        user,
        first_name: row.first_name,
        last_name: row.last_name,
        username: row.username,
        language: row.language,
        model: row.model_id.map(ModelId),
        balance: Balance { amount: Usd(row.balance), held: Usd(row.held) },
        first_seen: row.first_seen_at,
        last_seen: row.last_seen_at,
        blocked_at: row.blocked_at,
        banned_at: row.banned_at,
        announcements: row.announcements,
    }))
}

/// What a user has spent in the last day, 7 days and 30 days, without what was given back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Spending {
    pub day: Usd,
    pub week: Usd,
    pub month: Usd,
    /// The Stars that the user has paid in 30 days and not got back.
    pub stars: i64,
}

/// Returns what a user has spent until `now`.
pub(crate) async fn spending(tx: &mut Tx<'_>, user: UserId, now: DateTime<Utc>) -> Result<Spending, DbError> {
    let row = sqlx::query!(
        r#"SELECT coalesce(-sum(amount) FILTER (WHERE created_at > $2::timestamptz - interval '1 day'), 0) AS "day!",
                  coalesce(-sum(amount) FILTER (WHERE created_at > $2::timestamptz - interval '7 days'), 0) AS "week!",
                  coalesce(-sum(amount), 0) AS "month!",
                  (SELECT coalesce(sum(stars), 0) FROM payments
                   WHERE user_id = $1 AND state <> 'refunded' AND paid_at > $2::timestamptz - interval '30 days') AS "stars!"
           FROM balance_operations
           WHERE user_id = $1 AND kind NOT IN ('starter', 'opening', 'payment', 'refund', 'adjustment')
             AND created_at > $2::timestamptz - interval '30 days'"#,
        user.0,
        now,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("user_overview::spending"))?;
    Ok(Spending { day: Usd(row.day), week: Usd(row.week), month: Usd(row.month), stars: row.stars })
}

/// An answer that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct FailedTurn {
    /// The reason, by its name in the books.
    pub detail: String,
    pub at: DateTime<Utc>,
}

/// Returns the newest answers of a user that failed, newest first.
pub(crate) async fn failures(tx: &mut Tx<'_>, user: UserId, limit: i64) -> Result<Vec<FailedTurn>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT coalesce(detail, 'unknown') AS "detail!", closed_at AS "at!"
           FROM threads JOIN turns ON turns.thread_id = threads.id
           WHERE threads.user_id = $1 AND turns.state = 'failed' AND closed_at IS NOT NULL
           ORDER BY turns.id DESC LIMIT $2"#,
        user.0,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("user_overview::failures"))?;
    Ok(rows.into_iter().map(|row| FailedTurn { detail: row.detail, at: row.at }).collect())
}
