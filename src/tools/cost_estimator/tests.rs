//! Estimates for each model and each paid tool, and arguments that make no sense.

use rust_decimal::dec;

use super::super::tool::{Definition, testing};
use super::*;
use crate::domain::model::ModelId;
use crate::domain::turn::ModelCall;

const EVERYTHING: Services = Services { pictures: true, python: true, recordings: true };

fn day(day: &str) -> NaiveDate {
    day.parse().unwrap()
}

/// Returns the estimate of an installation that has everything.
fn estimated(input: &Value, on: &str) -> Value {
    let arguments = Arguments::deserialize(input).unwrap();
    estimate(&arguments, EVERYTHING, &Registry::load(None).unwrap(), day(on)).unwrap()
}

#[tokio::test]
async fn every_offered_model_is_estimated_and_nonsense_is_explained() {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let context = testing::tool_context(&registry, &made_files);
    let run = Definition::of::<CostEstimator>().run;
    let input = json!({"input_chars": 3_000, "output_chars": 1_500, "requests": 2});
    let estimate = run(&input, context).await.result.unwrap();
    assert_eq!(estimate["estimates"].as_array().unwrap().len(), 3);
    let sonnet = &estimate["estimates"][0];
    assert_eq!(sonnet["usd_per_request"], "0.007");
    assert_eq!(sonnet["usd_total"], "0.014");
    assert_eq!(estimate["prices_usd"], json!({"web_search": "0.01"}), "nothing else is set up");
    let searching = json!({"input_chars": 3_000, "output_chars": 1_500, "web_searches": 3});
    assert_eq!(run(&searching, context).await.result.unwrap()["estimates"][0]["usd_per_request"], "0.037");
    for wrong in [
        json!({}),
        json!({"input_chars": -1, "output_chars": 1}),
        json!({"input_chars": 1, "output_chars": 1, "requests": 0}),
        json!({"input_chars": 1, "output_chars": u64::MAX}),
        json!({"input_chars": 1, "output_chars": 1, "python_seconds": u64::MAX}),
        json!({"input_chars": 1, "output_chars": 1, "model": "x"}),
        json!([1]),
    ] {
        let failure = run(&wrong, context).await.result.unwrap_err();
        assert_eq!(failure.error, "invalid_arguments", "{wrong}");
    }
    for missing in ["pictures", "pictures_4k", "python_seconds", "recording_seconds"] {
        let input = json!({"input_chars": 1, "output_chars": 1, missing: 1});
        assert_eq!(run(&input, context).await.result.unwrap_err().error, "not_available", "{missing}");
    }
}

#[test]
fn paid_tools_are_part_of_every_estimate() {
    let work = json!({"input_chars": 3_000, "output_chars": 1_500, "requests": 2, "web_searches": 1, "pictures": 2,
        "pictures_4k": 1, "python_seconds": 90, "recording_seconds": 600});
    let estimate = estimated(&work, "2026-11-29");
    // A search, two pictures and one in 4K with 1,000 tokens of thoughts each, 90 s, ten minutes.
    let tools = dec!(0.01) + dec!(0.2928) + dec!(0.252) + dec!(0.0045) + dec!(0.045);
    assert_eq!(estimate["tools_usd_per_request"], json!(Usd(tools)));
    assert_eq!(estimate["estimates"][0]["usd_per_request"], json!(Usd(tools + dec!(0.007))));
    assert_eq!(estimate["estimates"][0]["usd_total"], json!(Usd((tools + dec!(0.007)) * dec!(2))));
    let prices = json!({"web_search": "0.01", "picture": "0.1464", "picture_4k": "0.252", "python_minute": "0.003",
        "recording_minute": "0.0045"});
    assert_eq!(estimate["prices_usd"], prices);
}

#[test]
fn an_estimate_is_what_is_charged_on_the_same_day() {
    let table = include_str!("../../llm/models.toml").to_owned()
        + r#"
            [[tool]]
            name = "e2b"
            unit = "second"
            price = "0.0001"
            since = "2026-12-01"

            [[tool]]
            name = "transcription"
            unit = "second"
            price = "0.0002"
            since = "2026-12-01"
        "#;
    let registry = Registry::parse(&table).unwrap();
    let input = |name: &str| json!({"input_chars": 0, "output_chars": 0, name: 77});
    for on in ["2026-11-30", "2026-12-01"].map(day) {
        let of = |name| {
            let arguments = Arguments::deserialize(&input(name)).unwrap();
            estimate(&arguments, EVERYTHING, &registry, on).unwrap()["tools_usd_per_request"].clone()
        };
        let used = Usage { seconds: dec!(77), ..Usage::default() };
        assert_eq!(
            of("python_seconds"),
            json!(charged(&registry, execute_python::SERVICE, used, on)),
            "{on}"
        );
        let transcript = pricing::transcription(&registry, dec!(77), on).cost;
        assert_eq!(of("recording_seconds"), json!(transcript), "{on}");
    }
    assert_ne!(
        pricing::transcription(&registry, dec!(77), day("2026-11-30")).cost,
        pricing::transcription(&registry, dec!(77), day("2026-12-01")).cost
    );
}

fn charged(registry: &Registry, service: &str, usage: Usage, on: NaiveDate) -> Usd {
    let call = ModelCall {
        number: 0,
        model: ModelId(service.to_owned()),
        request_id: None,
        ended: "ok".to_owned(),
        usage,
        estimated: false,
        first_text_ms: None,
        duration_ms: 0,
    };
    pricing::price(registry, &call, on).cost
}
