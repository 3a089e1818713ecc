//! The built-in model table, and tables that are refused.

use super::*;

#[test]
fn the_built_in_table_offers_three_models() {
    let registry = Registry::load(None).unwrap();
    let names: Vec<&str> = registry.offered().map(|model| model.name.as_str()).collect();
    assert_eq!(names, ["Claude Sonnet 5.5", "Claude Opus 5.5", "Claude Haiku 5.5"]);
    assert_eq!(registry.default_model().id.0, "claude-sonnet-5-5");
    let vanished = ModelId("claude-sonnet-4-5".into());
    assert_eq!(registry.chosen(Some(&vanished)).id.0, "claude-sonnet-5-5");
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
