//! The end of a turn in the books: answer, usage of every call, state of the turn and the messages that are now owed
//! to the chat commit together, once. The messages are sent after the commit, so that neither a crash nor a flood wait
//! can separate what was said from what is remembered.

use crate::db::outbox::{self, Owed};
use crate::db::{Db, DbError, messages, model_calls, turns};
use crate::domain::clock::Clock;
use crate::domain::ids::{OutboxId, TurnId};
use crate::domain::turn::{Outcome, TurnReport};

/// What settling came to.
#[derive(Clone, PartialEq, Debug)]
pub enum Settled {
    /// The turn is closed; these messages are to be sent.
    Closed(Vec<(OutboxId, Owed)>),
    /// It was closed before, perhaps by this very call, whose answer was lost; what of it is still to be sent.
    AlreadyClosed(Vec<(OutboxId, Owed)>),
}

/// Closes a turn, once.
pub async fn settle(
    db: &Db,
    clock: &Clock,
    turn: TurnId,
    attempt: i32,
    report: &TurnReport,
    owed: &[Owed],
) -> Result<Settled, DbError> {
    let mut tx = db.begin().await?;
    if !turns::close(&mut tx, turn, report.outcome).await? {
        drop(tx);
        return outbox::pending(db, Some(turn), 0.0).await.map(Settled::AlreadyClosed);
    }
    if !report.text.trim().is_empty() {
        let interrupted = !matches!(report.outcome, Outcome::Answered | Outcome::Truncated);
        messages::answer(&mut tx, turn, &report.text, interrupted, clock.now()).await?;
    }
    model_calls::record(&mut tx, turn, attempt, &report.calls).await?;
    let owed = outbox::owe(&mut tx, owed).await?;
    Db::commit(tx).await?;
    Ok(Settled::Closed(owed))
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
