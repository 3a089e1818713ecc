//! The trait that each tool implements, the context of a tool, and its result.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::delivery::DeliverFiles;
pub(super) use super::failure::Failure;
use super::funds::{self, Allowance, Unfunded};
use super::outages::Outages;
use super::progress::Progress;
use super::subagent::RunSubagent;
use crate::db::Db;
use crate::domain::ids::{ThreadId, ThreadKey, TurnId};
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::domain::turn::{ModelCall, TurnPayer};
use crate::llm::message::ToolImage;
use crate::llm::registry::Registry;
use crate::llm::request::ToolSpec;
use crate::services::file_previews::FilePreviews;
use crate::services::file_transcripts::FileTranscripts;
use crate::services::file_views::FileViews;
use crate::services::made_files::MadeFiles;
use crate::services::metering::{PaidWork, Reservation, TurnMeter};
use crate::services::pictures::Pictures;
use crate::services::pricing;
use crate::services::sandboxes::Sandboxes;

/// A tool that the model may call.
pub(super) trait Tool {
    /// The arguments from the model. The model reads the doc comments of the fields.
    type Arguments: DeserializeOwned + JsonSchema + Send;
    /// The name that the model uses.
    const NAME: ToolName;
    /// The instructions for the model: when to use the tool and when not, what it costs and what it returns.
    const DESCRIPTION: &'static str;
    /// The price of a run. A tool whose runs may cost anything needs the sentence `paid-<name>`.
    const PRICE: Price = Price::Free;
    /// Time limit of a run.
    const TIME_LIMIT: Duration = Duration::from_secs(60);

    /// Runs the tool. The future is dropped when its time is over or the turn is cut.
    fn run(arguments: Self::Arguments, context: ToolContext<'_>) -> impl Future<Output = Output> + Send;
}

/// The price of a tool.
#[derive(Clone, Copy, Debug)]
pub(super) enum Price {
    /// No run ever costs anything.
    Free,
    /// The tool reserves the money itself, once it knows what its work may cost.
    ReservedByTool,
    /// `least` must be left to spend, and `most` is reserved before the tool runs.
    Paid(PaidWork),
    /// The same, with amounts that depend on the arguments and the price table.
    Varying(for<'a> fn(&Value, ToolContext<'a>) -> PaidWork),
}

/// The services and data that a tool may use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToolContext<'a> {
    /// The models and their prices.
    pub registry: &'a Registry,
    /// The current time.
    pub now: DateTime<Utc>,
    /// The database.
    pub db: &'a Db,
    /// The files that tools make, and what may be sent.
    pub made_files: &'a MadeFiles,
    /// Reads documents as text.
    pub previews: &'a FilePreviews,
    /// Prepares pictures and PDFs for questions about them.
    pub views: &'a FileViews,
    /// Turns speech into text; `None` if it is not set up.
    pub transcripts: Option<&'a FileTranscripts>,
    /// Makes pictures, and scales them down for the model.
    pub pictures: &'a Pictures,
    /// The sandboxes of conversations; `None` without a key for them.
    pub sandboxes: Option<&'a Sandboxes>,
    /// The turn's row, to which the files that a tool makes belong.
    pub turn: TurnId,
    /// The conversation of the turn: the only one whose data a tool may read.
    pub key: ThreadKey,
    /// Its row.
    pub thread: ThreadId,
    /// Who pays for the turn.
    pub payer: TurnPayer,
    /// Runs sub-agents.
    pub subagents: &'a dyn RunSubagent,
    /// Sends files to the chat of the turn.
    pub delivery: &'a dyn DeliverFiles,
    /// Records the calls of paid services with those of the turn, and reserves money.
    pub meter: &'a TurnMeter,
    /// What the tools of a sub-agent may still cost; `None` in a turn, whose balance decides.
    pub allowance: Option<&'a Allowance>,
    /// Shows what the call prints while it runs.
    pub progress: Progress<'a>,
    /// The services of tools that are down.
    pub outages: &'a Outages,
}

