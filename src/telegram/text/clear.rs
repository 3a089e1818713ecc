//! Sentences about forgetting conversations and deleting topics.

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::Loader;
use fluent_templates::fluent_bundle::FluentValue;

use super::{LOCALES, code, say};
use crate::domain::people::Language;

/// Confirms `/clear`.
pub(crate) fn forgotten(language: Language) -> String {
    say(language, "forgotten")
}

/// Introduces the button that deletes topics.
pub(crate) fn offer(language: Language, topics: usize) -> String {
    say_counting(language, "topics-offer", &[("topics", topics)])
}

/// Labels the button that deletes topics.
pub(crate) fn button(language: Language, topics: usize) -> String {
    say_counting(language, "topics-button", &[("topics", topics)])
}

/// Answers a second tap.
pub(crate) fn used(language: Language) -> String {
    say(language, "topics-used")
}

/// Refuses a tap of a person who no longer has the right.
pub(crate) fn not_allowed(language: Language) -> String {
    say(language, "topics-not-allowed")
}

/// Answers a tap while Telegram does not report the person's rights.
pub(crate) fn later(language: Language) -> String {
    say(language, "topics-later")
}

/// Reports the result of deleting topics.
pub(crate) fn topics_deleted(language: Language, deleted: usize, failed: usize) -> String {
    let id = if failed == 0 { "topics-deleted" } else { "topics-deleted-partly" };
    say_counting(language, id, &[("deleted", deleted), ("failed", failed)])
}

/// Formats a sentence whose words depend on numbers.
pub(super) fn say_counting(language: Language, id: &str, counts: &[(&'static str, usize)]) -> String {
    let count = |&(name, count): &(&'static str, usize)| (Cow::Borrowed(name), FluentValue::from(count));
    LOCALES.lookup_with_args(&code(language), id, &counts.iter().map(count).collect::<HashMap<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_said_as_people_say_them() {
        let (english, russian) = (Language::English, Language::Russian);
        assert_eq!(button(english, 1), "Delete the only topic");
        assert_eq!(button(english, 12), "Delete all 12 topics");
        for (count, words) in [
            (1, "Удалить единственную тему"),
            (3, "Удалить все 3 темы"),
            (11, "Удалить все 11 тем"),
            (21, "Удалить все темы (21)"),
        ] {
            assert_eq!(button(russian, count), words);
        }
        for (language, one, many) in [
            (Language::German, "Das einzige Thema löschen", "Alle 12 Themen löschen"),
            (Language::Spanish, "Borrar el único tema", "Borrar los 12 temas"),
        ] {
            assert_eq!((button(language, 1).as_str(), button(language, 12).as_str()), (one, many));
        }
        assert_eq!(topics_deleted(Language::German, 1, 0), "1 Thema gelöscht.");
        assert_eq!(topics_deleted(Language::Spanish, 2, 0), "2 temas borrados.");
        assert_eq!(topics_deleted(english, 3, 1), "3 topics deleted, 1 could not be deleted.");
        assert_eq!(topics_deleted(english, 1, 0), "1 topic deleted.");
        assert_eq!(topics_deleted(russian, 3, 1), "Удалено тем: 3, не удалось удалить: 1.");
    }
}
