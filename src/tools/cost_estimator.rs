//! `cost_estimator`: what a piece of work would cost with each model, so that the person can decide before paying.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Workshop};
use crate::domain::money::Usd;
use crate::domain::usage::Usage;
use crate::llm::request::ToolSpec;
use crate::services::pricing;

/// The most that an estimate takes of anything; larger numbers are mistakes.
const MOST: u64 = 1_000_000_000;
/// Characters that make a token, roughly: the estimate says that it is one.
const CHARS_PER_TOKEN: u64 = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arguments {
    input_chars: u64,
    output_chars: u64,
    #[serde(default = "once")]
    requests: u64,
}

fn once() -> u64 {
    1
}

pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: "cost_estimator",
        description: "Estimates in US dollars what work would cost this person with each available model. Use it when \
                      they ask about prices or before work that is unusually large. Free. The result is an estimate; \
                      exact costs stand in /balance afterwards.",
        schema: json!({
            "type": "object",
            "properties": {
                "input_chars": {"type": "integer", "minimum": 0,
                    "description": "Characters that the model reads in one request, the conversation included."},
                "output_chars": {"type": "integer", "minimum": 0,
                    "description": "Characters that the model writes in one request."},
                "requests": {"type": "integer", "minimum": 1, "description": "How many such requests; 1 if left out."},
            },
            "required": ["input_chars", "output_chars"],
        }),
    }
}

pub(super) fn run(input: &Value, workshop: Workshop<'_>) -> Result<Value, Failure> {
    let Arguments { input_chars, output_chars, requests } =
        Arguments::deserialize(input).map_err(|error| Failure::arguments(error.to_string()))?;
    if [input_chars, output_chars, requests].into_iter().any(|number| number > MOST) || requests == 0 {
        return Err(Failure::arguments(format!("numbers must be at most {MOST}, requests at least 1")));
    }
    let usage = Usage {
        input: input_chars.div_ceil(CHARS_PER_TOKEN),
        output: output_chars.div_ceil(CHARS_PER_TOKEN),
        ..Usage::default()
    };
    let estimates: Vec<Value> = workshop
        .registry
        .offered()
        .map(|model| {
            let one: Usd = pricing::estimate(model, &usage, workshop.today());
            json!({"model": model.name, "usd_per_request": one, "usd_total": one.times(requests)})
        })
        .collect();
    Ok(json!({"estimates": estimates, "input_tokens": usage.input, "output_tokens": usage.output}))
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::llm::registry::Registry;

    #[tokio::test]
    async fn every_offered_model_is_estimated_and_nonsense_is_explained() {
        let registry = Registry::load(None).unwrap();
        let db = crate::db::Db::nowhere();
        let workshop = testing::workshop(&registry, &db);
        let estimate =
            run(&json!({"input_chars": 3_000, "output_chars": 1_500, "requests": 2}), workshop).unwrap();
        assert_eq!(estimate["estimates"].as_array().unwrap().len(), 3);
        let sonnet = &estimate["estimates"][0];
        assert_eq!(sonnet["usd_per_request"], "0.007");
        assert_eq!(sonnet["usd_total"], "0.014");
        for wrong in [
            json!({}),
            json!({"input_chars": -1, "output_chars": 1}),
            json!({"input_chars": 1, "output_chars": 1, "requests": 0}),
            json!({"input_chars": 1, "output_chars": u64::MAX}),
            json!({"input_chars": 1, "output_chars": 1, "model": "x"}),
            json!([1]),
        ] {
            assert_eq!(run(&wrong, workshop).unwrap_err().error, "invalid_arguments", "{wrong}");
        }
    }
}
