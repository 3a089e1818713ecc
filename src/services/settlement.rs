//! Settlement of a turn: answer, usage and cost of every call, charge, hold, state of the turn and the
//! messages for the outbox commit together, once. The messages are sent after the commit, so that neither a
//! crash nor a flood wait can separate what was said from what is remembered and paid.

use super::books::Books;
use super::recovery::Company;
use crate::db::model_calls::Payer;
use crate::db::outbox::{self, OutboxMessage, Owed};
use crate::db::turns::LeftOpen;
use crate::db::turns::closing::{self, ClosedTurn, StoredAnswer, TurnClosing};
use crate::db::{Db, DbError, call_notes, model_calls, turns};
use crate::domain::ids::OutboxId;
use crate::domain::money::Usd;
use crate::domain::turn::{HeldTurn, ModelCall, Outcome, TurnFailure, TurnRef, TurnReport};
use crate::lifecycle::kill_point;

/// The result of settling a turn.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// The turn is closed now.
    Closed(ClosedTurn),
    /// The turn was closed before, perhaps by this very call, whose response was lost; contains the messages
    /// still to send.
    AlreadyClosed(Vec<(OutboxId, OutboxMessage)>),
}

/// How a turn ends: what is stored of it, and what is owed to its chat.
#[derive(Clone, Copy, Debug)]
pub struct Ending<'a> {
    /// What the model's side reports.
    pub report: &'a TurnReport,
    /// Whether the report contains all calls. After a crash only the books know them.
    pub calls_complete: bool,
    /// The text of the charge for the user.
    pub subject: &'a str,
    /// The messages that show the rest of the answer.
    pub messages: &'a [OutboxMessage],
    /// Whether the first of them is sent immediately after they are stored.
    pub begun: bool,
}

/// Closes a turn.
pub async fn settle(books: &Books, turn: TurnRef, ending: Ending<'_>) -> Result<Settled, DbError> {
    let Ending { report, calls_complete, subject, messages, begun } = ending;
    let answer = report.answer();
    let at = books.clock.now();
    let closing = TurnClosing {
        turn,
        calls_complete,
        outcome: report.outcome,
        answer: answer.as_ref().map(|said| StoredAnswer {
            text: &said.text,
            interrupted: said.interrupted,
            tool_rounds: &said.tool_rounds,
            at,
        }),
        left_out: report.is_left_out(),
        calls: &books.entries(&report.calls),
        tools: &report.tools,
        payer: payer(report.outcome),
        subject,
        messages,
        begun,
    };
    kill_point!("settle: before the commit");
    let Some(closed) = closing::close(&books.db, &closing).await? else {
        // If another instance has taken the turn over, nobody else knows of these calls.
        call_notes::note(&books.db, turn, closing.calls).await?;
        return outbox::pending(&books.db, Owed::Turn(turn.id), 0.0, OutboxId(0))
            .await
            .map(Settled::AlreadyClosed);
    };
    kill_point!("settle: after the commit");
    Ok(Settled::Closed(closed))
}

/// Returns what a turn that ends like this costs its user, US dollars. If the report does not have all calls,
/// the books are asked for the others.
pub(crate) async fn charge(
    books: &Books,
    turn: TurnRef,
    report: &TurnReport,
    calls_complete: bool,
) -> Result<Usd, DbError> {
    if payer(report.outcome) == Payer::Owner {
        return Ok(Usd::ZERO);
    }
    let entries = books.entries(&report.calls);
    let reported: Usd = entries.iter().map(|entry| entry.cost).sum();
    if calls_complete {
        return Ok(reported);
    }
    let numbers: Vec<i32> = report.calls.iter().map(|call| call.number).collect();
    Ok(reported + model_calls::undecided(books.db.pool(), turn.id, (turn.attempt, &numbers)).await?)
}

/// Returns the payer of a turn. The operator pays for our faults and for an answer without visible text, of
/// which nobody got anything. Everything else is paid by the user, as far as the model was really used.
fn payer(outcome: Outcome) -> Payer {
    match outcome {
        Outcome::Failed(TurnFailure::Internal | TurnFailure::Empty) => Payer::Owner,
        _ => Payer::User,
    }
}

/// Postpones a turn that has shown nothing: the next start answers it. Returns the cost of its calls so far, which the
/// operator bears; zero if another instance has the turn by now.
pub(crate) async fn postpone(books: &Books, turn: TurnRef, calls: &[ModelCall]) -> Result<Usd, DbError> {
    let mut tx = books.db.begin().await?;
    let is_ours = turns::postpone(&mut tx, turn).await?;
    model_calls::record(&mut tx, turn, &books.entries(calls)).await?;
    if !is_ours {
        // Whoever has the turn decides who pays.
        Db::commit(tx).await?;
        return Ok(Usd::ZERO);
    }
    let lost = model_calls::decide(&mut tx, turn.id, Payer::Owner, (turn.attempt, &[])).await?;
    Db::commit(tx).await?;
    Ok(lost)
}

/// Starts a new attempt of an open turn after the last one was lost, and returns its number. Returns `None` if
/// the turn was closed meanwhile, or another instance has it. The cost of the lost attempt is the operator's loss:
/// the user pays for one.
pub async fn restart(db: &Db, left: &LeftOpen, company: Company) -> Result<Option<Restarted>, DbError> {
    let epoch = db.epoch_of(left.key.chat)?;
    let mut tx = db.begin().await?;
    let alone = company == Company::Nobody;
    let restarted = turns::restart(&mut tx, left, alone, (db.instance(), epoch)).await?;
    let Some(attempt) = restarted else { return Ok(None) };
    let lost = model_calls::decide(&mut tx, left.turn, Payer::Owner, (attempt, &[])).await?;
    Db::commit(tx).await?;
    kill_point!("restart: after the commit");
    Ok(Some(Restarted { attempt, epoch, lost }))
}

/// A new attempt of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restarted {
    /// The number of the new attempt.
    pub attempt: i32,
    /// The epoch under which this instance answers it.
    pub epoch: i64,
    /// The cost of the lost attempt, borne by the operator.
    pub lost: Usd,
}

/// Enqueues finished parts of an answer in progress. If one of them replaces the live message, the turn no
/// longer has one. If another instance has taken the turn over, the result is that of a shutdown.
pub(crate) async fn enqueue(
    db: &Db,
    turn: HeldTurn,
    parts: &[OutboxMessage],
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    turns::keep_ours(&mut tx, turn).await?;
    if parts.iter().any(|part| part.replaces.is_some()) {
        turns::show_in(&mut *tx, turn, None).await?;
    }
    let owed = outbox::enqueue(&mut tx, parts).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
