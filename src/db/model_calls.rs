//! Repository of model calls: what each one used, for the books.

use super::{DbError, Tx};
use crate::domain::ids::TurnId;
use crate::domain::turn::ModelCall;

/// Records the calls of one attempt.
pub async fn record(tx: &mut Tx<'_>, turn: TurnId, attempt: i32, calls: &[ModelCall]) -> Result<(), DbError> {
    for (number, call) in (0_i32..).zip(calls) {
        let usage = &call.usage;
        sqlx::query!(
            "INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m,
                                      cache_write_1h, cache_read, output, thinking, web_searches, first_text_ms,
                                      duration_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
            turn.0,
            attempt,
            number,
            call.model.0,
            call.request_id,
            call.ended,
            count(usage.input),
            count(usage.cache_write_5m),
            count(usage.cache_write_1h),
            count(usage.cache_read),
            count(usage.output),
            count(usage.thinking),
            count(usage.web_searches),
            call.first_text_ms,
            call.duration_ms,
        )
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("model_calls::record"))?;
    }
    Ok(())
}

/// Token counts stay far below the column's limit; a nonsensical one is kept as large as fits.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
