//! Tools that the model may call. The toolbox decides what is offered; the runner owns limits, the check of the balance
//! and the form of results; each tool has a file of its own.

mod cost_estimator;
pub mod errand;
mod list_files;
pub mod runner;
mod self_critique;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};

use self::errand::Delegate;
use crate::db::Db;
use crate::domain::ids::ThreadKey;
use crate::domain::money::Usd;
use crate::llm::registry::Registry;
use crate::llm::request::ToolSpec;
use crate::services::tab::Wish;

/// The tools of this installation, in the fixed order in which the model sees them.
#[derive(Clone, Debug, Default)]
pub struct Toolbox {
    tools: Vec<Tool>,
    specs: Arc<[ToolSpec]>,
}

/// A tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tool {
    /// Tells what something would cost.
    CostEstimator,
    /// Lets another model look for faults in an answer.
    SelfCritique,
    /// Lists the files of the conversation.
    ListFiles,
    /// Costs money; stands for those that do in tests of the runner.
    #[cfg(test)]
    Expensive,
}

/// What a tool may use while it works.
#[derive(Clone, Copy, Debug)]
pub struct Workshop<'a> {
    /// Models and prices.
    pub registry: &'a Registry,
    /// The time.
    pub now: DateTime<Utc>,
    /// What is stored.
    pub db: &'a Db,
    /// The conversation that the turn belongs to: whose data tools may read.
    pub key: ThreadKey,
    /// Who carries out errands.
    pub delegate: &'a dyn Delegate,
}

impl Workshop<'_> {
    /// The day whose prices hold.
    fn today(&self) -> NaiveDate {
        self.now.date_naive()
    }
}

/// What a tool has brought, and what that has cost.
#[derive(Clone, PartialEq, Debug)]
struct Output {
    result: Result<Value, Failure>,
    /// US dollars, of calls that stand on the turn's tab.
    cost: Usd,
}

/// What a tool costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Price {
    /// Nothing.
    Free,
    /// Something: so much has to be left to spend (`least`), and so much is reserved before it runs (`most`).
    Paid(Wish),
}

/// Why a tool has brought nothing: what the model reads, and can do better then.
#[derive(Clone, PartialEq, Debug)]
struct Failure {
    /// A word that tells the kind.
    error: &'static str,
    /// What to do about it.
    message: String,
}

impl Toolbox {
    /// All tools.
    pub fn full() -> Self {
        Self::of(vec![Tool::CostEstimator, Tool::SelfCritique, Tool::ListFiles])
    }

    fn of(tools: Vec<Tool>) -> Self {
        let specs = tools.iter().map(|tool| tool.spec()).collect();
        Self { tools, specs }
    }

    /// The tools of a model on an errand: it sends nobody on another one.
    #[must_use]
    pub fn for_errands(&self) -> Self {
        Self::of(self.tools.iter().copied().filter(|&tool| tool != Tool::SelfCritique).collect())
    }

    /// What the model is told, the same for all requests.
    pub fn specs(&self) -> &Arc<[ToolSpec]> {
        &self.specs
    }

    fn find(&self, name: &str) -> Option<Tool> {
        let index = self.specs.iter().position(|spec| spec.name == name)?;
        self.tools.get(index).copied()
    }
}

impl Tool {
    fn spec(self) -> ToolSpec {
        match self {
            Self::CostEstimator => cost_estimator::spec(),
            Self::SelfCritique => self_critique::spec(),
            Self::ListFiles => list_files::spec(),
            #[cfg(test)]
            Self::Expensive => {
                ToolSpec { name: "expensive", description: "Costs money.", schema: json!({"type": "object"}) }
            }
        }
    }

    /// What it costs. What costs something needs a balance that is not below zero, or more.
    fn price(self) -> Price {
        match self {
            Self::CostEstimator | Self::ListFiles => Price::Free,
            Self::SelfCritique => Price::Paid(self_critique::PRICE),
            #[cfg(test)]
            Self::Expensive => Price::Paid(Wish { least: Usd::ZERO, most: Usd::ZERO }),
        }
    }

    /// How long it may take.
    fn limit(self) -> Duration {
        match self {
            Self::SelfCritique => self_critique::LIMIT,
            Self::CostEstimator | Self::ListFiles => Duration::from_secs(60),
            #[cfg(test)]
            Self::Expensive => Duration::from_secs(60),
        }
    }

    async fn run(self, input: &Value, workshop: Workshop<'_>) -> Output {
        match self {
            Self::CostEstimator => Output::free(cost_estimator::run(input, workshop)),
            Self::SelfCritique => self_critique::run(input, workshop).await,
            Self::ListFiles => Output::free(list_files::run(input, workshop).await),
            #[cfg(test)]
            Self::Expensive => Output::free(Ok(json!({"done": true}))),
        }
    }
}

impl Output {
    fn free(result: Result<Value, Failure>) -> Self {
        Self { result, cost: Usd::ZERO }
    }
}

impl Failure {
    /// The arguments make no sense.
    fn arguments(message: impl Into<String>) -> Self {
        Self { error: "invalid_arguments", message: message.into() }
    }

    /// Something that it needs is away.
    fn unavailable(message: impl Into<String>) -> Self {
        Self { error: "unavailable", message: message.into() }
    }

    /// The user has too little money for it.
    fn no_money(tool: &str, balance: Usd, least: Usd) -> Value {
        json!({
            "error": "insufficient_balance",
            "message": "The balance of the person does not allow this tool. Tell them that /pay tops it up, and answer \
                        without this tool as well as you can.",
            "balance_usd": balance,
            "required_usd": least,
            "tool_name": tool,
        })
    }
}

/// What tools may use in their tests.
#[cfg(test)]
mod testing {
    use super::*;
    use crate::domain::ids::{ChatId, UserId};

    pub(super) fn workshop<'a>(registry: &'a Registry, db: &'a Db) -> Workshop<'a> {
        let key = ThreadKey { chat: ChatId(1), user: UserId(1), topic: None };
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        Workshop { registry, now, db, key, delegate: &errand::Nobody }
    }
}
