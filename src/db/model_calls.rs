//! Repository of model calls: the usage and cost of each, and who pays for it. A call is recorded when it
//! reports its first usage and again when it ends. Its payer is decided when its turn is settled.

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::group_commit::{self, BatchOp};
use super::{DbError, Tx};
use crate::domain::ids::TurnId;
use crate::domain::model::ModelId;
use crate::domain::money::Usd;
use crate::domain::turn::{ModelCall, TurnRef};

/// A model call with its cost.
#[derive(Clone, PartialEq, Debug)]
pub struct PricedCall {
    /// The call and its usage.
    pub call: ModelCall,
    /// The cost of that usage.
    pub cost: Usd,
    /// The prices used, as JSON.
    pub prices: Value,
}

/// Who pays for model calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Payer {
    /// The user who asked.
    User,
    /// The operator of the bot, after a fault of the service.
    Owner,
}

impl Payer {
    /// Returns the name used in the column and in metric labels.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Records calls of an attempt in a transaction.
pub(crate) async fn record(tx: &mut Tx<'_>, turn: TurnRef, entries: &[PricedCall]) -> Result<(), DbError> {
    if entries.is_empty() {
        return Ok(());
    }
    let calls = RecordCalls::of(turn, entries)?;
    RecordCalls::execute(tx, vec![calls]).await.map(drop)
}

/// Calls of an attempt, as an operation of the shared statement.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RecordCalls {
    turn_id: i64,
    attempt: i32,
    epoch: i64,
    calls: Box<RawValue>,
}

impl RecordCalls {
    pub(super) fn of(turn: TurnRef, entries: &[PricedCall]) -> Result<Self, DbError> {
        Ok(Self { turn_id: turn.id.0, attempt: turn.attempt, epoch: turn.epoch, calls: rows(entries)? })
    }
}

impl BatchOp for RecordCalls {
    type Output = ();

    fn key(&self) -> i64 {
        self.turn_id
    }

    async fn execute(database: &mut PgConnection, notes: Vec<Self>) -> Result<Vec<()>, DbError> {
        sqlx::query_file!("src/db/model_calls_record.sql", Json(&notes) as _)
            .execute(database)
            .await
            .map_err(DbError::at("model_calls::record"))?;
        Ok(vec![(); notes.len()])
    }
}

/// A row of `model_calls`, without the columns that are the same for all calls of an attempt. The statements
/// insert whole rows from its JSON, and their `ON CONFLICT` clauses replace the columns listed here. A new
/// column must accept NULL, because an older instance running beside this one inserts no value.
#[derive(Debug, Serialize)]
struct ModelCallRow<'a> {
    call: i32,
    model_id: &'a ModelId,
    request_id: Option<&'a str>,
    ended: &'a str,
    input: i64,
    cache_write_5m: i64,
    cache_write_1h: i64,
    cache_read: i64,
    output: i64,
    thinking: i64,
    web_searches: i64,
    image_output: i64,
    seconds: Decimal,
    estimated: bool,
    first_text_ms: Option<i64>,
    duration_ms: i64,
    cost: Usd,
    prices: &'a Value,
}

/// Returns calls as the JSON parameter of a statement.
pub(super) fn rows(entries: &[PricedCall]) -> Result<Box<RawValue>, DbError> {
    let rows = entries.iter().map(|PricedCall { call, cost, prices }| ModelCallRow {
        call: call.number,
        model_id: &call.model,
        request_id: call.request_id.as_deref(),
        ended: &call.ended,
        input: count(call.usage.input),
        cache_write_5m: count(call.usage.cache_write_5m),
        cache_write_1h: count(call.usage.cache_write_1h),
        cache_read: count(call.usage.cache_read),
        output: count(call.usage.output),
        thinking: count(call.usage.thinking),
        web_searches: count(call.usage.web_searches),
        image_output: count(call.usage.image_output),
        seconds: call.usage.seconds,
        estimated: call.estimated,
        first_text_ms: call.first_text_ms,
        duration_ms: call.duration_ms,
        cost: *cost,
        prices,
    });
    group_commit::json("model_calls::rows", &rows.collect::<Vec<_>>())
}

