//! What a tool is: the trait that each one implements, what it may use while it works, and what it returns.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::subagent::RunSubagent;
use crate::db::Db;
use crate::domain::ids::ThreadKey;
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::llm::registry::Registry;
use crate::llm::request::ToolSpec;
use crate::services::metering::PaidWork;

/// A tool that the model may call.
pub(super) trait Tool {
    /// What the model supplies. The doc comments of its fields are what the model reads about them.
    type Arguments: DeserializeOwned + JsonSchema + Send;
    /// What the model calls it.
    const NAME: ToolName;
    /// When the model should use it, when not, what it costs and what it returns.
    const DESCRIPTION: &'static str;
    /// What it costs.
    const PRICE: Price = Price::Free;
    /// How long it may take.
    const TIME_LIMIT: Duration = Duration::from_secs(60);

    /// Does the work. It is dropped when its time is over or the turn is cut.
    fn run(arguments: Self::Arguments, context: ToolContext<'_>) -> impl Future<Output = Output> + Send;
}

/// What a tool costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Price {
    /// Nothing.
    Free,
    /// Something: so much has to be left to spend (`least`), and so much is reserved before it runs (`most`).
    Paid(PaidWork),
}

/// What a tool may use while it works.
#[derive(Clone, Copy, Debug)]
pub struct ToolContext<'a> {
    /// Models and prices.
    pub registry: &'a Registry,
    /// The time.
    pub now: DateTime<Utc>,
    /// What is stored.
    pub db: &'a Db,
    /// The conversation that the turn belongs to: the only one whose data a tool may read.
    pub key: ThreadKey,
    /// Runs sub-agents.
    pub subagents: &'a dyn RunSubagent,
}

impl ToolContext<'_> {
    /// The day whose prices hold.
    pub(super) fn today(&self) -> NaiveDate {
        self.now.date_naive()
    }
}

/// What a tool returns, and what that has cost.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Output {
    pub(super) result: Result<Value, Failure>,
    /// US dollars, of calls that are recorded with the turn's.
    pub(super) cost: Usd,
}

impl Output {
    /// The result of work that costs nothing.
    pub(super) fn free(result: Result<Value, Failure>) -> Self {
        Self { result, cost: Usd::ZERO }
    }
}

/// Why a tool has no result. The model reads it and can do better.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Failure {
    /// A word for the kind of failure.
    pub(super) error: &'static str,
    /// What to do about it.
    pub(super) message: String,
}

impl Failure {
    /// The arguments make no sense.
    pub(super) fn arguments(message: impl Into<String>) -> Self {
        Self { error: "invalid_arguments", message: message.into() }
    }

    /// Something that the tool needs is away.
    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self { error: "unavailable", message: message.into() }
    }
}

/// A tool as the toolbox and the runner see it, whatever its arguments are.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) spec: ToolSpec,
    pub(super) price: Price,
    pub(super) time_limit: Duration,
    pub(super) run: Run,
}

/// Reads the arguments and does the work.
pub(super) type Run = for<'a> fn(&'a Value, ToolContext<'a>) -> BoxFuture<'a, Output>;

impl Definition {
    pub(super) fn of<T: Tool>() -> Self {
        let spec =
            ToolSpec { name: T::NAME.name(), description: T::DESCRIPTION, schema: schema::<T::Arguments>() };
        Self { spec, price: T::PRICE, time_limit: T::TIME_LIMIT, run: run::<T> }
    }
}

fn run<'a, T: Tool>(input: &'a Value, context: ToolContext<'a>) -> BoxFuture<'a, Output> {
    async move {
        match T::Arguments::deserialize(input) {
            Ok(arguments) => T::run(arguments, context).await,
            Err(error) => Output::free(Err(Failure::arguments(error.to_string()))),
        }
    }
    .boxed()
}

/// The JSON schema of arguments, with what the provider's own types know and nothing else.
fn schema<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    strip(&mut schema);
    if let Some(fields) = schema.as_object_mut() {
        fields.remove("additionalProperties");
        fields.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// Removes names of Rust types and number formats. A property may be called `title`, so only texts are removed.
fn strip(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, value| !(matches!(name.as_str(), "title" | "format") && value.is_string()));
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// What tools may use in their tests.
#[cfg(test)]
pub(super) mod testing {
    use super::super::subagent::Unavailable;
    use super::*;
    use crate::domain::ids::{ChatId, UserId};

    pub(in super::super) fn tool_context<'a>(registry: &'a Registry, db: &'a Db) -> ToolContext<'a> {
        let key = ThreadKey { chat: ChatId(1), user: UserId(1), topic: None };
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        ToolContext { registry, now, db, key, subagents: &Unavailable }
    }
}
