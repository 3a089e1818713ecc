//! The built-in model table, and tables that are refused.

use super::*;

#[test]
fn the_built_in_table_offers_three_models() {
    let registry = Registry::load(None).unwrap();
    let names: Vec<&str> = registry.offered().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["Claude Sonnet 5.5", "Claude Opus 5.5", "Claude Haiku 5.5"]);
    assert_eq!(registry.default_model().id.0, "claude-sonnet-5-5");
}

/// A day on which nothing of the table is retired.
const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 29).unwrap();

#[test]
fn a_model_that_nobody_can_choose_any_more_is_replaced_by_the_default() {
    let opus = "name = \"Claude Opus 5.5\"";
    let retiring = BUILT_IN.replacen(opus, &format!("{opus}\nretires = \"2026-11-30\""), 1);
    let registry = Registry::parse(&retiring).unwrap();
    let tomorrow = TODAY.succ_opt().unwrap();
    let chosen = |id: &str, on| registry.chosen(Some(&ModelId(id.into())), on).id.0.clone();
    assert_eq!(chosen("claude-opus-5-5", TODAY), "claude-opus-5-5");
    assert_eq!(chosen("claude-opus-5-5", tomorrow), "claude-sonnet-5-5");
    assert_eq!(registry.offered_on(TODAY).count(), 3);
    assert!(registry.offered_on(tomorrow).all(|model| model.id.0 != "claude-opus-5-5"));
    for other in ["claude-sonnet-4-5", "gemini-3-pro-image", ""] {
        assert_eq!(chosen(other, TODAY), "claude-sonnet-5-5", "{other}");
    }
}

#[test]
fn models_of_a_provider_without_a_key_are_not_offered() {
    let opus = "name = \"Claude Opus 5.5\"";
    let registry = Registry::parse(&BUILT_IN.replacen(opus, &format!("{opus}\nprovider = \"google\""), 1));
    let registry = registry.unwrap();
    let limited = registry.clone().limit_to(&[ModelProvider::Anthropic]).unwrap();
    let ids: Vec<&str> = limited.offered_on(TODAY).map(|model| model.id.0.as_str()).collect();
    assert_eq!(ids, ["claude-sonnet-5-5", "claude-haiku-5-5"]);
    assert_eq!(limited.chosen(Some(&ModelId("claude-opus-5-5".into())), TODAY).id.0, "claude-sonnet-5-5");
    let error = registry.limit_to(&[ModelProvider::Google]).unwrap_err().to_string();
    assert!(error.contains("no key for the default model, claude-sonnet-5-5"), "{error}");
}

#[test]
fn a_wrong_table_is_refused_with_the_reason() {
    let row = |changes: &[(&str, &str)]| {
        changes.iter().fold(BUILT_IN.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    for (text, reason) in [
        (row(&[("default = true", "")]), "exactly one model"),
        (row(&[("claude-opus-5-5", "claude-sonnet-5-5")]), "stands there twice"),
        (row(&[("max_output = 128_000", "max_output = 2_000_000")]), "must lie between"),
        (row(&[("claude-opus-5-5", &"x".repeat(57))]), "1 to 56 bytes"),
        (row(&[("up_to_prompt = 100_000", "")]), "must rise"),
        (row(&[("window =", "windov =")]), "wrong form"),
        (row(&[("\"2.50\"", "2.50")]), "wrong form"),
        (row(&[("\"2.50\"", "\"-2.50\"")]), "from 0 to 1000"),
        (row(&[("\"2.50\"", "\"2.5001\"")]), "3 fraction digits"),
        (row(&[("input = \"2\"", "since = \"2026-01-01\"\ninput = \"2\"")]), "without `since`"),
        (row(&[("price = \"0.01\"", "price = \"1001\"")]), "the price of web_search"),
    ] {
        let error = Registry::parse(&text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error} does not tell {reason}");
    }
}
