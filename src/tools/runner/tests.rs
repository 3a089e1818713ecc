//! Rounds of calls: prices, order, faults, time limits, pictures.

use super::super::cost_estimator::CostEstimator;
use super::super::outages::Outages;
use super::super::self_critique::SelfCritique;
use super::super::tool::{Run, testing};
use super::*;
use crate::llm::registry::Registry;
use crate::llm::request::ToolSpec;
use crate::services::metering::{self, PaidWork};

/// A paid tool.
fn expensive() -> Definition {
    Definition {
        spec: ToolSpec { name: "expensive", description: "Costs money.", schema: json!({"type": "object"}) },
        price: Price::Paid(PaidWork { least: Usd::ZERO, most: Usd::ZERO }),
        time_limit: Duration::from_secs(60),
        run: |_, _| Box::pin(std::future::ready(Output::free(Ok(json!({"done": true}))))),
    }
}

fn call(id: &str, name: &str, input: Value) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), input: Ok(input) }
}

async fn ran(balance: &str, calls: &[ToolCall]) -> Vec<(Value, bool)> {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let context = testing::tool_context(&registry, &made_files);
    let tools = vec![Definition::of::<CostEstimator>(), Definition::of::<SelfCritique>(), expensive()];
    let toolbox = Toolbox::of(tools);
    let (meter, meter_requests) = metering::channel();
    let run = async {
        let ran = run(&toolbox, ToolContext { meter: &meter, ..context }, calls).await;
        drop(meter);
        ran
    };
    let (ran, ()) = tokio::join!(run, meter_requests.tell(Usd(balance.parse().unwrap())));
    ran.into_iter().map(|ran| (serde_json::from_str(&ran.content).unwrap(), ran.failed)).collect()
}

#[tokio::test]
async fn a_paid_tool_is_refused_below_zero_with_what_the_model_can_tell() {
    let paid = call("1", "expensive", json!({}));
    let free = call("2", "cost_estimator", json!({"input_chars": 1, "output_chars": 1}));
    let below = ran("-0.000000001", &[paid.clone(), free.clone()]).await;
    assert_eq!(below[0].0["error"], "insufficient_balance");
    assert_eq!(below[0].0["balance_usd"], "-0.000000001");
    assert_eq!(below[0].0["tool_name"], "expensive");
    assert!(below[0].1 && below[0].0["message"].as_str().unwrap().contains("/pay"));
    assert!(!below[1].1, "what is free works at any balance");
    let zero = ran("0", &[paid, free]).await;
    assert_eq!(zero[0], (json!({"done": true}), false));
}

#[tokio::test]
async fn of_two_expensive_tools_side_by_side_the_second_sees_what_the_first_has_reserved() {
    let critique = |id| call(id, "self_critique", json!({"user_request": "a", "content": "b"}));
    let both = ran("0.99", &[critique("1"), critique("2")]).await;
    assert_eq!(both[0].0["error"], "cost_cap", "the first one runs: {both:?}");
    assert_eq!(both[1].0["error"], "insufficient_balance");
    assert_eq!(both[1].0["balance_usd"], "0.49");
    assert_eq!(both[1].0["required_usd"], "0.5");
}

#[tokio::test]
async fn results_come_in_the_order_of_the_calls_whatever_they_are() {
    let broken = ToolCall { input: Err("ends early".into()), ..call("1", "expensive", json!({})) };
    let unknown = call("2", "of_tomorrow", json!({}));
    let wrong = call("3", "cost_estimator", json!({"input_chars": "many"}));
    let calls = [broken, unknown, wrong];
    let ran = ran("1", &calls).await;
    let errors: Vec<&str> = ran.iter().map(|(result, _)| result["error"].as_str().unwrap()).collect();
    assert_eq!(errors, ["invalid_arguments", "unknown_tool", "invalid_arguments"]);
    assert!(ran.iter().all(|(_, failed)| *failed));
}

