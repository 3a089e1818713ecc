//! An answer that never reached its chat is the owner's loss. When Telegram has refused every message of a turn in every
//! form, the charge is given back, once. Where somebody has shut the bot out, it stands: the answer was asked for and made,
//! and whoever lets the bot write again can go on with it.

use crate::db::balance::{self, Operation, Reason};
use crate::db::{Db, DbError, Tx, model_calls, outbox};
use crate::domain::ids::{OutboxId, TurnId};
use crate::domain::money::Usd;
use crate::lifecycle::kill_point;

/// Why a message is refused for good.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// In Telegram's words.
    pub reason: &'a str,
    /// Whether the chat takes nothing from us, because of what a person or those who run the group have done.
    pub shut_out: bool,
}

/// Writes down that Telegram takes a message in no form. Returns what was given back for its turn, if that was all of it.
pub async fn refused(
    db: &Db,
    id: OutboxId,
    turn: Option<TurnId>,
    refusal: Refusal<'_>,
) -> Result<Option<Usd>, DbError> {
    let mut tx = db.begin().await?;
    outbox::refused(&mut tx, id, refusal.reason, refusal.shut_out).await?;
    let returned = match turn.filter(|_| !refusal.shut_out) {
        Some(turn) => give_back(&mut tx, turn).await?,
        None => None,
    };
    kill_point!("return: before the commit");
    Db::commit(tx).await?;
    Ok(returned)
}

/// Looks whether a turn that was closed just now had shown nothing of its answer: its parts may have been refused while it
/// ran, when there was no charge yet.
pub async fn look(db: &Db, turn: TurnId) -> Result<Option<Usd>, DbError> {
    let mut tx = db.begin().await?;
    let returned = give_back(&mut tx, turn).await?;
    Db::commit(tx).await?;
    Ok(returned)
}

/// Looks after all turns for which a crash has kept that from being done; returns what was given back.
pub async fn look_after_all(db: &Db) -> Result<Usd, DbError> {
    let (mut after, mut sum) = (TurnId(0), Usd::ZERO);
    loop {
        let page = outbox::refusals(db, after).await?;
        let Some(&last) = page.last() else { return Ok(sum) };
        after = last;
        for turn in page {
            sum += look(db, turn).await?.unwrap_or_default();
        }
    }
}

/// The lock of the turn comes first: of two messages that are refused at once, the second finds the refusal of the first.
async fn give_back(tx: &mut Tx<'_>, turn: TurnId) -> Result<Option<Usd>, DbError> {
    let Some(charge) = balance::charge(tx, turn).await? else { return Ok(None) };
    let key = format!("return:turn:{turn}");
    if !outbox::was_never_shown(tx, turn).await? || balance::posted(tx, &key).await?.is_some() {
        return Ok(None);
    }
    model_calls::take_over(tx, turn).await?;
    let (user, amount, subject) = (charge.user, charge.amount, charge.subject.as_str());
    let operation = Operation { user, reason: Reason::Return(turn), amount, key: &key, subject };
    balance::post(tx, &operation).await?;
    tracing::warn!(turn.id = turn.0, user.id = user.0, %amount, "the answer never arrived, the charge is given back");
    Ok(Some(amount))
}
