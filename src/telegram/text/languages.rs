//! Sentences about the language of the bot.

use super::{say, say_with};
use crate::domain::people::Language;

/// Introduces the buttons; `chosen` tells whether the person chose the language or their app has it.
pub(crate) fn card(language: Language, chosen: bool) -> String {
    say(language, if chosen { "language-chosen" } else { "language-of-app" })
}

/// Labels the button for the language of the app.
pub(crate) fn as_in_app(language: Language) -> String {
    say(language, "language-as-in-app")
}

/// Confirms a choice, in up to 200 characters.
pub(crate) fn set(language: Language, chosen: bool) -> String {
    say(language, if chosen { "language-set" } else { "language-set-to-app" })
}

/// Answers `/language` with a word that is no language of the bot.
pub(crate) fn unknown(language: Language, typed: &str) -> String {
    say_with(language, "language-unknown", &[("typed", typed)])
}
