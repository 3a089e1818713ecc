//! Repository of model calls: what each one used and cost, and who pays for it. A call is written down when it has
//! reported its first usage, again when it has ended, and decided when its turn is settled.

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

/// A call as the books know it.
#[derive(Clone, PartialEq, Debug)]
pub struct PricedCall {
    /// What it used.
    pub call: ModelCall,
    /// What that cost.
    pub cost: Usd,
    /// The prices that the cost was computed with.
    pub prices: Value,
}

/// Who pays for calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Payer {
    /// The user.
    User,
    /// The owner of the bot: the fault was ours.
    Owner,
}

impl Payer {
    /// The column and label name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The same in a transaction.
pub(crate) async fn record(tx: &mut Tx<'_>, turn: TurnRef, entries: &[PricedCall]) -> Result<(), DbError> {
    if entries.is_empty() {
        return Ok(());
    }
    RecordCalls::execute(tx, vec![RecordCalls::of(turn, entries)?]).await.map(drop)
}

/// Calls that are to be written down, as the statement takes them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct RecordCalls {
    turn_id: i64,
    attempt: i32,
    calls: Box<RawValue>,
}

impl RecordCalls {
    pub(super) fn of(turn: TurnRef, entries: &[PricedCall]) -> Result<Self, DbError> {
        Ok(Self { turn_id: turn.id.0, attempt: turn.attempt, calls: rows(entries)? })
    }
}

impl BatchOp for RecordCalls {
    type Output = ();

    fn key(&self) -> i64 {
        self.turn_id
    }

    async fn execute(database: &mut PgConnection, notes: Vec<Self>) -> Result<Vec<()>, DbError> {
        sqlx::query!(
            "INSERT INTO model_calls (turn_id, attempt, call, model_id, request_id, ended, input, cache_write_5m,
                                      cache_write_1h, cache_read, output, thinking, web_searches, estimated,
                                      first_text_ms, duration_ms, cost, prices, payer)
             SELECT turns.id, note.attempt, call.*, CASE WHEN note.attempt < turns.attempt THEN 'owner' END
             FROM jsonb_to_recordset($1) AS note (turn_id bigint, attempt integer, calls jsonb)
               -- CASE as in close.sql: turns are to be found by their ids.
               JOIN turns ON turns.id = note.turn_id AND CASE WHEN turns.closed_at IS NULL THEN TRUE END,
               jsonb_to_recordset(note.calls) AS call (
                 call integer, model_id text, request_id text, ended text, input bigint, cache_write_5m bigint,
                 cache_write_1h bigint, cache_read bigint, output bigint, thinking bigint, web_searches bigint,
                 estimated boolean, first_text_ms bigint, duration_ms bigint, cost numeric, prices jsonb)
             ON CONFLICT (turn_id, attempt, call) DO UPDATE SET request_id = excluded.request_id,
               ended = excluded.ended, input = excluded.input, cache_write_5m = excluded.cache_write_5m,
               cache_write_1h = excluded.cache_write_1h, cache_read = excluded.cache_read, output = excluded.output,
               thinking = excluded.thinking, web_searches = excluded.web_searches, estimated = excluded.estimated,
               first_text_ms = excluded.first_text_ms, duration_ms = excluded.duration_ms, cost = excluded.cost,
               prices = excluded.prices
             WHERE model_calls.payer IS NULL",
            Json(&notes) as _,
        )
        .execute(database)
        .await
        .map_err(DbError::at("model_calls::note"))?;
        Ok(vec![(); notes.len()])
    }
}

/// A call as `jsonb_to_recordset` takes it.
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
    estimated: bool,
    first_text_ms: Option<i64>,
    duration_ms: i64,
    cost: Usd,
    prices: &'a Value,
}

/// Calls as a statement takes them.
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
        estimated: call.estimated,
        first_text_ms: call.first_text_ms,
        duration_ms: call.duration_ms,
        cost: *cost,
        prices,
    });
    group_commit::json("model_calls::rows", &rows.collect::<Vec<_>>())
}

/// Decides who pays for the calls of a turn that are not decided yet, but for these of an attempt; returns what they cost.
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

/// The owner pays for the calls of a closed turn that its user has paid for. What the user is told to have spent, where that
/// is counted already, becomes less by as much.
pub(crate) async fn take_over(tx: &mut Tx<'_>, turn: TurnId) -> Result<(), DbError> {
    sqlx::query!(
        "WITH taken AS (
           UPDATE model_calls SET payer = 'owner' WHERE turn_id = $1 AND payer = 'user' RETURNING cost
         )
         UPDATE user_statistics SET cost = user_statistics.cost - (SELECT coalesce(sum(cost), 0) FROM taken)
         FROM turns JOIN threads ON threads.id = thread_id
         WHERE turns.id = $1 AND counted AND user_statistics.user_id = threads.user_id
           AND day = (closed_at AT TIME ZONE 'UTC')::date",
        turn.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("model_calls::take_over"))?;
    Ok(())
}

/// Token counts stay far below the column's limit; a nonsensical one is kept as large as fits.
fn count(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
