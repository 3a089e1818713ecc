//! Estimates for each model, and arguments that make no sense.

use super::super::tool::{Definition, testing};
use super::*;
use crate::llm::registry::Registry;

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
    let searching = json!({"input_chars": 3_000, "output_chars": 1_500, "web_searches": 3});
    assert_eq!(run(&searching, context).await.result.unwrap()["estimates"][0]["usd_per_request"], "0.037");
    for wrong in [
        json!({}),
        json!({"input_chars": -1, "output_chars": 1}),
        json!({"input_chars": 1, "output_chars": 1, "requests": 0}),
        json!({"input_chars": 1, "output_chars": u64::MAX}),
        json!({"input_chars": 1, "output_chars": 1, "model": "x"}),
        json!([1]),
    ] {
        let failure = run(&wrong, context).await.result.unwrap_err();
        assert_eq!(failure.error, "invalid_arguments", "{wrong}");
    }
}
