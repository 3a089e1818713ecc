//! The end of a turn in the books: answer, usage and cost of every call, charge, hold, state of the turn and the
//! messages that are now owed to the chat commit together, once. The messages are sent after the commit, so that neither
//! a crash nor a flood wait can separate what was said from what is remembered and paid.

use super::books::Books;
use crate::db::balance::{self, Operation, Reason};
use crate::db::holds::{self, Purpose};
use crate::db::model_calls::Payer;
use crate::db::outbox::{self, Owed};
use crate::db::{Db, DbError, messages, model_calls, records, threads, turns};
use crate::domain::ids::{OutboxId, TurnId};
use crate::domain::money::Usd;
use crate::domain::turn::{Failure, ModelCall, Outcome, TurnReport};
use crate::lifecycle::kill_point;

/// What settling came to.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// The turn is closed; these messages are to be sent.
    Closed {
        /// What is owed to the chat.
        owed: Vec<(OutboxId, Owed)>,
        /// What the model has cost.
        cost: Usd,
        /// Who pays that.
        payer: Payer,
        /// The new version of the conversation's history, if it has changed.
        history_version: Option<i64>,
    },
    /// It was closed before, perhaps by this very call, whose answer was lost; what of it is still to be sent.
    AlreadyClosed(Vec<(OutboxId, Owed)>),
}

/// Closes a turn, once; `subject` tells the user what the charge was for.
pub async fn settle(
    books: &Books,
    turn: TurnId,
    attempt: i32,
    report: &TurnReport,
    subject: &str,
    owed: &[Owed],
) -> Result<Settled, DbError> {
    let mut tx = books.db.begin().await?;
    let Some(user) = turns::close(&mut tx, turn, report.outcome).await? else {
        drop(tx);
        return outbox::pending(&books.db, Some(turn), 0.0, OutboxId(0)).await.map(Settled::AlreadyClosed);
    };
    kill_point!("settle: closed");
    let history_version = match report.answer() {
        Some(answer) => {
            let at = books.clock.now();
            Some(messages::answer(&mut tx, turn, &answer.text, answer.interrupted, at).await?)
        }
        None if report.is_left_out() => Some(threads::history_changed(&mut tx, turn).await?),
        None => None,
    };
    model_calls::record(&mut tx, turn, attempt, &books.entries(&report.calls)).await?;
    records::tool_calls(&mut tx, &report.tools).await?;
    kill_point!("settle: calls recorded");
    let payer = payer(report.outcome);
    let cost = model_calls::decide(&mut tx, turn, payer).await?;
    let charged = payer == Payer::User && cost > Usd::ZERO;
    if charged {
        let reason = Reason::Usage(turn);
        let key = format!("turn:{turn}");
        balance::post(&mut tx, &Operation { user, reason, amount: -cost, key: &key, subject }).await?;
        kill_point!("settle: charged");
    }
    holds::close(&mut tx, Purpose::Turn(turn), charged).await?;
    let owed = outbox::owe(&mut tx, owed).await?;
    kill_point!("settle: before the commit");
    Db::commit(tx).await?;
    kill_point!("settle: after the commit");
    Ok(Settled::Closed { owed, cost, payer, history_version })
}

/// A fault of ours is the owner's loss. Everything else is paid by the user, as far as the model was really used.
fn payer(outcome: Outcome) -> Payer {
    if outcome == Outcome::Failed(Failure::Internal) { Payer::Owner } else { Payer::User }
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
    let lost = model_calls::decide(&mut tx, turn, Payer::Owner).await?;
    Db::commit(tx).await?;
    Ok(lost)
}

/// Begins a new attempt of an open turn after `attempt` was lost, and returns its number; none if the turn was closed
/// meanwhile. What the lost attempt has cost is the owner's loss: the user pays one.
pub async fn restart(db: &Db, turn: TurnId, attempt: i32) -> Result<Option<Restarted>, DbError> {
    let mut tx = db.begin().await?;
    let Some(attempt) = turns::restart(&mut tx, turn, attempt).await? else { return Ok(None) };
    let lost = model_calls::decide(&mut tx, turn, Payer::Owner).await?;
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
pub async fn promise(db: &Db, turn: TurnId, part: &Owed) -> Result<Vec<(OutboxId, Owed)>, DbError> {
    let mut tx = db.begin().await?;
    if part.replaces.is_some() {
        turns::show_in(&mut *tx, turn, None).await?;
    }
    let owed = outbox::owe(&mut tx, std::slice::from_ref(part)).await?;
    Db::commit(tx).await?;
    Ok(owed)
}
