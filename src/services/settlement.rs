//! The end of a turn in the books: answer, usage and cost of every call, charge, hold, state of the turn and the
//! messages that are now owed to the chat commit together, once. The messages are sent after the commit, so that neither
//! a crash nor a flood wait can separate what was said from what is remembered and paid.

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

/// What settling came to.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// The turn is closed; these messages are to be sent.
    Closed {
        /// What is owed to the chat.
        owed: Vec<(OutboxId, OutboxMessage)>,
        /// Whether all of that is new. If not, some of it may have been sent before.
        fresh: bool,
        /// What the model has cost.
        cost: Usd,
        /// Who pays that.
        payer: Payer,
        /// The new version of the conversation's history, if it has changed.
        history_version: Option<i64>,
    },
    /// It was closed before, perhaps by this very call, whose answer was lost; what of it is still to be sent.
    AlreadyClosed(Vec<(OutboxId, OutboxMessage)>),
}

/// The turn that is to be closed.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The turn.
    pub turn: TurnId,
    /// Who asked.
    pub user: UserId,
    /// Its try.
    pub attempt: i32,
    /// Whether its report names all calls. After a crash only the books know them.
    pub known: bool,
    /// What the user reads about the charge.
    pub subject: &'a str,
}

/// Closes a turn, once. `begun` tells whether the first of the messages is sent as soon as they are written down.
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

/// A fault of ours is the owner's loss, and so is an answer without anything to read: nobody got anything for it. Everything
/// else is paid by the user, as far as the model was really used.
fn payer(outcome: Outcome) -> Payer {
    match outcome {
        Outcome::Failed(TurnFailure::Internal | TurnFailure::Empty) => Payer::Owner,
        _ => Payer::User,
    }
}

/// Leaves a turn that had shown nothing to the next start; what the model did so far is the owner's loss, which is
/// returned.
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

/// Begins a new attempt of an open turn after `attempt` was lost, and returns its number; none if the turn was closed
/// meanwhile. What the lost attempt has cost is the owner's loss: the user pays one.
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

/// A turn that begins anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restarted {
    /// The number of the attempt that begins.
    pub attempt: i32,
    /// What the lost attempt has cost the owner.
    pub lost: Usd,
}

/// Promises a part of an answer that still goes on. If it replaces the unfinished message, there is none any more.
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
