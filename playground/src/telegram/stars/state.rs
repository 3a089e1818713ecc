//! The state of Stars: invoices, attempts to pay with their deadlines, and the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::ledger::Ledger;
use super::types::{PaymentAttempt, PaymentState};

/// The currency code of Stars.
pub(in super::super) const CURRENCY: &str = "XTR";

/// An invoice of the bot.
#[derive(Debug, Clone)]
pub(in super::super) struct Invoice {
    pub title: String,
    pub description: String,
    pub payload: String,
    pub stars: u32,
}

/// Why a refund is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum NoRefund {
    UnknownCharge,
    AlreadyRefunded,
    BalanceTooLow,
}

/// An attempt with the fields that tests do not see.
#[derive(Debug)]
pub(super) struct Checkout {
    pub(super) attempt: PaymentAttempt,
    /// Chat and topic of the payment's service message.
    pub(super) place: (i64, Option<i64>),
    /// Until when the bot may answer.
    pub(super) deadline: Instant,
}

/// Invoices, attempts and the ledger.
#[derive(Debug, Default)]
pub(in super::super) struct Stars {
    pub ledger: Ledger,
    /// Invoice messages by chat and id.
    pub invoices: BTreeMap<(i64, i64), Invoice>,
    /// Invoice links by address.
    pub links: BTreeMap<String, Invoice>,
    pub(super) checkouts: Vec<Checkout>,
    /// Numbers of the waiting attempts. The lowest number has the earliest deadline.
    pub(super) waiting: BTreeSet<usize>,
    pub(super) by_query: BTreeMap<String, usize>,
    pub(super) by_charge: BTreeMap<String, usize>,
    /// Unix time in microseconds at the start, so that ids differ from those of other runs.
    seed: i64,
    issued: i64,
}

impl Stars {
    pub(in super::super) fn new() -> Self {
        Self { seed: chrono::Utc::now().timestamp_micros(), ..Self::default() }
    }

    /// Returns all attempts, oldest first.
    pub(in super::super) fn attempts(&self) -> impl DoubleEndedIterator<Item = &PaymentAttempt> {
        self.checkouts.iter().map(|checkout| &checkout.attempt)
    }

    pub(in super::super) fn attempt(&self, number: usize) -> Option<&PaymentAttempt> {
        self.checkouts.get(number).map(|checkout| &checkout.attempt)
    }

    /// Returns the payment with this charge id.
    pub(in super::super) fn charge(&self, charge_id: &str) -> Option<&PaymentAttempt> {
        self.attempt(*self.by_charge.get(charge_id)?)
    }

    /// Returns the earliest deadline of a waiting attempt.
    pub(in super::super) fn next_deadline(&self) -> Option<Instant> {
        self.checkouts.get(*self.waiting.first()?).map(|checkout| checkout.deadline)
    }

    /// Returns the attempt of a query id, if it still waits and its deadline has not passed.
    pub(in super::super) fn open_query(&self, query_id: &str, now: Instant) -> Option<usize> {
        let number = *self.by_query.get(query_id)?;
        let open = self.waiting.contains(&number) && self.checkouts.get(number)?.deadline > now;
        open.then_some(number)
    }

    /// Returns a number that no emulator has issued before.
    pub(super) fn next_number(&mut self) -> i64 {
        self.issued += 1;
        self.seed.wrapping_mul(1_000).wrapping_add(self.issued)
    }

    pub(in super::super) fn next_link(&mut self) -> String {
        format!("https://t.me/$emulated{:x}", self.next_number())
    }

    pub(super) fn next_charge(&mut self) -> String {
        let number = self.next_number();
        // Real ones look random; multiplying by an odd number keeps them different.
        format!("stx{:016x}{number:016x}", number.wrapping_mul(0x5851_f42d_4c95_7f2d))
    }

    pub(super) fn set_state(&mut self, number: usize, state: PaymentState) {
        self.waiting.remove(&number);
        if let Some(checkout) = self.checkouts.get_mut(number) {
            checkout.attempt.state = state;
        }
    }

    /// Records a new attempt.
    pub(super) fn begin(
        &mut self,
        ask: PaymentRequest,
        state: PaymentState,
        deadline: Instant,
    ) -> PaymentAttempt {
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

/// The payer, the amount and the place of a payment attempt.
#[derive(Debug)]
pub(super) struct PaymentRequest {
    pub(super) user: i64,
    pub(super) chat: i64,
    pub(super) message_id: Option<i64>,
    pub(super) place: (i64, Option<i64>),
    pub(super) currency: String,
    pub(super) total_amount: i64,
    pub(super) payload: String,
}
