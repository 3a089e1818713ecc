//! Transitions of payment attempts: the pre-checkout query, payment, failure, refund.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::super::posts::Post;
use super::super::world::World;
use super::state::{CURRENCY, NoRefund, PaymentRequest};
use super::types::{PaymentAttempt, PaymentFailure, PaymentState, Receipt};

impl World {
    /// Creates an attempt and sends the bot a pre-checkout query.
    pub(super) fn ask_bot(&mut self, ask: PaymentRequest) -> PaymentAttempt {
        let deadline = Instant::now() + self.settings.checkout_limit;
        let mut attempt = self.stars.begin(ask, PaymentState::Waiting, deadline);
        attempt.query_id = self.stars.next_number().to_string();
        let query = json!({
            "id": attempt.query_id,
            "from": self.user_object(attempt.user),
            "currency": attempt.currency,
            "total_amount": attempt.total_amount,
            "invoice_payload": attempt.payload,
        });
        attempt.update_id = self.queue.push("pre_checkout_query", query);
        self.stars.by_query.insert(attempt.query_id.clone(), attempt.number);
        self.stars.waiting.insert(attempt.number);
        if let Some(checkout) = self.stars.checkouts.get_mut(attempt.number) {
            checkout.attempt = attempt.clone();
        }
        attempt
    }

    /// Records an attempt that failed before the bot was asked.
    pub(super) fn fail_attempt(&mut self, ask: PaymentRequest, failure: PaymentFailure) -> PaymentAttempt {
        self.stars.begin(ask, PaymentState::Failed(failure), Instant::now())
    }

    /// Makes the payment that the bot agreed to and sends the update, or fails the attempt if the wallet no
    /// longer suffices.
    pub(in super::super) fn approve(&mut self, number: usize) {
        let state = match self.collect(number) {
            Some((mut receipt, message)) => {
                receipt.update_id = self.queue.push("message", message);
                PaymentState::Paid(receipt)
            }
            None => PaymentState::Failed(PaymentFailure::NotEnoughStars),
        };
        self.stars.set_state(number, state);
    }

    /// Fails an attempt that the bot declined.
    pub(in super::super) fn decline(&mut self, number: usize, explanation: &str) {
        let failure = PaymentFailure::Declined(explanation.to_owned());
        self.stars.set_state(number, PaymentState::Failed(failure));
    }

    /// Fails the attempts whose deadline has passed.
    pub(in super::super) fn expire_payments(&mut self, now: Instant) {
        while self.stars.next_deadline().is_some_and(|deadline| deadline <= now) {
            let Some(number) = self.stars.waiting.pop_first() else { return };
            self.stars.set_state(number, PaymentState::Failed(PaymentFailure::TimedOut));
        }
    }

    /// Moves the Stars of an attempt to the bot and posts the service message. Returns that message, for
    /// which no update has been sent; `None` if the payment is impossible.
    pub(super) fn collect(&mut self, number: usize) -> Option<(Receipt, Value)> {
        let attempt = self.stars.attempt(number)?.clone();
        let stars = u32::try_from(attempt.total_amount).ok().filter(|_| attempt.currency == CURRENCY)?;
        let charge_id = self.stars.next_charge();
        if !self.stars.ledger.pay(attempt.user, stars, &charge_id, &attempt.payload) {
            return None;
        }
        self.stars.by_charge.insert(charge_id.clone(), number);
        let mut payment = payment_object(&attempt, &charge_id);
        payment["provider_payment_charge_id"] = json!(format!("{}_{}", attempt.user, number + 1));
        let message = self.announce(&attempt, "successful_payment", payment);
        let chat = message["chat"]["id"].as_i64()?;
        let message_id = message["message_id"].as_i64()?;
        Some((Receipt { charge_id, chat, message_id, update_id: 0 }, message))
    }

    /// Posts a service message about a payment in its chat and topic. Returns the message.
    fn announce(&mut self, attempt: &PaymentAttempt, kind: &str, object: Value) -> Value {
        let place = self.stars.checkouts.get(attempt.number).map(|checkout| checkout.place);
        let (chat, topic) = place.unwrap_or((attempt.user, None));
        if chat == attempt.user {
            self.open_private(chat);
        }
        let topics = self.chats.get(&chat).map(|state| &state.topics);
        let topic = topic.filter(|id| topics.is_some_and(|topics| topics.contains_key(id)));
        let body = Map::from_iter([(kind.to_owned(), object)]);
        let message = self.post(chat, Post { from: attempt.user, topic, body, ..Post::default() });
        // The invoice may stand elsewhere and shows who has paid it.
        self.touch(attempt.chat);
        message.raw
    }

    /// Refunds a payment, posts the service message and sends the update. Returns the update's id.
    pub(in super::super) fn refund(&mut self, charge_id: &str) -> Result<i64, NoRefund> {
        let message = self.give_back(charge_id)?;
        Ok(self.queue.push("message", message))
    }

    /// Refunds a payment and posts the service message. Returns that message, for which no update has been
    /// sent.
    pub(super) fn give_back(&mut self, charge_id: &str) -> Result<Value, NoRefund> {
        let attempt = self.stars.charge(charge_id).ok_or(NoRefund::UnknownCharge)?.clone();
        let PaymentState::Paid(receipt) = &attempt.state else { return Err(NoRefund::AlreadyRefunded) };
        let stars = u32::try_from(attempt.total_amount).map_err(|_| NoRefund::UnknownCharge)?;
        if !self.stars.ledger.give_back(attempt.user, stars, charge_id, &attempt.payload) {
            return Err(NoRefund::BalanceTooLow);
        }
        self.stars.set_state(attempt.number, PaymentState::Refunded(receipt.clone()));
        Ok(self.announce(&attempt, "refunded_payment", payment_object(&attempt, charge_id)))
    }
}

/// Returns the fields that `SuccessfulPayment` and `RefundedPayment` share.
fn payment_object(attempt: &PaymentAttempt, charge_id: &str) -> Value {
    json!({
        "currency": attempt.currency,
        "total_amount": attempt.total_amount,
        "invoice_payload": attempt.payload,
        "telegram_payment_charge_id": charge_id,
    })
}
