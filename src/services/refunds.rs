//! Refunds of Stars: requested by the payer and driven until Telegram answers, or made by Telegram itself.
//! While Telegram is asked, the money is held. It is taken when the Stars are refunded and released when
//! Telegram refuses.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::books::Books;
use super::intake::Caller;
use crate::db::balance::{self, Operation, Reason};
use crate::db::holds;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::payments::{self, NewPayment, Payment, PaymentSource, PaymentState};
use crate::db::{Db, DbError, Tx, inbox};
use crate::domain::ids::{OutboxId, ThreadKey, UpdateId, UserId};
use crate::domain::money::Usd;
use crate::domain::stars::REFUND_DAYS;
use crate::lifecycle::kill_point;

/// The number of payments that `/refund` lists.
const LISTED: i64 = 10;
/// The first and the longest pause between requests to Telegram, in seconds.
const PAUSES_S: (i64, i64) = (2, 3_600);

/// The result of a refund request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RefundStart {
    /// The user has no such payment.
    Unknown,
    /// The Stars were refunded before.
    Refunded,
    /// A request to Telegram is already in progress.
    Running,
    /// The payment is too old.
    TooLate,
    /// The balance is too low.
    TooPoor {
        /// The amount that the refund takes.
        needed: Usd,
        /// The amount left to spend.
        spendable: Usd,
    },
    /// The refund has started.
    Begun,
}

/// Requests a refund; `reply` composes a message from the result.
pub async fn ask(
    books: &Books,
    caller: Caller<'_>,
    charge_id: &str,
    reply: impl Fn(&RefundStart) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, known) = caller.enter(books).await?;
    let found = payments::lock(&mut tx, charge_id).await?.filter(|payment| payment.user == caller.user());
    let now = books.clock.now();
    let asked = match found {
        None => RefundStart::Unknown,
        Some(Payment { state: PaymentState::Refunded, .. }) => RefundStart::Refunded,
        Some(Payment { state: PaymentState::Refunding, .. }) => RefundStart::Running,
        Some(payment) if payment.paid_at + TimeDelta::days(REFUND_DAYS) < now => RefundStart::TooLate,
        Some(Payment { id, user, credit, .. }) => {
            if holds::take_for_refund(&mut tx, user, credit).await? {
                payments::ask_refund(&mut tx, id, caller.key, known.language, now).await?;
                RefundStart::Begun
            } else {
                let balance = balance::of(&mut *tx, user).await?.unwrap_or_default();
                RefundStart::TooPoor { needed: credit, spendable: balance.spendable() }
            }
        }
    };
    kill_point!("refund: before the commit");
    let owed = caller.leave(tx, &[reply(&asked)]).await?;
    kill_point!("refund: after the commit");
    Ok(owed)
}

/// Lists the payments that can be refunded; `reply` composes the message.
pub async fn list(
    books: &Books,
    caller: Caller<'_>,
    reply: impl Fn(&[Payment]) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let (mut tx, _) = caller.enter(books).await?;
    let since = books.clock.now() - TimeDelta::days(REFUND_DAYS);
    let refundable = payments::refundable(&mut tx, caller.user(), since, LISTED).await?;
    caller.leave(tx, &[reply(&refundable)]).await
}

/// Telegram's answer to a refund request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefundReply {
    /// The Stars were refunded.
    Given,
    /// Telegram keeps the Stars.
    Refused,
}

/// The result of a refund, as reported to the user.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefundOutcome {
    /// The Stars were refunded on request; contains the balance afterwards.
    Given(Usd),
    /// Telegram refunded the Stars by itself; contains the balance afterwards.
    ByTelegram(Usd),
    /// Telegram refused; nothing was taken.
    Refused,
}

/// A refunded payment, as reported by Telegram.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Returned<'a> {
    /// The update that reported it; `None` if Telegram's list or its answer did.
    pub update: Option<UpdateId>,
    /// Telegram's id of the payment.
    pub charge_id: &'a str,
    /// The payer, if known, and the number of Stars: for a payment that is not in the books.
    pub payer: Option<(ThreadKey, u32)>,
}

