//! Tests: buttons of the cards on which people choose.

use super::*;
use crate::llm::registry::Registry;

fn data(keyboard: &InlineKeyboard) -> Vec<String> {
    let rows = keyboard.0["inline_keyboard"].as_array().unwrap();
    let buttons = rows.iter().flat_map(|row| row.as_array().unwrap());
    buttons.map(|button| button["callback_data"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_button_of_a_card_is_read_as_it_was_written() {
    let registry = Registry::load(None).unwrap();
    let current = &registry.default_model().id;
    let terms = Terms { turn_limit: Usd(1.into()), most_turn_limit: Usd(5.into()), ..Terms::default() };
    let some = Personality("Answer in rhymes.".to_owned());
    for language in [Language::English, Language::Russian] {
        for keyboard in [
            models(registry.offered(), current),
            settings(&Preferences::default(), &terms, language),
            personality(Some(&some), language),
        ] {
            let data = data(&keyboard);
            assert!(data.len() >= 3);
            for data in data {
                assert!(data.len() <= 64 && read(&data).is_some(), "{data}");
            }
        }
    }
    let limit = Some(CardTap::Choose(Choice::TurnLimit(Some(Usd("0.25".parse().unwrap())))));
    assert_eq!(read("set:limit:0.25"), limit);
    assert_eq!(read("set:cost:off"), Some(CardTap::Choose(Choice::ShowsCost(false))));
}

#[test]
fn nonsense_is_nothing() {
    for nonsense in [
        "",
        "set:",
        "set:cost",
        "set:cost:",
        "set:cost:yes",
        "set:effort:max",
        "set:effort:",
        "set:limit:x",
        "set:balance:on",
        "personality:",
        "personality:clear:1",
        "personality:nobody",
        "models",
    ] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}
