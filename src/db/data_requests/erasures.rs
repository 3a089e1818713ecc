//! Erasures before they are carried out: offered, then confirmed or taken back by a button.

use chrono::{DateTime, Utc};

use super::super::{DbError, Tx};
use crate::domain::ids::{ChatId, DataRequestId, UserId};

/// How far an erasure is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum ErasureState {
    /// It awaits confirmation.
    Offered,
    /// The person has taken it back.
    Cancelled,
    /// It is being carried out.
    Waiting,
    /// It is finished.
    Done,
    /// It was given up.
    Failed,
}

/// An erasure as a button names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct OfferedErasure {
    /// The only person who may confirm it, and in which chat.
    pub user: UserId,
    pub chat: ChatId,
    pub state: ErasureState,
    pub expires_at: DateTime<Utc>,
}

/// Returns an erasure, locked until the transaction ends.
pub(crate) async fn lock_erasure(
    tx: &mut Tx<'_>,
    id: DataRequestId,
) -> Result<Option<OfferedErasure>, DbError> {
    let row = sqlx::query!(
        r#"SELECT user_id, chat_id, state, expires_at AS "expires_at!" FROM data_requests
           WHERE id = $1 AND kind = 'erasure' FOR UPDATE"#,
        id.0,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("data_requests::lock_erasure"))?;
    let Some(row) = row else { return Ok(None) };
    let unknown = DbError::Inconsistent { table: "data_requests", row: id.0, what: "the state is unknown" };
    Ok(Some(OfferedErasure {
        user: UserId(row.user_id),
        chat: ChatId(row.chat_id),
        state: row.state.parse().map_err(|_| unknown)?,
        expires_at: row.expires_at,
    }))
}

/// Confirms an offered erasure, or takes it back.
pub(crate) async fn decide(tx: &mut Tx<'_>, id: DataRequestId, confirmed: bool) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE data_requests SET state = CASE WHEN $2 THEN 'waiting' ELSE 'cancelled' END, due_at = now(),
           finished_at = CASE WHEN NOT $2 THEN now() END
         WHERE id = $1 AND state = 'offered'",
        id.0,
        confirmed,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("data_requests::decide"))?;
    Ok(())
}
