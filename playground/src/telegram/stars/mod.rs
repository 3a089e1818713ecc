//! Telegram Stars: invoices, attempts to pay them, and refunds. An attempt asks the bot by a pre-checkout
//! query; when the bot agrees in time, the Stars change hands and a service message tells both sides.
//! The books are in `ledger`, what people do in `person`.

mod ledger;
mod person;
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::world::{Post, World};

pub(super) use self::ledger::{Ledger, Partner, Transaction};
pub(super) use self::person::expire;
pub use self::types::{PaymentAttempt, PaymentFailure, PaymentState, Receipt};

/// The currency code of Stars.
pub(super) const CURRENCY: &str = "XTR";

/// What the bot offers.
#[derive(Debug, Clone)]
pub(super) struct Invoice {
    pub title: String,
    pub description: String,
    pub payload: String,
    pub stars: u32,
}

/// Why Stars are not given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRefund {
    UnknownCharge,
    AlreadyRefunded,
    BalanceTooLow,
}

/// An attempt and what only the emulator knows of it.
#[derive(Debug)]
struct Checkout {
    attempt: PaymentAttempt,
    /// Chat and topic in which the payment will show.
    place: (i64, Option<i64>),
    /// When the bot's time to answer is over.
    deadline: Instant,
}

/// Invoices, attempts and the books.
#[derive(Debug, Default)]
pub(super) struct Stars {
    pub ledger: Ledger,
    /// Invoice messages by chat and id.
    pub invoices: BTreeMap<(i64, i64), Invoice>,
    /// Invoice links by address.
    pub links: BTreeMap<String, Invoice>,
    checkouts: Vec<Checkout>,
    /// Numbers of the attempts that wait; the oldest has the earliest deadline.
    waiting: BTreeSet<usize>,
    by_query: BTreeMap<String, usize>,
    by_charge: BTreeMap<String, usize>,
    /// Microseconds at the start: ids of this run differ from those of any other.
    seed: i64,
    issued: i64,
}

impl Stars {
    pub(super) fn new() -> Self {
        Self { seed: chrono::Utc::now().timestamp_micros(), ..Self::default() }
    }

    /// All attempts, oldest first.
    pub(super) fn attempts(&self) -> impl DoubleEndedIterator<Item = &PaymentAttempt> {
        self.checkouts.iter().map(|checkout| &checkout.attempt)
    }

    pub(super) fn attempt(&self, number: usize) -> Option<&PaymentAttempt> {
        self.checkouts.get(number).map(|checkout| &checkout.attempt)
    }

    /// The payment with this charge id.
    pub(super) fn charge(&self, charge_id: &str) -> Option<&PaymentAttempt> {
        self.attempt(*self.by_charge.get(charge_id)?)
    }

    /// When the next attempt runs out of time.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.checkouts.get(*self.waiting.first()?).map(|checkout| checkout.deadline)
    }

    /// The attempt that a query id belongs to, while it waits and the time is not over.
    pub(super) fn open_query(&self, query_id: &str, now: Instant) -> Option<usize> {
        let number = *self.by_query.get(query_id)?;
        let open = self.waiting.contains(&number) && self.checkouts.get(number)?.deadline > now;
        open.then_some(number)
    }

    /// A number that no other emulator has issued or will issue.
    fn next_number(&mut self) -> i64 {
        self.issued += 1;
        self.seed.wrapping_mul(1_000).wrapping_add(self.issued)
    }

    pub(super) fn next_link(&mut self) -> String {
        format!("https://t.me/$emulated{:x}", self.next_number())
    }

    fn next_charge(&mut self) -> String {
        let number = self.next_number();
        // Real ones look random; multiplying by an odd number keeps them different.
        format!("stx{:016x}{number:016x}", number.wrapping_mul(0x5851_f42d_4c95_7f2d))
    }

    fn set_state(&mut self, number: usize, state: PaymentState) {
        self.waiting.remove(&number);
        if let Some(checkout) = self.checkouts.get_mut(number) {
            checkout.attempt.state = state;
        }
    }

    /// Notes a new attempt.
    fn begin(&mut self, ask: PaymentRequest, state: PaymentState, deadline: Instant) -> PaymentAttempt {
        let attempt = PaymentAttempt {
            number: self.checkouts.len(),
            user: ask.user,
            chat: ask.chat,
            message_id: ask.message_id,
            currency: ask.currency,
            total_amount: ask.total_amount,
            payload: ask.payload,
            query_id: String::new(),
            update_id: 0,
            state,
        };
        self.checkouts.push(Checkout { attempt: attempt.clone(), place: ask.place, deadline });
        attempt
    }
}

/// Who is to pay what, and where it shows.
#[derive(Debug)]
struct PaymentRequest {
    user: i64,
    chat: i64,
    message_id: Option<i64>,
    place: (i64, Option<i64>),
    currency: String,
    total_amount: i64,
    payload: String,
}

impl World {
    /// Asks the bot whether it agrees to a payment.
    fn ask_bot(&mut self, ask: PaymentRequest) -> PaymentAttempt {
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

    /// Notes an attempt that failed before anybody was asked.
    fn fail_attempt(&mut self, ask: PaymentRequest, failure: PaymentFailure) -> PaymentAttempt {
        self.stars.begin(ask, PaymentState::Failed(failure), Instant::now())
    }

    /// The bot agreed: the Stars change hands, unless they are gone by now, and the bot is told.
    pub(super) fn approve(&mut self, number: usize) {
        let state = match self.collect(number) {
            Some((mut receipt, message)) => {
                receipt.update_id = self.queue.push("message", message);
                PaymentState::Paid(receipt)
            }
            None => PaymentState::Failed(PaymentFailure::NotEnoughStars),
        };
        self.stars.set_state(number, state);
    }

    /// The bot does not want the payment.
    pub(super) fn decline(&mut self, number: usize, explanation: &str) {
        let failure = PaymentFailure::Declined(explanation.to_owned());
        self.stars.set_state(number, PaymentState::Failed(failure));
    }

    /// Ends the attempts whose time is over.
    pub(super) fn expire_payments(&mut self, now: Instant) {
        while self.stars.next_deadline().is_some_and(|deadline| deadline <= now) {
            let Some(number) = self.stars.waiting.pop_first() else { return };
            self.stars.set_state(number, PaymentState::Failed(PaymentFailure::TimedOut));
        }
    }

    /// Takes the Stars of an attempt and shows it in the chat. Gives back the service message; nobody has
    /// told the bot of it.
    fn collect(&mut self, number: usize) -> Option<(Receipt, Value)> {
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

    /// Puts a service message about a payment where the payment belongs, and returns it.
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

    /// Gives the Stars of a payment back and tells both sides; returns the update's id.
    pub(super) fn refund(&mut self, charge_id: &str) -> Result<i64, NoRefund> {
        let message = self.give_back(charge_id)?;
        Ok(self.queue.push("message", message))
    }

    /// Gives the Stars of a payment back and shows it in the chat. Gives back the service message; nobody has
    /// told the bot of it.
    fn give_back(&mut self, charge_id: &str) -> Result<Value, NoRefund> {
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

/// What `SuccessfulPayment` and `RefundedPayment` have in common.
fn payment_object(attempt: &PaymentAttempt, charge_id: &str) -> Value {
    json!({
        "currency": attempt.currency,
        "total_amount": attempt.total_amount,
        "invoice_payload": attempt.payload,
        "telegram_payment_charge_id": charge_id,
    })
}
