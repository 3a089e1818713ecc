//! Repository of what people have chosen: columns of `users`.

use rust_decimal::Decimal;

use super::{DbError, Tx};
use crate::domain::ids::UserId;
use crate::domain::model::{Effort, ModelId};
use crate::domain::money::Usd;
use crate::domain::preferences::{Personality, Preferences};

/// Reads the columns: model, effort and limit; whether cost and thinking are shown and announcements are
/// taken; personality.
pub(super) fn read(
    (model, effort, turn_limit): (Option<String>, Option<String>, Option<Decimal>),
    (shows_cost, shows_thinking, announcements): (bool, bool, bool),
    personality: Option<String>,
) -> Preferences {
    Preferences {
        model: model.map(ModelId),
        effort: effort.and_then(|name| name.parse().ok()),
        turn_limit: turn_limit.map(Usd),
        shows_cost,
        shows_thinking,
        announcements,
        personality: personality.map(Personality),
    }
}

/// Stores what a user has chosen. Returns the new version of the user's row.
pub(crate) async fn store(tx: &mut Tx<'_>, user: UserId, preferences: &Preferences) -> Result<i64, DbError> {
    let Preferences { model, effort, turn_limit, shows_cost, shows_thinking, announcements, personality } =
        preferences;
    sqlx::query_scalar!(
        "UPDATE users SET model_id = $2, effort = $3, turn_limit = $4, shows_cost = $5, shows_thinking = $6,
           personality = $7, announcements = $8
         WHERE id = $1 RETURNING version",
        user.0,
        model.as_ref().map(|model| model.0.as_str()),
        effort.map(Effort::name),
        turn_limit.map(|limit| limit.0),
        shows_cost,
        shows_thinking,
        personality.as_ref().map(|personality| personality.0.as_str()),
        announcements,
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("preferences::store"))
}

/// Removes the choice of a model if it is still this one. Returns the new version of the row, or `None` if it was not.
pub(crate) async fn forget_model(
    tx: &mut Tx<'_>,
    user: UserId,
    model: &ModelId,
) -> Result<Option<i64>, DbError> {
    sqlx::query_scalar!(
        "UPDATE users SET model_id = NULL WHERE id = $1 AND model_id = $2 RETURNING version",
        user.0,
        model.0
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("preferences::forget_model"))
}
