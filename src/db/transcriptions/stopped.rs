//! Requests for transcripts that were stopped, each with a row that proves its charge.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::db::{DbError, Tx};
use crate::domain::ids::ThreadKey;
use crate::domain::money::Usd;
use crate::domain::speech::TranscriptionId;
use crate::domain::turn::TurnPayer;

/// A request to the service that was stopped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoppedRequest<'a> {
    /// The key of its row, by [`TranscriptionId::stopped_key`].
    pub row: &'a str,
    /// The lease of the worker.
    pub lease: i64,
    /// Where it was asked for.
    pub key: ThreadKey,
    /// Who pays.
    pub payer: TurnPayer,
    /// Telegram's id of the content.
    pub unique_id: &'a str,
    /// The duration that is paid, in seconds: an estimate.
    pub seconds: Decimal,
    /// The same in full seconds.
    pub duration: u32,
    /// The prices used.
    pub prices: &'a Value,
    /// What it costs the user.
    pub cost: Usd,
}

/// Stores a request that was stopped. Returns `false` if it is stored already. The row of the recording or file
/// must be locked.
pub(crate) async fn stop(tx: &mut Tx<'_>, stopped: StoppedRequest<'_>) -> Result<bool, DbError> {
    let StoppedRequest { row, lease, key, payer, unique_id, seconds, duration, prices, cost } = stopped;
    let stored = sqlx::query!(
        "INSERT INTO transcriptions (key, user_id, topic_id, unique_id, duration, state, held, lease, leased_until, seconds,
           prices, cost, estimated, settled_at, sponsored_in)
         VALUES ($1, $2, $3, $4, $5, 'done', 0, $6, now(), $7, $8, $9, TRUE, now(), $10)
         ON CONFLICT (key) DO NOTHING",
        row,
        payer.user.0,
        key.topic.map(|topic| topic.0),
        unique_id,
        i32::try_from(duration).unwrap_or(i32::MAX),
        lease,
        seconds,
        prices,
        cost.0,
        payer.sponsored_in.map(|group| group.0),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::stop"))?;
    Ok(stored.rows_affected() == 1)
}

/// Takes from the operator's losses what was recorded there for a request whose worker seemed to have
/// vanished, because its user pays it after all.
pub(crate) async fn forgive(tx: &mut Tx<'_>, id: TranscriptionId, amount: Usd) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE transcriptions SET lost = greatest(lost - $2, 0) WHERE key = $1",
        id.to_string(),
        amount.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::forgive"))?;
    Ok(())
}
