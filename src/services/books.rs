//! What every decision about money needs: the database, the prices, the time and the operator's terms.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::pricing;
use crate::db::Db;
use crate::db::model_calls::PricedCall;
use crate::domain::clock::Clock;
use crate::domain::ids::UserId;
use crate::domain::money::Usd;
use crate::domain::turn::ModelCall;
use crate::llm::registry::Registry;

/// The books. Cheap enough to clone at start, shared afterwards.
#[derive(Clone, Debug)]
pub struct Books {
    /// Where they are kept.
    pub db: Db,
    /// The models and their prices.
    pub registry: Registry,
    /// The time.
    pub clock: Clock,
    /// What the operator has decided.
    pub terms: Terms,
}

/// The operator's terms, from the settings.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// What a new user gets.
    pub starter_balance: Usd,
    /// How far below zero a tool loop may go before it is asked for its last answer.
    pub overdraft_limit: Usd,
    /// Whom people ask about payments, such as `@name`.
    pub support_contact: Option<String>,
    /// How long conversations are kept, in days.
    pub messages_kept_days: i64,
    /// Administrators; they are charged like everybody, but never stopped for lack of money.
    pub privileged: BTreeSet<UserId>,
}

impl Books {
    /// Whether the user is an administrator.
    pub fn is_privileged(&self, user: UserId) -> bool {
        self.terms.privileged.contains(&user)
    }

    /// The day (UTC) whose prices hold.
    pub fn today(&self) -> NaiveDate {
        self.clock.now().date_naive()
    }

    /// A call with its cost.
    pub(super) fn entry(&self, call: &ModelCall) -> PricedCall {
        let pricing::Priced { cost, prices } = pricing::price(&self.registry, call, self.today());
        PricedCall { call: call.clone(), cost, prices }
    }

    /// The calls of an attempt with their costs.
    pub fn entries(&self, calls: &[ModelCall]) -> Vec<PricedCall> {
        calls.iter().map(|call| self.entry(call)).collect()
    }
}
