//! The books: the database, prices, clock and operator's terms that every decision about money needs.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::pricing;
use crate::db::Db;
use crate::db::model_calls::PricedCall;
use crate::domain::clock::Clock;
use crate::domain::ids::UserId;
use crate::domain::money::Usd;
use crate::domain::turn::ModelCall;
use crate::llm::registry::Registry;

/// The books. Cloned only at start, shared afterwards.
#[derive(Clone, Debug)]
pub struct Books {
    /// The database that stores them.
    pub db: Db,
    /// The models and their prices.
    pub registry: Registry,
    /// The source of the current time.
    pub clock: Clock,
    /// The operator's terms.
    pub terms: Terms,
}

/// The operator's terms, from the settings.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The starter grant of a new user, US dollars.
    pub starter_balance: Usd,
    /// How far below zero a tool loop may take the balance before it gets its last answer.
    pub overdraft_limit: Usd,
    /// The cost of one request after which its user is asked whether to go on; zero for no limit.
    pub turn_limit: Usd,
    /// The most to which a user may raise that limit.
    pub most_turn_limit: Usd,
    /// The contact for questions about payments, such as `@name`.
    pub support_contact: Option<String>,
    /// How many bytes of files are fetched for one user in a day (UTC); 0 means no limit.
    pub file_bytes_per_day: u64,
    /// How long conversations are kept, in days.
    pub messages_kept_days: i64,
    /// Administrators; they are charged like everybody, but never stopped for lack of money.
    pub privileged: BTreeSet<UserId>,
}

impl Terms {
    /// The limits of a request that users are offered, in hundredths of a US dollar.
    const TURN_LIMITS: [i64; 8] = [10, 25, 50, 1_00, 2_00, 5_00, 10_00, 20_00];

    /// Returns the limits of a request that a user may choose, in order: lower than the operator's, or up to the most
    /// that the operator allows, which is one of them.
    pub fn turn_limits(&self) -> Vec<Usd> {
        let most = self.highest_turn_limit();
        let limits = Self::TURN_LIMITS.map(|cents| Usd(Decimal::new(cents, 2))).into_iter();
        let mut limits: Vec<Usd> = limits.filter(|limit| most.is_none_or(|most| *limit <= most)).collect();
        // The operator's own limit is offered as the default.
        limits.extend(
            most.filter(|most| *most != self.turn_limit && limits.last().is_none_or(|last| last < most)),
        );
        limits
    }

    /// Returns the limit of a request of a user who has chosen `own`; zero for no limit.
    pub fn turn_limit_of(&self, own: Option<Usd>) -> Usd {
        let allowed = |own: Usd| self.highest_turn_limit().map_or(own, |most| own.min(most));
        own.map_or(self.turn_limit, allowed)
    }

    /// `None` if the operator sets no limit at all.
    fn highest_turn_limit(&self) -> Option<Usd> {
        (self.turn_limit > Usd::ZERO).then(|| self.turn_limit.max(self.most_turn_limit))
    }
}

impl Books {
    /// Returns whether the user is an administrator.
    pub fn is_privileged(&self, user: UserId) -> bool {
        self.terms.privileged.contains(&user)
    }

    /// Returns the day (UTC) whose prices apply.
    pub fn today(&self) -> NaiveDate {
        self.clock.now().date_naive()
    }

    /// Returns a call with its cost.
    pub(crate) fn entry(&self, call: &ModelCall) -> PricedCall {
        let pricing::Priced { cost, prices } = pricing::price(&self.registry, call, self.today());
        PricedCall { call: call.clone(), cost, prices }
    }

    /// Returns the calls of an attempt with their costs.
    pub fn entries(&self, calls: &[ModelCall]) -> Vec<PricedCall> {
        calls.iter().map(|call| self.entry(call)).collect()
    }
}

#[cfg(test)]
mod tests;