fn faulty() -> Definition {
    Definition { run: |_, _| Box::pin(async { panic!("a fault") }), ..named("faulty") }
}

fn endless() -> Definition {
    let run: Run = |_, _| Box::pin(std::future::ready(Output::free(Ok(json!("x".repeat(50_000_000))))));
    Definition { run, ..named("endless") }
}

fn hanging() -> Definition {
    Definition { run: |_, _| Box::pin(std::future::pending()), ..named("hanging") }
}

fn down() -> Definition {
    let run: Run =
        |_, _| Box::pin(std::future::ready(Output::free(Err(Failure::down("The printer is down.")))));
    Definition { run, ..named("printer") }
}

fn pictures() -> Definition {
    let run: Run = |_, _| {
        let image = |size: usize| ToolImage { mime: "image/png", bytes: vec![0; size].into() };
        let images = vec![image(MOST_IMAGE + 1), image(1), image(2), image(3), image(4), image(5), image(6)];
        Box::pin(std::future::ready(Output::free(Ok(json!({}))).with_images(images)))
    };
    Definition { run, ..named("pictures") }
}

/// A free tool.
fn named(name: &'static str) -> Definition {
    let free = expensive();
    Definition { spec: ToolSpec { name, ..free.spec }, price: Price::Free, ..free }
}

async fn outcomes(calls: &[ToolCall], outages: &Outages) -> Vec<ToolOutcome> {
    let registry = Registry::load(None).unwrap();
    let made_files = crate::services::made_files::MadeFiles::nowhere();
    let context = ToolContext { outages, ..testing::tool_context(&registry, &made_files) };
    let toolbox = Toolbox::of(vec![faulty(), endless(), hanging(), down(), pictures()]);
    run(&toolbox, context, calls).await
}

#[tokio::test]
async fn a_tool_that_panics_or_says_too_much_ends_in_a_result() {
    let calls = [call("1", "faulty", json!({})), call("2", "endless", json!({}))];
    let ran = outcomes(&calls, &Outages::default()).await;
    assert!(ran[0].failed && ran[0].content.contains("internal"), "{}", ran[0].content);
    assert!(!ran[1].failed && ran[1].content.len() < MOST_CONTENT + 200);
    assert!(ran[1].content.ends_with("more bytes were left out; ask for less at once]"));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_hangs_ends_in_a_result_at_its_time_limit_and_others_have_theirs() {
    let calls = [call("1", "hanging", json!({})), call("2", "pictures", json!({}))];
    let ran = outcomes(&calls, &Outages::default()).await;
    assert_eq!((ran[0].failed, ran[0].duration), (true, Duration::from_secs(60)));
    assert!(ran[0].content.contains("hanging did not end within 60 seconds."), "{}", ran[0].content);
    assert_eq!((ran[1].failed, ran[1].duration), (false, Duration::ZERO));
}

#[tokio::test]
async fn a_service_that_is_down_is_asked_once_in_a_turn() {
    let outages = Outages::default();
    let calls = [call("1", "printer", json!({}))];
    let first = outcomes(&calls, &outages).await;
    assert!(first[0].content.contains("The printer is down.") && first[0].failed);
    let again = outcomes(&calls, &outages).await;
    assert!(again[0].content.contains("It was not asked again.") && again[0].failed);
    let next_turn = outcomes(&calls, &Outages::default()).await;
    assert_eq!(next_turn[0].content, first[0].content);
}

#[tokio::test]
async fn pictures_beyond_the_limits_are_left_out_and_counted() {
    let ran = outcomes(&[call("1", "pictures", json!({}))], &Outages::default()).await;
    let sizes: Vec<usize> = ran[0].images.iter().map(|image| image.bytes.len()).collect();
    assert_eq!(sizes, [1, 2, 3, 4, 5]);
    assert_eq!(ran[0].content, r#"{"pictures_not_shown_to_you":2}"#);
}
