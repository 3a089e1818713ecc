//! Repository of settings that administrators change in the chat. The newest row of a name applies; the
//! others are its history.

use super::{DbError, Tx};
use crate::domain::ids::UserId;
use crate::domain::stars::Margin;

/// The setting's name of the owner's margin.
const MARGIN: &str = "margin";

/// Returns the owner's margin; the default until an administrator sets one.
pub(crate) async fn margin(tx: &mut Tx<'_>) -> Result<Margin, DbError> {
    let row = sqlx::query!("SELECT id, value FROM settings WHERE name = $1 ORDER BY id DESC LIMIT 1", MARGIN)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("settings::margin"))?;
    let Some(row) = row else { return Ok(Margin::default()) };
    let what = "the margin is no share";
    Margin::read(&row.value).ok_or(DbError::Inconsistent { table: "settings", row: row.id, what })
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
