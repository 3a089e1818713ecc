//! Sponsors: who pays for an answer in a group. The decision and the hold are one transaction under the lock of the
//! sponsor's row, so that answers that run side by side cannot take a day's limit twice.

use super::books::Books;
use crate::db::groups::{self, SponsorFunds};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::{Db, DbError, holds};
use crate::domain::ids::{ChatId, OutboxId};
use crate::domain::money::Usd;
use crate::domain::turn::{TurnPayer, TurnRequest};
use crate::lifecycle::kill_point;

/// How long a group is not told again that its sponsor does not pay, in hours.
const QUIET_HOURS: i32 = 1;

/// Who pays for an answer in a group.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Sponsoring {
    /// The member who asks: there is no sponsor.
    Member,
    /// The sponsor, whose money is reserved.
    Sponsor(TurnPayer),
    /// Not decided yet: what the sponsor has left is reserved for other answers.
    Reserved,
    /// The member who asks, because the sponsor cannot pay; and the notice of that, if the group gets it now.
    Declined(Vec<(OutboxId, OutboxMessage)>),
}

/// Why a sponsor does not pay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum SponsorShortage {
    /// The limit of the day is reached.
    DayLimit,
    /// Nothing is left to spend.
    Funds,
}

/// Decides who pays for an open turn without a hold, and reserves what it needs if that is the sponsor. `notice`
/// composes what the group is told if the sponsor, whose name it gets, does not pay.
pub(crate) async fn decide(
    books: &Books,
    request: &TurnRequest,
    notice: impl Fn(ChatId, SponsorShortage, &str) -> OutboxMessage,
) -> Result<Sponsoring, DbError> {
    let mut tx = books.db.begin().await?;
    let turn = request.turn;
    let Some(unpaid) = groups::lock_unpaid(&mut tx, turn, request.asker).await? else {
        return Ok(Sponsoring::Member);
    };
    let chat = unpaid.chat;
    if let Some(user) = unpaid.sponsor {
        // This very call, whose answer was lost.
        return Ok(Sponsoring::Sponsor(TurnPayer { user, sponsored_in: Some(chat) }));
    }
    let Some(sponsor) = groups::settings(&mut *tx, chat).await?.sponsor.filter(|_| !unpaid.banned) else {
        return Ok(Sponsoring::Member);
    };
    let user = sponsor.user;
    holds::lock(&mut tx, user).await?;
    let funds = groups::sponsor_funds(&mut tx, chat, user, turn).await?;
    match judge(&funds, sponsor.day_limit, books.is_privileged(user)) {
        Judgement::Pays => {
            groups::sponsor(&mut tx, turn, (chat, user), request.reserve).await?;
            Db::commit(tx).await?;
            kill_point!("turn: sponsored");
            Ok(Sponsoring::Sponsor(TurnPayer { user, sponsored_in: Some(chat) }))
        }
        Judgement::Waits => Ok(Sponsoring::Reserved),
        Judgement::Declines(why) => {
            let mut owed = Vec::new();
            if groups::tell(&mut tx, chat, "sponsor", Some(QUIET_HOURS)).await? {
                let name = groups::name_of(&mut tx, user).await?;
                owed = outbox::enqueue(&mut tx, &[notice(chat, why, &name)]).await?;
            }
            Db::commit(tx).await?;
            Ok(Sponsoring::Declined(owed))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Judgement {
    Pays,
    Waits,
    Declines(SponsorShortage),
}

/// The rule of the gate, for the balance and for the limit of the day: an answer may begin if anything is left
/// after all reservations. `free`: the sponsor may overdraw, as an administrator of the bot.
fn judge(funds: &SponsorFunds, day_limit: Usd, free: bool) -> Judgement {
    let SponsorFunds { balance, held, refunding, banned, spent, reserved } = *funds;
    let solvent = !banned && (free || balance > refunding);
    if spent >= day_limit {
        Judgement::Declines(SponsorShortage::DayLimit)
    } else if !solvent {
        Judgement::Declines(SponsorShortage::Funds)
    } else if spent + reserved < day_limit && (free || balance > held) {
        Judgement::Pays
    } else {
        Judgement::Waits
    }
}

#[cfg(test)]
mod tests;
