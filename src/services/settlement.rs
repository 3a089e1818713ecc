//! Settlement of a turn: answer, usage and cost of every call, charge, hold, state of the turn and the
//! messages for the outbox commit together, once. The messages are sent after the commit, so that neither a
//! crash nor a flood wait can separate what was said from what is remembered and paid.

use super::books::Books;
use super::recovery::Company;
use crate::db::model_calls::Payer;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::turns::closing::{self, ClosedTurn, StoredAnswer, TurnClosing};
use crate::db::{Db, DbError, model_calls, turns};
use crate::domain::ids::{OutboxId, TurnId, UserId};
use crate::domain::money::Usd;
use crate::domain::turn::{ModelCall, Outcome, TurnFailure, TurnReport};
use crate::lifecycle::kill_point;

/// The result of settling a turn.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// The turn is closed; these messages are to be sent.
    Closed {
        /// The messages owed to the chat.
        owed: Vec<(OutboxId, OutboxMessage)>,
        /// Whether all of them are new. If not, some may have been sent before.
        fresh: bool,
        /// The cost of the model calls.
        cost: Usd,
        /// Who bears that cost.
        payer: Payer,
        /// The new version of the conversation's history, if it has changed.
        history_version: Option<i64>,
    },
    /// The turn was closed before, perhaps by this very call, whose response was lost; contains the messages
    /// still to send.
    AlreadyClosed(Vec<(OutboxId, OutboxMessage)>),
}

/// The turn to close.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The turn.
    pub turn: TurnId,
    /// The user who asked.
    pub user: UserId,
    /// The number of the attempt.
    pub attempt: i32,
    /// Whether its report contains all calls. After a crash only the books know them.
    pub known: bool,
    /// The text of the charge for the user.
    pub subject: &'a str,
}

/// Closes a turn. `begun` tells whether the first of its messages is sent immediately after they are stored.
pub async fn settle(
    books: &Books,
    case: Case<'_>,
    report: &TurnReport,
    owed: &[OutboxMessage],
    begun: bool,
) -> Result<Settled, DbError> {
    let Case { turn, user, attempt, known, subject } = case;
    let answer = report.answer();
    let at = books.clock.now();
    let payer = payer(report.outcome);
    let closing = TurnClosing {
        turn,
        user,
        attempt,
        known,
        outcome: report.outcome,
        answer: answer.as_ref().map(|said| StoredAnswer {
            text: &said.text,
            interrupted: said.interrupted,
            at,
        }),
        left_out: report.is_left_out(),
        calls: &books.entries(&report.calls),
        tools: &report.tools,
        payer,
        subject,
        owed,
        begun,
    };
    kill_point!("settle: before the commit");
    let Some(ClosedTurn { cost, history_version, owed, fresh }) = closing::close(&books.db, &closing).await?
    else {
        return outbox::pending(&books.db, Some(turn), 0.0, OutboxId(0)).await.map(Settled::AlreadyClosed);
    };
    kill_point!("settle: after the commit");
    Ok(Settled::Closed { owed, fresh, cost, payer, history_version })
}

/// Returns the payer of a turn. The owner pays for our faults and for an answer without visible text, of
/// which nobody got anything. Everything else is paid by the user, as far as the model was really used.
fn payer(outcome: Outcome) -> Payer {
    match outcome {
        Outcome::Failed(TurnFailure::Internal | TurnFailure::Empty) => Payer::Owner,
        _ => Payer::User,
    }
}

/// Leaves a turn that had shown nothing to the next start. Returns the cost of its calls so far, which is the
/// owner's loss.
pub async fn postpone(
    books: &Books,
    turn: TurnId,
    attempt: i32,
    calls: &[ModelCall],
) -> Result<Usd, DbError> {
    let mut tx = books.db.begin().await?;
    turns::postpone(&mut tx, turn, attempt).await?;
    model_calls::record(&mut tx, turn, attempt, &books.entries(calls)).await?;
    let lost = model_calls::decide(&mut tx, turn, Payer::Owner, (attempt, &[])).await?;
    Db::commit(tx).await?;
    Ok(lost)
}

/// Starts a new attempt of an open turn after `attempt` was lost, and returns its number. Returns `None` if
/// the turn was closed meanwhile. The cost of the lost attempt is the owner's loss: the user pays for one.
pub async fn restart(
    db: &Db,
    turn: TurnId,
    attempt: i32,
    company: Company,
) -> Result<Option<Restarted>, DbError> {
    let mut tx = db.begin().await?;
    let alone = company == Company::Nobody;
    let Some(attempt) = turns::restart(&mut tx, turn, attempt, alone).await? else { return Ok(None) };
    let lost = model_calls::decide(&mut tx, turn, Payer::Owner, (attempt, &[])).await?;
    Db::commit(tx).await?;
    kill_point!("restart: after the commit");
    Ok(Some(Restarted { attempt, lost }))
}

/// A new attempt of a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restarted {
    /// The number of the new attempt.
    pub attempt: i32,
    /// The cost of the lost attempt, borne by the owner.
    pub lost: Usd,
}

/// Enqueues a finished part of an answer in progress. If the part replaces the live message, the turn no
/// longer has one.
pub async fn promise(
    db: &Db,
    turn: TurnId,
    part: &OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let mut tx = db.begin().await?;
    if part.replaces.is_some() {
        turns::show_in(&mut *tx, turn, None).await?;
    }
    let owed = outbox::enqueue(&mut tx, std::slice::from_ref(part)).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
