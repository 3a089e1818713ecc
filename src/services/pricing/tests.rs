//! Costs of calls, prices by date, and the most that a turn may cost.

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
    let usage = Usage { input: 578, output: 230, image_output: 1_120, web_searches: 2, ..Usage::default() };
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
    for (seconds, cost) in
        [("0", "0"), ("1", "0.000075"), ("0.001", "0.000000075"), ("12.345", "0.000925875"), ("1200", "0.09")]
    {
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
