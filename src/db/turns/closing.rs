//! Closing a turn: answer, calls, charge, hold, tools and the messages that are owed to the chat, in one statement.

use serde_json::{Value, json};

use super::super::model_calls::{Entry, Payer};
use super::super::outbox::{self, Owed, Stood};
use super::super::{Db, DbError, model_calls};
use crate::domain::ids::{OutboxId, TurnId};
use crate::domain::money::Usd;
use crate::domain::record::ToolCall;
use crate::domain::turn::Outcome;
use chrono::{DateTime, Utc};

/// What closing a turn writes down.
#[derive(Clone, Copy, Debug)]
pub struct Closing<'a> {
    /// The turn.
    pub turn: TurnId,
    /// Its try, which the calls belong to.
    pub attempt: i32,
    /// Whether its hold was open before its work began; if not, one may be opening at this moment.
    pub held: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// What history keeps of the answer; none if nothing was said.
    pub answer: Option<Answer<'a>>,
    /// Whether later prompts are made without this turn.
    pub left_out: bool,
    /// Its calls, as far as the caller knows them.
    pub calls: &'a [Entry],
    /// Its tools.
    pub tools: &'a [ToolCall],
    /// Who pays.
    pub payer: Payer,
    /// What the user reads about the charge.
    pub subject: &'a str,
    /// What is owed to the chat.
    pub owed: &'a [Owed],
    /// Whether Telegram is asked to send the first of these as soon as they are written down.
    pub begun: bool,
}

/// An answer as history keeps it.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// All of it, as Markdown.
    pub text: &'a str,
    /// Whether it was cut short.
    pub interrupted: bool,
    /// When it was finished.
    pub at: DateTime<Utc>,
}

/// A turn that is closed now.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Closed {
    /// What its calls have cost that were not decided before.
    pub cost: Usd,
    /// The new version of the conversation's history, if it has changed.
    pub history_version: Option<i64>,
    /// What is to be sent.
    pub owed: Vec<(OutboxId, Owed)>,
    /// Whether all of that was written down by this statement. If not, some of it may have been sent before.
    pub fresh: bool,
}

/// Closes a turn; none if it was closed before, and then nothing is done.
///
/// A statement sees what was committed when it began. A hold that was taken before the turn's work began is there. If
/// there was none, the wish for one may still be under way, given up by who had it: then the turn is locked first, which
/// waits for that wish to end, and the statement begins after it.
pub async fn close(db: &Db, closing: &Closing<'_>) -> Result<Option<Closed>, DbError> {
    if closing.held {
        return write(db.pool(), closing).await;
    }
    let mut tx = db.begin().await?;
    sqlx::query!("SELECT id FROM turns WHERE id = $1 FOR NO KEY UPDATE", closing.turn.0)
        .fetch_optional(&mut *tx)
        .await
        .map_err(DbError::at("closing::close"))?;
    let closed = write(&mut *tx, closing).await?;
    Db::commit(tx).await?;
    Ok(closed)
}

async fn write(
    database: impl sqlx::PgExecutor<'_>,
    closing: &Closing<'_>,
) -> Result<Option<Closed>, DbError> {
    let Closing { turn, attempt, outcome, answer, left_out, payer, subject, owed, begun, .. } = *closing;
    let numbers: Vec<i32> = closing.calls.iter().map(|entry| entry.call.number).collect();
    let rows = sqlx::query_file!(
        "src/db/turns/close.sql",
        turn.0,
        outcome.state(),
        outcome.detail(),
        answer.map(|answer| answer.text),
        answer.is_some_and(|answer| answer.interrupted),
        answer.map(|answer| answer.at),
        left_out,
        attempt,
        closing.calls.iter().map(model_calls::row).collect::<Value>(),
        payer.name(),
        &numbers,
        subject,
        closing.tools.iter().map(tool_row).collect::<Value>(),
        outbox::rows(owed, begun),
    )
    .fetch_all(database)
    .await
    .map_err(DbError::at("closing::close"))?;
    let Some(first) = rows.first() else { return Ok(None) };
    let (cost, history_version) = (Usd(first.cost), first.version);
    let fresh = rows.iter().filter(|row| row.fresh == Some(true)).count() == owed.len();
    let written = rows.into_iter().filter_map(|row| {
        let (text, entities) = (row.text?, row.entities?);
        let stood = Stood { text, entities, keyboard: row.keyboard, invoice: row.invoice };
        Some((OutboxId(row.outbox?), stood.of(owed, &row.key?)?))
    });
    Ok(Some(Closed { cost, history_version, owed: written.collect(), fresh }))
}

fn tool_row(call: &ToolCall) -> Value {
    json!({
        "attempt": call.attempt,
        "call_id": call.call,
        "tool": call.tool,
        "failed": call.failed,
        "duration_ms": call.duration_ms,
        "cost": call.cost,
        "started_at": call.started_at,
    })
}
