//! `cost_estimator`: estimates the cost of a piece of work with each model and with the paid services of tools,
//! so that the person can decide before paying. The prices are those that calls are charged at.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::execute_python;
use super::generate_image;
use super::tool::{Failure, Output, Tool, ToolContext};
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::domain::usage::Usage;
use crate::llm::gemini::Size;
use crate::llm::registry::Registry;
use crate::services::pricing;

/// The largest accepted number; larger ones are mistakes.
const MOST: u64 = 1_000_000_000;
/// Approximate characters per token; the result says that it is an estimate.
const CHARS_PER_TOKEN: u64 = 3;

/// The tool `cost_estimator`.
pub(super) struct CostEstimator;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Characters that the model reads in one request, the conversation included. A picture in the
    /// conversation counts as 5,000, a page of a PDF as 9,000.
    input_chars: u64,
    /// Characters that the model writes in one request.
    output_chars: u64,
    /// How many such requests; 1 if left out.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    requests: u64,
    /// Searches of the web in one request; none if left out. What they find counts as characters that are
    /// read.
    #[serde(default)]
    web_searches: u64,
    /// Pictures that are drawn in one request, other than in 4K; none if left out.
    #[serde(default)]
    pictures: u64,
    /// Pictures in 4K that are drawn in one request; none if left out.
    #[serde(default)]
    pictures_4k: u64,
    /// Seconds for which Python runs in one request; none if left out.
    #[serde(default)]
    python_seconds: u64,
    /// Seconds of voice messages, audio or video that are transcribed in one request; none if left out.
    #[serde(default)]
    recording_seconds: u64,
}

fn once() -> u64 {
    1
}

impl Tool for CostEstimator {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::CostEstimator;
    const DESCRIPTION: &'static str = "Estimates in US dollars what work would cost this person with each available \
        model, paid tools included: searches of the web, drawn pictures, seconds of Python, seconds of recordings. Use it \
        when they ask about prices or before work that is unusually large. Free. `tools_usd_per_request` is the part that \
        is the same with every model; `prices_usd` has the price of one use of each paid tool. The result is an estimate; \
        exact costs stand in /balance afterwards.";

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        let services = Services {
            pictures: context.pictures.can_draw(),
            python: context.sandboxes.is_some(),
            recordings: context.transcripts.is_some(),
        };
        Output::free(estimate(&arguments, services, context.registry, context.today()))
    }
}

/// The paid services that this installation has besides models and their searches.
#[derive(Clone, Copy, Debug)]
struct Services {
    pictures: bool,
    python: bool,
    recordings: bool,
}

fn estimate(
    arguments: &Arguments,
    services: Services,
    registry: &Registry,
    today: NaiveDate,
) -> Result<Value, Failure> {
    arguments.check(services)?;
    let usage = Usage {
        input: arguments.input_chars.div_ceil(CHARS_PER_TOKEN),
        output: arguments.output_chars.div_ceil(CHARS_PER_TOKEN),
        ..Usage::default()
    };
    let tools = of_tools(arguments, registry, today);
    let of_model = |model| {
        let one = pricing::estimate(model, &usage, today) + tools;
        json!({"model": model.name, "usd_per_request": one, "usd_total": one.times(arguments.requests)})
    };
    Ok(json!({
        "estimates": registry.offered_on(today).map(of_model).collect::<Vec<_>>(),
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "tools_usd_per_request": tools,
        "prices_usd": prices(services, registry, today),
    }))
}

impl Arguments {
    fn check(&self, services: Services) -> Result<(), Failure> {
        let &Self { input_chars, output_chars, requests, web_searches, .. } = self;
        let &Self { pictures, pictures_4k, python_seconds, recording_seconds, .. } = self;
        let numbers = [input_chars, output_chars, requests, web_searches, pictures, pictures_4k];
        if numbers.into_iter().chain([python_seconds, recording_seconds]).any(|number| number > MOST)
            || requests == 0
        {
            return Err(Failure::arguments(format!("numbers must be at most {MOST}, requests at least 1")));
        }
        let missing = [
            (pictures + pictures_4k, services.pictures, "drawn"),
            (python_seconds, services.python, "computed with Python"),
            (recording_seconds, services.recordings, "transcribed"),
        ];
        match missing.into_iter().find(|(wanted, exists, _)| *wanted > 0 && !exists) {
            Some((_, _, done)) => {
                let message = format!("Nothing is {done} in this installation, so it has no price here.");
                Err(Failure { error: "not_available", message })
            }
            None => Ok(()),
        }
    }
}

/// Returns the cost of the paid tools in one request.
fn of_tools(arguments: &Arguments, registry: &Registry, today: NaiveDate) -> Usd {
    let picture = |size| generate_image::usual_cost(size, registry, today);
    let seconds = Decimal::from(arguments.recording_seconds);
    [
        pricing::web_search(registry, today).times(arguments.web_searches),
        picture(Size::OneK).times(arguments.pictures),
        picture(Size::FourK).times(arguments.pictures_4k),
        registry.tool_price(execute_python::SERVICE, today).times(arguments.python_seconds),
        pricing::transcription(registry, seconds, today).cost,
    ]
    .into_iter()
    .sum()
}

/// Returns the unit prices of the paid tools.
fn prices(services: Services, registry: &Registry, today: NaiveDate) -> Value {
    let mut prices = json!({"web_search": pricing::web_search(registry, today)});
    if services.pictures {
        prices["picture"] = json!(generate_image::usual_cost(Size::OneK, registry, today));
        prices["picture_4k"] = json!(generate_image::usual_cost(Size::FourK, registry, today));
    }
    if services.python {
        prices["python_minute"] = json!(registry.tool_price(execute_python::SERVICE, today).times(60));
    }
    if services.recordings {
        prices["recording_minute"] = json!(pricing::transcription(registry, Decimal::from(60), today).cost);
    }
    prices
}

#[cfg(test)]
mod tests;
