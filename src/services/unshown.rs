//! Gives back the charge for an answer that never reached its chat. If Telegram has refused every message of
//! a turn in every form, the loss is the operator's and the charge is given back, once. If a person has shut the
//! bot out, the charge stands: the answer was requested and made, and the conversation can continue from it
//! once the bot may write again.

use crate::db::balance::{self, Operation, Reason};
use crate::db::outbox::OutboxMessage;
use crate::db::{Db, DbError, Tx, model_calls, outbox};
use crate::domain::ids::{OutboxId, TurnId};
use crate::domain::money::Usd;
use crate::lifecycle::kill_point;

/// Why a message is refused for good.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    /// The reason in Telegram's words.
    pub reason: &'a str,
    /// Whether the chat accepts nothing from the bot, because of an action by the person or the group's
    /// administrators.
    pub shut_out: bool,
}

/// The consequences of a refusal.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Refused {
    /// The amount given back, if every message of the turn has now been refused.
    pub returned: Option<Usd>,
    /// The message that is owed instead.
    pub owed: Vec<(OutboxId, OutboxMessage)>,
}

/// Records that Telegram refuses a message in every form, and enqueues the one that is owed instead.
pub(crate) async fn refused(
    db: &Db,
    id: OutboxId,
    turn: Option<TurnId>,
    refusal: Refusal<'_>,
    instead: Option<&OutboxMessage>,
) -> Result<Refused, DbError> {
    let mut tx = db.begin().await?;
    outbox::refused(&mut tx, id, refusal.reason, refusal.shut_out).await?;
    let returned = match turn.filter(|_| !refusal.shut_out) {
        Some(turn) => give_back(&mut tx, turn).await?,
        None => None,
    };
    let owed = outbox::enqueue(&mut tx, instead.map_or(&[], std::slice::from_ref)).await?;
    kill_point!("return: before the commit");
    Db::commit(tx).await?;
    Ok(Refused { returned, owed })
}

/// Checks whether a turn that was just closed has shown nothing of its answer: its parts may have been
/// refused while it ran, before there was a charge.
pub(crate) async fn look(db: &Db, turn: TurnId) -> Result<Option<Usd>, DbError> {
    let mut tx = db.begin().await?;
    let returned = give_back(&mut tx, turn).await?;
    Db::commit(tx).await?;
    Ok(returned)
}

/// Gives back the charge of every turn in `buckets` all of whose messages Telegram has refused, where a crash has
/// prevented that. Returns the total.
pub(crate) async fn look_after_all(db: &Db, buckets: &[i64]) -> Result<Usd, DbError> {
    let (mut after, mut sum) = (TurnId(0), Usd::ZERO);
    loop {
        let page = outbox::refusals(db, buckets, after).await?;
        let Some(&last) = page.last() else { return Ok(sum) };
        after = last;
        for turn in page {
            sum += look(db, turn).await?.unwrap_or_default();
        }
    }
}

/// Gives back the charge of a turn. The turn is locked first: of two messages refused at once, the second
/// finds the refusal of the first.
async fn give_back(tx: &mut Tx<'_>, turn: TurnId) -> Result<Option<Usd>, DbError> {
    let Some(charge) = balance::charge(tx, turn).await? else { return Ok(None) };
    let key = format!("return:turn:{turn}");
    if !outbox::was_never_shown(tx, turn).await? || balance::posted(tx, &key).await?.is_some() {
        return Ok(None);
    }
    model_calls::charge_owner(tx, turn).await?;
    let (user, amount, subject) = (charge.user, charge.amount, charge.subject.as_str());
    let operation = Operation { user, reason: Reason::Return(turn), amount, key: &key, subject };
    balance::post(tx, &operation).await?;
    tracing::warn!(turn.id = turn.0, user.id = user.0, %amount, "the answer never arrived, the charge is given back");
    Ok(Some(amount))
}