impl ToolContext<'_> {
    /// Returns the cost of a call of a paid service, as the turn is charged for it.
    pub(super) fn cost(&self, call: &ModelCall) -> Usd {
        pricing::price(self.registry, call, self.today()).cost
    }

    /// Reserves money for paid work until the result is dropped.
    pub(super) async fn reserve(&self, work: PaidWork) -> Result<Option<Reservation>, Unfunded> {
        funds::reserve(self.allowance, self.meter, work).await
    }

    /// Returns the day whose prices apply.
    pub(super) fn today(&self) -> NaiveDate {
        self.now.date_naive()
    }
}

/// The result of a tool and its cost.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Output {
    pub(super) result: Result<Value, Failure>,
    /// The cost in US dollars: of calls that are recorded with the turn's, or of what was charged by itself.
    pub(super) cost: Usd,
    /// The pictures that the model sees below the result, in order.
    pub(super) images: Vec<ToolImage>,
}

impl Output {
    /// Creates the result of work without cost.
    pub(super) fn free(result: Result<Value, Failure>) -> Self {
        Self::costing(result, Usd::ZERO)
    }

    /// Creates the result of work whose calls, recorded with the turn's, cost this much.
    pub(super) fn costing(result: Result<Value, Failure>, cost: Usd) -> Self {
        Self { result, cost, images: Vec::new() }
    }

    /// Adds pictures for the model. The runner leaves out what exceeds its limits and says so.
    pub(super) fn with_images(self, images: Vec<ToolImage>) -> Self {
        Self { images, ..self }
    }
}

/// A tool as the toolbox and the runner see it, independent of its argument type.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) spec: ToolSpec,
    pub(super) price: Price,
    pub(super) time_limit: Duration,
    pub(super) run: Run,
}

/// Parses the arguments and runs the tool.
pub(super) type Run = for<'a> fn(&'a Value, ToolContext<'a>) -> BoxFuture<'a, Output>;

impl Definition {
    pub(super) fn of<T: Tool>() -> Self {
        let spec =
            ToolSpec { name: T::NAME.name(), description: T::DESCRIPTION, schema: schema::<T::Arguments>() };
        Self { spec, price: T::PRICE, time_limit: T::TIME_LIMIT, run: run::<T> }
    }

    /// Returns whether no run ever costs anything.
    pub(super) fn is_free(&self) -> bool {
        matches!(self.price, Price::Free)
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

/// Returns the JSON schema of arguments, reduced to what the provider's own types support.
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

/// Removes names of Rust types and number formats. A property may be called `title`, so only string values
/// are removed.
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

/// Values for tests of tools.
#[cfg(test)]
pub(super) mod testing {
    use super::super::delivery::NoDelivery;
    use super::super::subagent::Unavailable;
    use super::*;
    use crate::domain::ids::{ChatId, OwnerId, UserId};
    use crate::services::metering;

    pub(in super::super) fn tool_context<'a>(
        registry: &'a Registry,
        made_files: &'a MadeFiles,
    ) -> ToolContext<'a> {
        let key = ThreadKey { chat: ChatId(1), owner: OwnerId(1), topic: None };
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let db = made_files.db();
        let previews = Box::leak(Box::new(FilePreviews::nowhere()));
        let views = Box::leak(Box::new(FileViews::nowhere()));
        let pictures = Box::leak(Box::new(Pictures::nowhere()));
        let meter = Box::leak(Box::new(metering::channel().0));
        let outages = Box::leak(Box::new(Outages::default()));
        let (thread, subagents, delivery) = (ThreadId(1), &Unavailable, &NoDelivery);
        ToolContext {
            registry,
            now,
            db,
            made_files,
            previews,
            views,
            transcripts: None,
            pictures,
            sandboxes: None,
            turn: TurnId(1),
            key,
            thread,
            payer: UserId(1).into(),
            subagents,
            delivery,
            meter,
            allowance: None,
            progress: Progress::NOWHERE,
            outages,
        }
    }
}
