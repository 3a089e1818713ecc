//! Tests: metrics in a registry of their own.

use super::*;

#[test]
fn every_family_is_there_from_the_start() {
    let text = Metrics::new().unwrap().render();
    assert!(text.contains("bot_turns_total{outcome=\"superseded\"} 0"), "{text}");
    assert!(text.contains("# HELP bot_turns_active Turns that run now."), "{text}");
    assert!(text.contains("bot_turn_preparation_seconds_count 0"), "{text}");
}
