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

/// Returns the cost of a call on a day. A name that is not in the table of models is looked up as a service in
/// the table of tools. What is no longer in either costs nothing, which is logged: the owner's loss is better
/// than a guess.
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
/// the table has no price, it costs nothing, which is logged: the owner's loss is better than a guess.
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
mod tests {
    use super::*;

    fn usd(text: &str) -> Usd {
        Usd(text.parse().unwrap())
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn call(model: &str, usage: Usage) -> ModelCall {
        ModelCall {
            number: 0,
            model: ModelId(model.to_owned()),
            request_id: None,
            ended: "end_turn".to_owned(),
            usage,
            estimated: false,
            first_text_ms: None,
            duration_ms: 0,
        }
    }

    #[test]
    fn a_call_costs_the_sum_of_its_parts() {
        let registry = Registry::load(None).unwrap();
        let usage = |input, cache_write_5m, cache_write_1h, cache_read, output, web_searches| Usage {
            input,
            cache_write_5m,
            cache_write_1h,
            cache_read,
            output,
            thinking: output / 2,
            web_searches,
            ..Usage::default()
        };
        for (model, usage, cost) in [
            ("claude-sonnet-5-5", usage(0, 0, 0, 0, 0, 0), "0"),
            ("claude-sonnet-5-5", usage(1_000, 0, 0, 0, 500, 0), "0.007"),
            ("claude-sonnet-5-5", usage(1, 2, 3, 4, 5, 6), "0.0600694"),
            ("claude-opus-5-5", usage(7, 11, 13, 17, 19, 0), "0.0005704"),
            ("claude-haiku-5-5", usage(50_000, 25_000, 0, 25_000, 100, 0), "0.008425"),
            ("claude-haiku-5-5", usage(50_000, 25_000, 0, 25_001, 100, 0), "0.04212505"),
            ("claude-of-yesterday", usage(1_000, 0, 0, 0, 0, 0), "0"),
        ] {
            let priced = price(&registry, &call(model, usage), day("2026-11-21"));
            assert_eq!(priced.cost, usd(cost), "{model} {usage:?}");
        }
    }

    #[test]
    fn pictures_cost_their_own_price_and_services_their_time() {
        let registry = Registry::load(None).unwrap();
        let usage = Usage { output: 10, image_output: 1_000, ..Usage::default() };
        let mut prices = registry.default_model().prices[0];
        assert_eq!(cost(&prices, Usd::ZERO, &usage), usd("0.0101"), "a model without pictures");
        prices.image_output = Some(usd("60"));
        assert_eq!(cost(&prices, Usd::ZERO, &usage), usd("0.0601"));
        let usage = Usage { seconds: "12.345".parse().unwrap(), ..Usage::default() };
        let priced = price(&registry, &call(TRANSCRIPTION, usage), day("2026-11-21"));
        assert_eq!((priced.cost, priced.prices), (usd("0.000925875"), json!({"second": "0.000075"})));
    }

    #[test]
    fn a_drawn_picture_costs_what_its_row_says() {
        let registry = Registry::load(None).unwrap();
        // Text and pictures of the prompt, thoughts, a picture of 2K, two searches.
        let usage =
            Usage { input: 578, output: 230, image_output: 1_120, web_searches: 2, ..Usage::default() };
        let priced = price(&registry, &call("gemini-3-pro-image", usage), day("2026-11-21"));
        assert_eq!(priced.cost, usd("0.166316"));
        assert_eq!(
            (&priced.prices["web_search"], &priced.prices["tokens"]["image_output"]),
            (&json!("0.014"), &json!("120"))
        );
        let model = ModelId("gemini-3-pro-image".to_owned());
        assert_eq!(expected(&registry, &model, &usage, day("2026-11-21")), priced.cost);
        assert_eq!(expected(&registry, &ModelId("x".to_owned()), &usage, day("2026-11-21")), Usd::ZERO);
        assert!(registry.offered().all(|model| model.prices.iter().all(|row| row.image_output.is_none())));
    }

    #[test]
    fn a_recording_costs_its_duration_to_the_ninth_digit() {
        let registry = Registry::load(None).unwrap();
        for (seconds, cost) in [
            ("0", "0"),
            ("1", "0.000075"),
            ("0.001", "0.000000075"),
            ("12.345", "0.000925875"),
            ("1200", "0.09"),
        ] {
            let priced = transcription(&registry, seconds.parse().unwrap(), day("2026-11-21"));
            assert_eq!(
                (priced.cost, priced.prices),
                (usd(cost), json!({"transcription": "0.000075"})),
                "{seconds}"
            );
        }
    }

    #[test]
    fn the_newest_price_that_has_begun_counts() {
        let mut model = Registry::load(None).unwrap().default_model().clone();
        let old = model.prices[0];
        model.prices.push(Prices { since: Some(day("2027-01-01")), input: usd("3"), ..old });
        for (on, input) in [("2026-12-31", "2"), ("2027-01-01", "3"), ("2028-01-01", "3")] {
            assert_eq!(valid(&model, 10, day(on)).input, usd(input), "{on}");
        }
    }

    #[test]
    fn what_is_written_down_explains_the_cost() {
        let registry = Registry::load(None).unwrap();
        let usage = Usage { input: 10, web_searches: 2, ..Usage::default() };
        let priced = price(&registry, &call("claude-sonnet-5-5", usage), day("2026-11-21"));
        assert_eq!(priced.prices["tokens"]["input"], "2");
        assert_eq!(priced.prices["web_search"], "0.01");
        assert_eq!(priced.cost, usd("0.02002"));
    }

    #[test]
    fn no_answer_costs_more_than_the_bound_of_its_request() {
        let registry = Registry::load(None).unwrap();
        for model in registry.offered() {
            for bytes in [0, 10_000, 1_000_000] {
                let limit = bound(model, bytes, day("2026-11-21"));
                let prompt = bytes / BYTES_PER_TOKEN + OVERHEAD_TOKENS;
                for usage in [
                    Usage { input: prompt, output: model.answer_limit(), ..Usage::default() },
                    Usage { cache_write_5m: prompt, output: model.answer_limit(), ..Usage::default() },
                ] {
                    let cost = cost(&valid(model, prompt, day("2026-11-21")), Usd::ZERO, &usage);
                    assert!(cost <= limit, "{}: {cost} for a bound of {limit}", model.id);
                }
            }
        }
    }
}
