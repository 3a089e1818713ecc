//! Reading of names.

use super::*;

fn icons() -> Vec<TopicIcon> {
    let icon = |emoji: &str, id: &str| TopicIcon { emoji: emoji.to_owned(), id: id.to_owned() };
    vec![icon("🍽", "1"), icon("✈️", "2"), icon("❤", "3")]
}

fn named(text: &str) -> Option<(String, Option<String>)> {
    read(text, &icons()).map(|TopicName { name, icon }| (name, icon))
}

#[test]
fn a_name_is_read_whatever_surrounds_it() {
    let icon = |id: &str| Some(id.to_owned());
    for (text, name, id) in [
        ("🍽 Borscht for six people", "Borscht for six people", icon("1")),
        ("✈ Поездка в Казань зимой", "Поездка в Казань зимой", icon("2")),
        ("❤️  «Письмо   любимой бабушке».", "Письмо любимой бабушке", icon("3")),
        ("\n\n🍽\u{200b} \"Soup, quickly\"\nHere is why I chose it.", "Soup, quickly", icon("1")),
        ("🦖 Dinosaurs of Patagonia", "Dinosaurs of Patagonia", None),
        ("**Sorting in Rust**", "Sorting in Rust", None),
        ("'Quoted' and more", "'Quoted' and more", None),
        ("„Reise nach Wien“", "Reise nach Wien", None),
        ("C++ templates", "C++ templates", None),
        ("🍽\nBorscht", "Borscht", None),
        ("(Re)starting a garden", "(Re)starting a garden", None),
    ] {
        assert_eq!(named(text), Some((name.to_owned(), id)), "{text:?}");
    }
}

#[test]
fn an_answer_without_a_name_gives_none() {
    for text in ["", "   ", "🍽", "...", "\u{200b}\n\u{fe0f}", "«»", "\"\""] {
        assert_eq!(named(text), None, "{text:?}");
    }
}

#[test]
fn a_long_name_ends_behind_a_word() {
    for (text, name) in [
        ("a".repeat(60), "a".repeat(50)),
        (format!("{} {}", "b".repeat(30), "c".repeat(30)), "b".repeat(30)),
        (format!("{} {}", "d".repeat(10), "e".repeat(60)), format!("{} {}", "d".repeat(10), "e".repeat(39))),
        (format!("{} rest", "ж".repeat(50)), "ж".repeat(50)),
        ("f".repeat(50), "f".repeat(50)),
        (format!("{}, {}", "g".repeat(40), "h".repeat(40)), "g".repeat(40)),
    ] {
        assert_eq!(named(&text), Some((name, None)), "{text}");
    }
}
