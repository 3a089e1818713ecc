//! Asks the last question of a conversation again: its messages move to a new turn, and the former answer is
//! left out of later prompts. A turn can be asked again once, however many buttons name it.

use super::books::Books;
use super::intake::Caller;
use super::people;
use crate::cache::{self, Cache};
use crate::db::turns::LeftOpen;
use crate::db::turns::retrying::{self, NewestTurn};
use crate::db::{Db, DbError, inbox};
use crate::domain::ids::{TurnId, UserId};
use crate::lifecycle::kill_point;

/// The result of a request to ask again.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Retried {
    /// The question is open again, in this turn.
    Opened(Box<LeftOpen>),
    /// Nothing was done.
    Refused(RetryRefusal),
}

/// Why nothing is asked again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum RetryRefusal {
    /// The conversation has no question, or it was forgotten.
    NoQuestion,
    /// The last question is being answered.
    Running,
    /// The button was pressed before.
    Used,
    /// The button belongs to an earlier question, or to another conversation.
    Old,
    /// Another member of a shared conversation has asked.
    NotYours,
}

/// Opens a new turn for the last question of the caller's conversation. `wanted` is the turn that the pressed
/// button names, `None` for `/retry`. The update is marked as handled in the transaction that opens the turn, so
/// a repeated call opens no second one; after a refusal it is not marked.
pub(crate) async fn retry(
    books: &Books,
    cache: &Cache,
    caller: Caller<'_>,
    wanted: Option<TurnId>,
) -> Result<Retried, DbError> {
    let mut tx = books.db.begin().await?;
    let newest = retrying::newest(&mut tx, caller.key).await?;
    if inbox::is_handled(&mut tx, caller.update).await? {
        // The response to an earlier commit of this was lost.
        drop(tx);
        let ours = newest.filter(|newest| newest.open && newest.retry_of.is_some());
        return open(books, ours.map(|newest| newest.turn)).await;
    }
    let turn = match judge(newest, wanted, caller.user()) {
        Ok(turn) => turn,
        Err(why) => return Ok(Retried::Refused(why)),
    };
    let version = retrying::retire(&mut tx, turn).await?;
    let known = people::meet(&mut tx, books, caller.person, caller.chat, caller.key.topic).await?;
    let model = &books.registry.chosen(known.preferences.model.as_ref(), books.today()).id;
    let epoch = books.db.epoch_of(caller.key.chat)?;
    let new = retrying::ask_again(&mut tx, turn, caller.user(), model, epoch).await?;
    inbox::handled(&mut tx, caller.update).await?;
    kill_point!("retry: before the commit");
    Db::commit(tx).await?;
    kill_point!("retry: after the commit");
    cache::messages::invalidate(cache, caller.key, version).await;
    open(books, Some(new)).await
}

async fn open(books: &Books, turn: Option<TurnId>) -> Result<Retried, DbError> {
    let left = match turn {
        Some(turn) => retrying::find_open(&books.db, turn).await?,
        None => None,
    };
    Ok(left.map_or(Retried::Refused(RetryRefusal::Used), |left| Retried::Opened(Box::new(left))))
}

/// Returns the turn whose question is to be asked again.
fn judge(newest: Option<NewestTurn>, wanted: Option<TurnId>, by: UserId) -> Result<TurnId, RetryRefusal> {
    let Some(NewestTurn { turn, open, remembered, asker, retry_of }) = newest else {
        return Err(if wanted.is_some() { RetryRefusal::Old } else { RetryRefusal::NoQuestion });
    };
    match wanted {
        Some(wanted) if retry_of == Some(wanted) => Err(RetryRefusal::Used),
        Some(wanted) if wanted != turn => Err(RetryRefusal::Old),
        _ if asker != by => Err(RetryRefusal::NotYours),
        _ if open => Err(RetryRefusal::Running),
        _ if !remembered => Err(RetryRefusal::NoQuestion),
        _ => Ok(turn),
    }
}

#[cfg(test)]
mod tests;
