//! Tests: sentences about groups.

use strum::VariantArray;

use super::*;

#[test]
fn answers_to_taps_fit_telegrams_alerts() {
    for &language in Language::VARIANTS {
        for text in [not_allowed(language), not_the_sponsor(language), stop_not_allowed(language)] {
            assert!((1..=200).contains(&text.chars().count()), "{text}");
        }
    }
}
