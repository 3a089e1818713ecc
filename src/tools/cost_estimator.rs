//! `cost_estimator`: estimates the cost of a piece of work with each model, so that the person can decide
//! before paying.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::execute_python;
use super::tool::{Failure, Output, Tool, ToolContext};
use crate::domain::money::Usd;
use crate::domain::tool::ToolName;
use crate::domain::usage::Usage;
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
    /// Characters that the model reads in one request, the conversation included.
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
}

fn once() -> u64 {
    1
}

impl Tool for CostEstimator {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::CostEstimator;
    const DESCRIPTION: &'static str = "Estimates in US dollars what work would cost this person with each available \
        model. Use it when they ask about prices or before work that is unusually large. Free. The result is an \
        estimate; exact costs stand in /balance afterwards.";

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        Output::free(estimate(&arguments, context))
    }
}

fn estimate(arguments: &Arguments, context: ToolContext<'_>) -> Result<Value, Failure> {
    let &Arguments { input_chars, output_chars, requests, web_searches } = arguments;
    if [input_chars, output_chars, requests, web_searches].iter().any(|&number| number > MOST)
        || requests == 0
    {
        return Err(Failure::arguments(format!("numbers must be at most {MOST}, requests at least 1")));
    }
    let usage = Usage {
        input: input_chars.div_ceil(CHARS_PER_TOKEN),
        output: output_chars.div_ceil(CHARS_PER_TOKEN),
        ..Usage::default()
    };
    let search = pricing::web_search(context.registry, context.today());
    let estimates: Vec<Value> = context
        .registry
        .offered()
        .map(|model| {
            let tokens = pricing::estimate(model, &usage, context.today());
            let one: Usd = tokens + search.times(web_searches);
            json!({"model": model.name, "usd_per_request": one, "usd_total": one.times(requests)})
        })
        .collect();
    let mut result =
        json!({"estimates": estimates, "input_tokens": usage.input, "output_tokens": usage.output});
    if context.sandboxes.is_some() {
        let minute = context.registry.tool_price(execute_python::SERVICE, context.today()).times(60);
        result["execute_python_usd_per_minute"] = json!(minute);
    }
    Ok(result)
}

#[cfg(test)]
mod tests;
