//! The statement that closes turns: answer, calls, charge, hold, tools and owed messages.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};

use super::super::DbError;
use super::super::group_commit::{self, BatchOp};
use super::super::model_calls::{self, Payer, PricedCall};
use super::super::outbox_rows::{self, NewRow, OutboxMessage};
use super::super::tool_calls;
use crate::domain::ids::{OutboxId, TurnId};
use crate::domain::money::Usd;
use crate::domain::record::ToolCallRecord;
use crate::domain::tool_round::ToolRound;
use crate::domain::turn::{Outcome, TurnRef};

/// What is stored when a turn is closed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TurnClosing<'a> {
    /// The turn; its attempt owns the calls.
    pub turn: TurnRef,
    /// Whether `calls` is complete.
    pub calls_complete: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer in the history; `None` if nothing was shown.
    pub answer: Option<StoredAnswer<'a>>,
    /// Whether later prompts omit this turn.
    pub left_out: bool,
    /// Its model calls, as far as the caller knows them.
    pub calls: &'a [PricedCall],
    /// Its tool calls.
    pub tools: &'a [ToolCallRecord],
    /// Who pays for calls without a payer.
    pub payer: Payer,
    /// The subject of the charge in the user's list of operations.
    pub subject: &'a str,
    /// Messages owed to the chat, in order.
    pub messages: &'a [OutboxMessage],
    /// Whether Telegram is asked to send the first message right after the statement.
    pub begun: bool,
}

/// An answer as the history keeps it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredAnswer<'a> {
    /// The whole answer in Markdown.
    pub text: &'a str,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// The tool calls of the answer.
    pub tool_rounds: &'a [ToolRound],
    /// Time of its end.
    pub at: DateTime<Utc>,
}

/// The result of closing a turn.
#[derive(Clone, PartialEq, Debug)]
pub struct ClosedTurn {
    /// The cost of the calls that had no payer before.
    pub cost: Usd,
    /// Who bears that cost.
    pub payer: Payer,
    /// The new version of the conversation's history, if it has changed.
    pub history_version: Option<i64>,
    /// The messages to send.
    pub owed: Vec<(OutboxId, OutboxMessage)>,
    /// Whether this statement stored all of them. If not, some may have been sent before.
    pub fresh: bool,
}

/// A turn to close, as an operation of the shared statement.
#[derive(Debug)]
pub(in crate::db) struct CloseTurn {
    turn: TurnRef,
    tools: Vec<ToolCallRecord>,
    /// The row of the statement's parameter.
    row: Box<RawValue>,
}

/// A row of the statement's parameter: a turn to close.
#[derive(Debug, Serialize)]
struct CloseTurnRow<'a> {
    turn_id: TurnId,
    state: &'static str,
    detail: &'static str,
    answer: Option<&'a str>,
    interrupted: bool,
    answered_at: Option<DateTime<Utc>>,
    tool_rounds: Option<&'a [ToolRound]>,
    left_out: bool,
    attempt: i32,
    epoch: i64,
    payer: &'static str,
    subject: &'a str,
    calls: Box<RawValue>,
    /// Cost of calls that are not in `calls` and were assigned a payer. `None` if that was not checked.
    decided: Option<Usd>,
    owed: Vec<NewRow<'a>>,
}

impl CloseTurn {
    pub(super) fn of(closing: &TurnClosing<'_>, decided: Option<Usd>) -> Result<Self, DbError> {
        let TurnClosing { turn, outcome, answer, left_out, payer, subject, messages, begun, .. } = *closing;
        let row = CloseTurnRow {
            turn_id: turn.id,
            state: outcome.state(),
            detail: outcome.detail(),
            answer: answer.map(|answer| answer.text),
            interrupted: answer.is_some_and(|answer| answer.interrupted),
            answered_at: answer.map(|answer| answer.at),
            tool_rounds: answer.map(|answer| answer.tool_rounds).filter(|rounds| !rounds.is_empty()),
            left_out,
            attempt: turn.attempt,
            epoch: turn.epoch,
            payer: payer.name(),
            subject,
            calls: model_calls::rows(closing.calls)?,
            decided,
            owed: outbox_rows::rows(messages, begun),
        };
        let row = group_commit::json("closing::close", &row)?;
        Ok(Self { turn, tools: closing.tools.to_vec(), row })
    }
}

impl BatchOp for CloseTurn {
    type Output = Option<CloseTurnOutput>;

    fn key(&self) -> i64 {
        self.turn.user.0
    }

    async fn execute(
        database: &mut PgConnection,
        rows: Vec<Self>,
    ) -> Result<Vec<Option<CloseTurnOutput>>, DbError> {
        let tools: Vec<ToolCallRecord> = rows.iter().flat_map(|row| &row.tools).cloned().collect();
        if tools.is_empty() {
            return write(database, &rows).await;
        }
        // Few turns use tools; the others save a transaction.
        let mut tx = database.begin().await.map_err(DbError::at("closing::close"))?;
        tool_calls::write(&mut *tx, &tools).await?;
        let written = write(&mut tx, &rows).await?;
        tx.commit().await.map_err(DbError::at("closing::close"))?;
        Ok(written)
    }
}

async fn write(
    database: &mut PgConnection,
    rows: &[CloseTurn],
) -> Result<Vec<Option<CloseTurnOutput>>, DbError> {
    let turns: Vec<i64> = rows.iter().map(|row| row.turn.id.0).collect();
    let json_rows: Vec<&RawValue> = rows.iter().map(|row| &*row.row).collect();
    let rows = sqlx::query_file!("src/db/turns/close.sql", Json(json_rows) as _)
        .fetch_all(database)
        .await
        .map_err(DbError::at("closing::close"))?;
    let mut written = BTreeMap::<i64, CloseTurnOutput>::new();
    for row in rows {
        let turn = written.entry(row.turn).or_default();
        turn.cost = Usd(row.cost);
        turn.history_version = row.version;
        let (Some(id), Some(key)) = (row.outbox, row.key) else { continue };
        turn.owed.push((OutboxId(id), key, row.stored.map(|stored| stored.0)));
    }
    Ok(turns.iter().map(|turn| written.remove(turn)).collect())
}

/// The statement's result for one turn.
#[derive(Debug, Default)]
pub(in crate::db) struct CloseTurnOutput {
    cost: Usd,
    history_version: Option<i64>,
    /// The owed messages, each with its stored version if it was stored before.
    owed: Vec<(OutboxId, String, Option<OutboxMessage>)>,
}

impl CloseTurnOutput {
    pub(super) fn of(self, closing: &TurnClosing<'_>) -> ClosedTurn {
        let Self { cost, history_version, owed } = self;
        let fresh = owed.iter().filter(|(_, _, stood)| stood.is_none()).count() == closing.messages.len();
        let owed = owed.into_iter().filter_map(|(id, key, stood)| {
            let wanted = || closing.messages.iter().find(|owed| owed.key == key).cloned();
            Some((id, stood.or_else(wanted)?))
        });
        ClosedTurn { cost, payer: closing.payer, history_version, owed: owed.collect(), fresh }
    }
}
