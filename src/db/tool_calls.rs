//! Repository of tool calls.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::DbError;
use crate::domain::record::ToolCallRecord;

/// Stores tool calls. Closing a turn stores all of its calls again, because the write-behind may have lost
/// some.
pub(super) async fn write(
    database: impl sqlx::PgExecutor<'_>,
    calls: &[ToolCallRecord],
) -> Result<(), DbError> {
    let turns: Vec<i64> = calls.iter().map(|call| call.turn.0).collect();
    let attempts: Vec<i32> = calls.iter().map(|call| call.attempt).collect();
    let ids: Vec<String> = calls.iter().map(|call| call.call.clone()).collect();
    let tools: Vec<String> = calls.iter().map(|call| call.tool.clone()).collect();
    let failed: Vec<bool> = calls.iter().map(|call| call.failed).collect();
    let durations: Vec<i64> = calls.iter().map(|call| call.duration_ms).collect();
    let costs: Vec<Decimal> = calls.iter().map(|call| call.cost.0).collect();
    let times: Vec<DateTime<Utc>> = calls.iter().map(|call| call.started_at).collect();
    sqlx::query!(
        "INSERT INTO tool_calls (turn_id, attempt, call_id, tool, failed, duration_ms, cost, started_at)
         SELECT * FROM UNNEST($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::boolean[], $6::bigint[],
                              $7::numeric[], $8::timestamptz[]) AS new (turn_id, attempt, call_id)
         ORDER BY turn_id, attempt, call_id
         ON CONFLICT (turn_id, attempt, call_id) DO NOTHING",
        &turns,
        &attempts,
        &ids,
        &tools,
        &failed,
        &durations,
        &costs,
        &times,
    )
    .execute(database)
    .await
    .map_err(DbError::at("tool_calls::write"))?;
    Ok(())
}