/// Completes a refund, once, according to Telegram's answer; `tell` composes a message to the user. If the
/// refund was completed before, returns only a message that is owed and not yet sent.
pub async fn settle(
    books: &Books,
    returned: &Returned<'_>,
    answer: RefundReply,
    tell: impl Fn(&Payment, RefundOutcome) -> OutboxMessage,
) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
    let now = books.clock.now();
    let mut tx = books.db.begin().await?;
    payments::lock_payer(&mut tx, returned.charge_id).await?;
    let found = payments::lock(&mut tx, returned.charge_id).await?;
    let end = match (&found, answer) {
        (Some(payment), RefundReply::Given) => give(&mut tx, payment, now).await?,
        (Some(payment), RefundReply::Refused) => refuse(&mut tx, payment, now).await?,
        (None, RefundReply::Given) => remember(&mut tx, returned, now).await.map(|()| None)?,
        (None, RefundReply::Refused) => None,
    };
    let message: Vec<OutboxMessage> =
        found.iter().zip(end).map(|(payment, end)| tell(payment, end)).collect();
    let owed = outbox::enqueue(&mut tx, &message).await?;
    if let Some(update) = returned.update {
        inbox::handled(&mut tx, update).await?;
    }
    Db::commit(tx).await?;
    kill_point!("refund: settled");
    Ok(owed)
}

/// Takes the worth of refunded Stars from the balance, once. Returns `None` for a payment that was never
/// credited.
async fn give(
    tx: &mut Tx<'_>,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<Option<RefundOutcome>, DbError> {
    let key = format!("refund:{}", payment.charge_id);
    let balance = if payment.state == PaymentState::Refunded {
        balance::posted(tx, &key).await?
    } else {
        let (reason, subject) = (Reason::Refund(payment.id), payment.stars.to_string());
        let amount = -payment.credit;
        let operation = Operation { user: payment.user, reason, amount, key: &key, subject: &subject };
        let balance = balance::post(tx, &operation).await?;
        kill_point!("refund: booked");
        holds::close_refund(tx, payment.id).await?;
        payments::set_state(tx, payment.id, PaymentState::Refunded, now).await?;
        Some(balance)
    };
    let asked = payment.state != PaymentState::Credited && payment.asked_at.is_some();
    Ok(balance.map(if asked { RefundOutcome::Given } else { RefundOutcome::ByTelegram }))
}

/// Releases the hold after Telegram's refusal. Returns `None` if no refund of the payment was requested.
async fn refuse(
    tx: &mut Tx<'_>,
    payment: &Payment,
    now: DateTime<Utc>,
) -> Result<Option<RefundOutcome>, DbError> {
    if payment.state == PaymentState::Refunding {
        holds::close_refund(tx, payment.id).await?;
        payments::set_state(tx, payment.id, PaymentState::Credited, now).await?;
    }
    let refused = payment.state != PaymentState::Refunded && payment.asked_at.is_some();
    Ok(refused.then_some(RefundOutcome::Refused))
}

/// Records an unknown payment that was already refunded, so that a late payment update is not credited.
async fn remember(tx: &mut Tx<'_>, returned: &Returned<'_>, now: DateTime<Utc>) -> Result<(), DbError> {
    let Some((key, stars)) = returned.payer else { return Ok(()) };
    // Where the payer is known, the chat is theirs.
    let user = UserId(key.chat.0);
    if balance::of(&mut **tx, user).await?.is_none() {
        return Ok(());
    }
    let (charge_id, invoice, credit, source) = (returned.charge_id, None, Usd::ZERO, PaymentSource::List);
    let (paid_at, refunded_at) = (now, Some(now));
    payments::insert(
        tx,
        &NewPayment { charge_id, user, key, invoice, stars, credit, source, paid_at, refunded_at },
    )
    .await?;
    Ok(())
}

/// Schedules the next request after Telegram gave no answer. The pause doubles with each try, is at least
/// `wait`, and is never longer than an hour.
pub async fn postpone(books: &Books, payment: &Payment, tries: i32, wait: Duration) -> Result<(), DbError> {
    let (first, longest) = PAUSES_S;
    let wait = i64::try_from(wait.as_secs()).unwrap_or(longest);
    let pause = first.saturating_mul(1 << tries.clamp(0, 20)).max(wait).min(longest);
    let next = books.clock.now() + TimeDelta::seconds(pause);
    payments::try_again(&books.db, payment.id, tries.saturating_add(1), next).await
}
