//! Repository of settings that administrators change in the chat. The newest row of a name applies; the
//! others are its history.

use chrono::{DateTime, Utc};

use super::{DbError, Tx};
use crate::domain::ids::UserId;
use crate::domain::stars::Margin;

/// The setting's name of the operator's margin.
const MARGIN: &str = "margin";

/// Returns the operator's margin; the default until an administrator sets one.
pub(crate) async fn margin(tx: &mut Tx<'_>) -> Result<Margin, DbError> {
    let row = sqlx::query!("SELECT id, value FROM settings WHERE name = $1 ORDER BY id DESC LIMIT 1", MARGIN)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("settings::margin"))?;
    let Some(row) = row else { return Ok(Margin::default()) };
    let what = "the margin is no share";
    Margin::read(&row.value).ok_or(DbError::Inconsistent { table: "settings", row: row.id, what })
}

/// A former or present value of the margin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarginChange {
    /// The share, as it was typed.
    pub margin: String,
    /// The administrator.
    pub by: UserId,
    pub at: DateTime<Utc>,
}

/// Returns the newest changes of the margin, newest first.
pub(crate) async fn margin_changes(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<MarginChange>, DbError> {
    let rows = sqlx::query!(
        "SELECT value, changed_by, changed_at FROM settings WHERE name = $1 ORDER BY id DESC LIMIT $2",
        MARGIN,
        limit,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("settings::margin_changes"))?;
    let change = rows.into_iter().map(|row| MarginChange {
        margin: row.value,
        by: UserId(row.changed_by),
        at: row.changed_at,
    });
    Ok(change.collect())
}

/// Sets the margin of all future invoices.
pub(crate) async fn set_margin(tx: &mut Tx<'_>, margin: Margin, by: UserId) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO settings (name, value, changed_by) VALUES ($1, $2, $3)",
        MARGIN,
        margin.share().to_string(),
        by.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("settings::set_margin"))?;
    Ok(())
}