/// Assigns `payer` to all calls of a turn without one, except calls numbered `except` in `attempt`. Returns the
/// total cost of the calls assigned.
pub(crate) async fn decide(
    tx: &mut Tx<'_>,
    turn: TurnId,
    payer: Payer,
    (attempt, except): (i32, &[i32]),
) -> Result<Usd, DbError> {
    sqlx::query_scalar!(
        r#"WITH decided AS (
             UPDATE model_calls SET payer = $2
             WHERE turn_id = $1 AND payer IS NULL AND NOT (attempt = $3 AND call = ANY($4)) RETURNING cost
           )
           SELECT coalesce(sum(cost), 0) AS "cost!" FROM decided"#,
        turn.0,
        payer.name(),
        attempt,
        except,
    )
    .fetch_one(&mut **tx)
    .await
    .map(Usd)
    .map_err(DbError::at("model_calls::decide"))
}

/// Returns the total cost of the calls of a turn without a payer, except calls numbered `except` in `attempt`.
pub(crate) async fn undecided(
    database: impl sqlx::PgExecutor<'_>,
    turn: TurnId,
    (attempt, except): (i32, &[i32]),
) -> Result<Usd, DbError> {
    sqlx::query_scalar!(
        r#"SELECT coalesce(sum(cost), 0) AS "cost!" FROM model_calls
           WHERE turn_id = $1 AND payer IS NULL AND NOT (attempt = $2 AND call = ANY($3))"#,
        turn.0,
        attempt,
        except,
    )
    .fetch_one(database)
    .await
    .map(Usd)
    .map_err(DbError::at("model_calls::undecided"))
}

/// Makes the operator pay for calls of a closed turn that its user paid for. Statistics that already include the
/// turn are corrected.
pub(crate) async fn charge_owner(tx: &mut Tx<'_>, turn: TurnId) -> Result<(), DbError> {
    sqlx::query!(
        "WITH taken AS (
           UPDATE model_calls SET payer = 'owner' WHERE turn_id = $1 AND payer = 'user' RETURNING cost
         )
         UPDATE user_statistics SET cost = user_statistics.cost - (SELECT coalesce(sum(cost), 0) FROM taken)
         FROM turns JOIN threads ON threads.id = thread_id
         WHERE turns.id = $1 AND counted AND user_statistics.user_id = coalesce(payer_id, asker_id, threads.user_id)
           AND day = (closed_at AT TIME ZONE 'UTC')::date",
        turn.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("model_calls::charge_owner"))?;
    Ok(())
}

/// Records a call that was made for a closed turn after its end, as attempt 0. Statistics that already
/// include the turn are corrected. Changes nothing if the call is recorded.
pub(crate) async fn record_afterwards(
    tx: &mut Tx<'_>,
    turn: TurnId,
    entry: &PricedCall,
    payer: Payer,
) -> Result<(), DbError> {
    // The lock keeps the turn from being counted meanwhile.
    sqlx::query!("SELECT id FROM turns WHERE id = $1 FOR NO KEY UPDATE", turn.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("model_calls::record_afterwards"))?;
    sqlx::query!(
        "WITH call AS (
           INSERT INTO model_calls
           SELECT call.* FROM jsonb_populate_recordset(jsonb_populate_record(NULL::model_calls, jsonb_build_object(
             'turn_id', $1::bigint, 'attempt', 0, 'payer', $3::text, 'created_at', now())), $2) AS call
           ON CONFLICT (turn_id, attempt, call) DO NOTHING
           RETURNING input, cache_write_5m + cache_write_1h AS cache_write, cache_read, output,
                     CASE payer WHEN 'user' THEN cost ELSE 0 END AS cost
         )
         UPDATE user_statistics AS stats SET input = stats.input + call.input,
           cache_write = stats.cache_write + call.cache_write, cache_read = stats.cache_read + call.cache_read,
           output = stats.output + call.output, cost = stats.cost + call.cost
         FROM call, turns JOIN threads ON threads.id = thread_id
         WHERE turns.id = $1 AND counted AND stats.user_id = coalesce(payer_id, asker_id, threads.user_id)
           AND day = (closed_at AT TIME ZONE 'UTC')::date",
        turn.0,
        Json(rows(std::slice::from_ref(entry))?) as _,
        payer.name(),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("model_calls::record_afterwards"))?;
    Ok(())
}

/// Converts a token count. Real counts are far below the limit of the column; an absurd one is capped.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
