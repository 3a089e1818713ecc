//! The price book: the cost of a model call as a pure function of its usage, and the most that a turn may
//! cost.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::domain::model::{Model, ModelId, Prices};
use crate::domain::money::Usd;
use crate::domain::turn::ModelCall;
use crate::domain::usage::Usage;
use crate::llm::registry::Registry;
use crate::llm::request::ServerTool;
use crate::llm::tokens::BYTES_PER_TOKEN;

/// The name of the provider's own search in the table of tools.
const WEB_SEARCH: &str = "web_search";
/// The name of speech to text in the table of tools; its unit is a second.
const TRANSCRIPTION: &str = "transcription";
/// Prompt tokens outside the text of the conversation: instructions, tools, markup.
const OVERHEAD_TOKENS: u64 = 4_000;

/// The cost of a call and the prices behind it.
#[derive(Clone, PartialEq, Debug)]
pub struct Priced {
    /// The exact cost.
    pub cost: Usd,
    /// The prices used, for the books.
    pub prices: Value,
}

/// Returns the cost of a call on a day. A name that is not in the table of models is looked up as a service
/// in the table of tools. What is no longer in either costs nothing, which is logged: the operator's loss is
/// better than a guess.
pub fn price(registry: &Registry, call: &ModelCall, on: NaiveDate) -> Priced {
    let Some(model) = registry.get(&call.model) else { return service(registry, call, on) };
    let search = search(registry, model, on);
    let prices = valid(model, call.usage.prompt(), on);
    Priced {
        cost: cost(&prices, search, &call.usage),
        prices: json!({ "tokens": prices, WEB_SEARCH: search }),
    }
}

/// Returns the price of a search that the provider runs for this model.
fn search(registry: &Registry, model: &Model, on: NaiveDate) -> Usd {
    registry.tool_price(model.search.as_deref().unwrap_or(WEB_SEARCH), on)
}

/// Returns the cost of this usage of a model on a day, searches included; zero if the table lacks the model.
pub(crate) fn expected(registry: &Registry, model: &ModelId, usage: &Usage, on: NaiveDate) -> Usd {
    registry.get(model).map_or(Usd::ZERO, |model| {
        cost(&valid(model, usage.prompt(), on), search(registry, model, on), usage)
    })
}

/// Returns the most that the searches of one request may cost on a day.
pub(crate) fn searches(registry: &Registry, tools: &[ServerTool], on: NaiveDate) -> Usd {
    let uses = |tool: &ServerTool| match tool {
        ServerTool::WebSearch(limits) => u64::from(limits.uses),
        ServerTool::WebFetch { .. } => 0,
    };
    web_search(registry, on).times(tools.iter().map(uses).sum())
}

/// Returns the price of one search of the web on a day.
pub(crate) fn web_search(registry: &Registry, on: NaiveDate) -> Usd {
    registry.tool_price(WEB_SEARCH, on)
}

/// Returns the cost of a call of a service that is charged by the second.
fn service(registry: &Registry, call: &ModelCall, on: NaiveDate) -> Priced {
    let second = registry.tool_price(&call.model.0, on);
    if second == Usd::ZERO {
        tracing::error!(model = %call.model, "no price is known for the model or service {}", call.model);
        return Priced { cost: Usd::ZERO, prices: json!({}) };
    }
    Priced { cost: Usd(second.0 * call.usage.seconds).kept(), prices: json!({ "second": second }) }
}

/// Returns the cost of `usage` at these prices.
pub fn cost(prices: &Prices, search: Usd, usage: &Usage) -> Usd {
    let tokens = [
        prices.input.per_million(usage.input),
        prices.cache_write_5m.per_million(usage.cache_write_5m),
        prices.cache_write_1h.per_million(usage.cache_write_1h),
        prices.cache_read.per_million(usage.cache_read),
        prices.output.per_million(usage.output),
        prices.image_output.unwrap_or(prices.output).per_million(usage.image_output),
    ];
    tokens.into_iter().sum::<Usd>() + search.times(usage.web_searches)
}

/// Returns the cost of transcribing a recording of this duration (at most three fraction digits) on a day. If
/// the table has no price, it costs nothing, which is logged: the operator's loss is better than a guess.
pub(crate) fn transcription(registry: &Registry, seconds: Decimal, on: NaiveDate) -> Priced {
    let price = registry.tool_price(TRANSCRIPTION, on);
    if price == Usd::ZERO {
        tracing::error!("no price is known for transcriptions");
    }
    Priced { cost: Usd(price.0 * seconds).kept(), prices: json!({ TRANSCRIPTION: price }) }
}

/// Returns the cost of a request with this usage on a day, without any caching.
pub fn estimate(model: &Model, usage: &Usage, on: NaiveDate) -> Usd {
    cost(&valid(model, usage.prompt(), on), Usd::ZERO, usage)
}

/// Returns the most that one more request may cost on a day: the whole prompt is written to the cache, and
/// the answer is as long as allowed.
pub fn bound(model: &Model, prompt_bytes: u64, on: NaiveDate) -> Usd {
    reserve(model, prompt_bytes, model.answer_limit(), on)
}

/// Returns the most that a request with an answer of `answer_tokens` may cost on a day.
pub fn reserve(model: &Model, prompt_bytes: u64, answer_tokens: u64, on: NaiveDate) -> Usd {
    let (prompt, prices) = most(model, prompt_bytes, on);
    prompt + prices.output.per_million(answer_tokens)
}

/// Returns the number of answer tokens that `budget` is sure to pay for, with a prompt of `prompt_bytes`.
pub fn affordable(model: &Model, prompt_bytes: u64, budget: Usd, on: NaiveDate) -> u64 {
    let (prompt, prices) = most(model, prompt_bytes, on);
    (budget - prompt).count_at(prices.output).min(model.answer_limit())
}

/// Returns the most that a prompt of `prompt_bytes` may cost, and the prices that apply.
fn most(model: &Model, prompt_bytes: u64, on: NaiveDate) -> (Usd, Prices) {
    let prompt = (prompt_bytes / BYTES_PER_TOKEN + OVERHEAD_TOKENS).min(model.window);
    let prices = valid(model, prompt, on);
    // The system prompt is cached for an hour, the conversation for five minutes.
    let cost = prices.cache_write_1h.per_million(OVERHEAD_TOKENS)
        + prices.input.max(prices.cache_write_5m).per_million(prompt);
    (cost, prices)
}

/// Returns the price row that applies on a day to a prompt of `prompt_tokens`.
fn valid(model: &Model, prompt_tokens: u64, on: NaiveDate) -> Prices {
    let begun = |row: &&Prices| row.since.is_none_or(|since| since <= on);
    let newest = model.prices.iter().filter(begun).map(|row| row.since).max().flatten();
    let mut rows = model.prices.iter().filter(|row| row.since == newest);
    let fitting = rows.find(|row| row.up_to_prompt.is_none_or(|most| prompt_tokens <= most));
    // The registry guarantees a row without limits.
    *fitting.unwrap_or(&model.prices[model.prices.len() - 1])
}

#[cfg(test)]
mod tests;
