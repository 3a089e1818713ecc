//! Stars on the page: paying an invoice, filling a wallet, and what bubbles show of payments.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::shared::Shared;
use super::super::stars::{PaymentAttempt, PaymentState};
use super::super::types::Message;
use super::super::world::World;
use super::control::{ControlResult, wrong};

/// Body of `POST /play/pay`.
#[derive(Deserialize)]
pub(super) struct Pay {
    chat: i64,
    from: i64,
    message_id: i64,
}

/// `POST /play/pay`: responds when the attempt has ended.
pub(super) async fn pay(State(shared): State<Arc<Shared>>, Json(body): Json<Pay>) -> ControlResult {
    let mut changed = shared.changed.subscribe();
    let number = shared.begin_payment(|world| world.pay(body.chat, body.from, body.message_id)).number;
    loop {
        changed.borrow_and_update();
        let attempt = shared.look(|world| world.stars.attempt(number).cloned());
        if let Some(outcome) = attempt.as_ref().and_then(outcome) {
            return Ok(Json(outcome));
        }
        tokio::select! {
            () = shared.stop.cancelled() => return Err(wrong("the emulator stops")),
            gone = changed.changed() => if gone.is_err() { return Err(wrong("the emulator stops")) },
        }
    }
}

/// Returns how an attempt ended; `None` while it is waiting.
fn outcome(attempt: &PaymentAttempt) -> Option<Value> {
    Some(match &attempt.state {
        PaymentState::Waiting => return None,
        PaymentState::Paid(receipt) | PaymentState::Refunded(receipt) => {
            json!({"paid": true, "stars": attempt.total_amount, "charge_id": receipt.charge_id})
        }
        PaymentState::Failed(failure) => json!({"paid": false, "reason": failure.to_string()}),
    })
}

/// Body of `POST /play/stars`.
#[derive(Deserialize)]
pub(super) struct Wallet {
    user: i64,
    stars: u32,
}

/// `POST /play/stars`: sets the number of Stars in a wallet.
pub(super) async fn set_stars(State(shared): State<Arc<Shared>>, Json(body): Json<Wallet>) -> ControlResult {
    if !shared.look(|world| world.users.contains_key(&body.user)) {
        return Err(wrong("there is no such person"));
    }
    shared.change(|world| world.set_wallet(body.user, body.stars));
    Ok(Json(json!({"stars": body.stars})))
}

/// Returns an invoice for the page, with the receipts of its payers.
pub(super) fn invoice(world: &World, chat: i64, message: &Message) -> Value {
    let Some(invoice) = world.stars.invoices.get(&(chat, message.id)) else { return Value::Null };
    let payments = world.stars.attempts();
    let payments = payments.filter(|each| each.chat == chat && each.message_id == Some(message.id));
    let receipts: Vec<Value> = payments.filter_map(|each| receipt(world, each)).collect();
    json!({
        "title": invoice.title,
        "description": invoice.description,
        "stars": invoice.stars,
        "receipts": receipts,
    })
}

/// Returns the receipt of a payment's service message.
pub(super) fn receipt_of(world: &World, raw: &Value) -> Value {
    let charge = payment(raw).and_then(|payment| payment["telegram_payment_charge_id"].as_str());
    let attempt = charge.and_then(|charge| world.stars.charge(charge));
    attempt.and_then(|attempt| receipt(world, attempt)).unwrap_or(Value::Null)
}

/// Returns the line that the page shows for a service message about a payment.
pub(super) fn service(raw: &Value) -> Option<String> {
    let stars = payment(raw)?["total_amount"].as_i64()?;
    let who = raw["from"]["first_name"].as_str().unwrap_or_default();
    Some(if raw.get("refunded_payment").is_some() {
        format!("{who} got ⭐\u{a0}{stars} back")
    } else {
        format!("{who} paid ⭐\u{a0}{stars}")
    })
}

fn payment(raw: &Value) -> Option<&Value> {
    raw.get("successful_payment").or_else(|| raw.get("refunded_payment"))
}

fn receipt(world: &World, attempt: &PaymentAttempt) -> Option<Value> {
    let receipt = attempt.receipt()?;
    let invoice = attempt.message_id.and_then(|id| world.stars.invoices.get(&(attempt.chat, id)));
    let shown = world.chats.get(&receipt.chat).and_then(|chat| chat.messages.get(&receipt.message_id));
    Some(json!({
        "user": attempt.user,
        "title": invoice.map(|invoice| invoice.title.as_str()),
        "stars": attempt.total_amount,
        "charge_id": receipt.charge_id,
        "date": shown.map(|message| message.date),
        "refunded": matches!(attempt.state, PaymentState::Refunded(_)),
    }))
}
