//! Tests: sentences about what people choose.

use strum::VariantArray;

use super::*;

#[test]
fn presets_are_personalities() {
    for &language in Language::VARIANTS {
        for one in Preset::ALL {
            let text = preset(language, one);
            assert_eq!(Personality::read(&text), Ok(Personality(text.clone())), "{text}");
        }
    }
}

#[test]
fn answers_to_taps_fit_telegrams_alerts() {
    for &language in Language::VARIANTS {
        let long = "x".repeat(60);
        for text in [
            model_chosen(language, &long),
            not_your_card(language, "/personality"),
            personality_is_private(language),
            personality_awaited(language),
        ] {
            assert!((1..=200).contains(&text.chars().count()), "{text}");
        }
    }
}
