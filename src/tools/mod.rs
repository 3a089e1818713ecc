//! Tools that the model may call. The toolbox decides what is offered; the runner owns limits, the check of the balance
//! and the form of results; each tool has a file of its own.

mod cost_estimator;
pub mod runner;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::domain::money::Usd;
use crate::llm::registry::Registry;
use crate::llm::request::ToolSpec;

/// The tools of this installation, in the fixed order in which the model sees them.
#[derive(Clone, Debug, Default)]
pub struct Toolbox {
    tools: Vec<Tool>,
    specs: Vec<ToolSpec>,
}

/// A tool.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tool {
    /// Tells what something would cost.
    CostEstimator,
    /// Costs money; stands for those that do in tests of the runner.
    #[cfg(test)]
    Expensive,
}

/// What a tool may use while it works.
#[derive(Clone, Copy, Debug)]
pub struct Workshop<'a> {
    /// Models and prices.
    pub registry: &'a Registry,
    /// The day whose prices hold.
    pub today: NaiveDate,
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
        Self::of(vec![Tool::CostEstimator])
    }

    fn of(tools: Vec<Tool>) -> Self {
        let specs = tools.iter().map(|tool| tool.spec()).collect();
        Self { tools, specs }
    }

    /// What the model is told.
    pub fn specs(&self) -> &[ToolSpec] {
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
            #[cfg(test)]
            Self::Expensive => {
                ToolSpec { name: "expensive", description: "Costs money.", schema: json!({"type": "object"}) }
            }
        }
    }

    /// Whether it costs money, so that it needs a balance that is not below zero.
    fn is_paid(self) -> bool {
        match self {
            Self::CostEstimator => false,
            #[cfg(test)]
            Self::Expensive => true,
        }
    }

    async fn run(self, input: &Value, workshop: Workshop<'_>) -> Result<Value, Failure> {
        match self {
            Self::CostEstimator => std::future::ready(cost_estimator::run(input, workshop)).await,
            #[cfg(test)]
            Self::Expensive => Ok(json!({"done": true})),
        }
    }
}

impl Failure {
    /// The arguments make no sense.
    fn arguments(message: impl Into<String>) -> Self {
        Self { error: "invalid_arguments", message: message.into() }
    }

    /// The user has no money for it.
    fn no_money(tool: &str, balance: Usd) -> Value {
        json!({
            "error": "insufficient_balance",
            "message": "The balance of the person does not allow paid tools. Tell them that /pay tops it up, and answer \
                        without this tool as well as you can.",
            "balance_usd": balance,
            "tool_name": tool,
        })
    }
}
