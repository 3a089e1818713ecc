//! Methods for payments and refunds in Stars: pre-checkout answers, refunds, balance and transactions.

use std::time::Instant;

use serde_json::{Value, json};

use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::stars::{NoRefund, Partner, Transaction};
use super::super::world::World;

/// Limit of transactions per call.
const MOST_TRANSACTIONS: i64 = 100;

/// `answerPreCheckoutQuery`. A query can be answered once, before its deadline. Agreement makes the payment.
pub(super) fn answer_pre_checkout(world: &mut World, params: &Params) -> Outcome {
    let agreed = params.flag("ok");
    let explanation = params.text("error_message").unwrap_or_default();
    if !agreed && explanation.is_empty() {
        return Err(Refusal::bad("parameter \"error_message\" is required"));
    }
    let id = params.text("pre_checkout_query_id").unwrap_or_default();
    let number = world.stars.open_query(id, Instant::now()).ok_or_else(|| {
        Refusal::bad("query is too old and response timeout expired or query id is invalid")
    })?;
    if agreed {
        world.approve(number);
    } else {
        world.decline(number, explanation);
    }
    Ok(json!(true))
}

/// `refundStarPayment`. Refunds the whole payment to the person who made it.
pub(super) fn refund(world: &mut World, params: &Params) -> Outcome {
    let user = params.int("user_id").filter(|user| *user > 0);
    let user = user.ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
    if !world.users.contains_key(&user) {
        return Err(Refusal::bad("user not found"));
    }
    let charge_id = params.text("telegram_payment_charge_id").unwrap_or_default();
    if charge_id.is_empty() {
        return Err(Refusal::bad("CHARGE_ID_EMPTY"));
    }
    if world.stars.charge(charge_id).is_none_or(|payment| payment.user != user) {
        return Err(Refusal::bad("CHARGE_NOT_FOUND"));
    }
    match world.refund(charge_id) {
        Ok(_) => Ok(json!(true)),
        Err(NoRefund::UnknownCharge) => Err(Refusal::bad("CHARGE_NOT_FOUND")),
        Err(NoRefund::AlreadyRefunded) => Err(Refusal::bad("CHARGE_ALREADY_REFUNDED")),
        Err(NoRefund::BalanceTooLow) => Err(Refusal::bad("BALANCE_TOO_LOW")),
    }
}

/// `getMyStarBalance`.
pub(super) fn balance(world: &World) -> Value {
    json!({"amount": world.stars.ledger.bot()})
}

/// `getStarTransactions`, oldest first. Parameters out of range are clamped.
pub(super) fn transactions(world: &World, params: &Params) -> Value {
    let offset = usize::try_from(params.int("offset").unwrap_or(0).max(0)).unwrap_or(usize::MAX);
    let limit = params.int("limit").unwrap_or(MOST_TRANSACTIONS).clamp(1, MOST_TRANSACTIONS);
    let limit = usize::try_from(limit).unwrap_or(1);
    let page = world.stars.ledger.transactions.iter().skip(offset).take(limit);
    let lines: Vec<Value> = page.map(|line| transaction(world, line)).collect();
    json!({"transactions": lines})
}

/// Returns a Bot API `StarTransaction` object.
fn transaction(world: &World, line: &Transaction) -> Value {
    let partner = match &line.partner {
        Partner::User { id, payload } => json!({
            "type": "user",
            "transaction_type": "invoice_payment",
            "user": world.user_object(*id),
            "invoice_payload": payload,
        }),
        Partner::Fragment => json!({"type": "fragment", "withdrawal_state": {"type": "pending"}}),
    };
    let mut object = json!({"id": line.id, "amount": line.stars, "date": line.date});
    object[if line.incoming { "source" } else { "receiver" }] = partner;
    object
}
