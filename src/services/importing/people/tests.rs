//! Tests: people.

use super::*;

#[test]
fn a_model_is_found_by_the_word_that_names_it() {
    let registry = Registry::load(None).expect("the table inside the binary");
    let today = NaiveDate::from_ymd_opt(2026, 11, 29).expect("a day");
    let same = |theirs| same_model(&registry, theirs, today);
    assert_eq!(same("claude:opus").as_deref(), Some("claude-opus-5-5"));
    assert_eq!(same("claude-haiku-5-5").as_deref(), Some("claude-haiku-5-5"));
    for unknown in ["google:flash-lite", "claude:", "", "claude:claude", "5"] {
        assert_eq!(same(unknown), None, "{unknown}");
    }
}
