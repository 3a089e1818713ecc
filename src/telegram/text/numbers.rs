//! Numbers as they are written in each language: the decimal mark, and where the dollar sign stands. Digits are
//! not grouped. What people type has a point everywhere.

use crate::domain::money::Usd;
use crate::domain::people::Language;

/// Formats an amount, rounded for people.
pub(crate) fn usd(language: Language, amount: Usd) -> String {
    written(language, &amount.to_string())
}

/// Formats an amount with all its digits.
pub(crate) fn usd_in_full(language: Language, amount: Usd) -> String {
    written(language, &amount.in_full())
}

/// Writes an amount, which is given in English, such as `-$0.25`.
fn written(language: Language, english: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::German | Language::Spanish | Language::Russian => {
            format!("{}\u{a0}$", decimal(language, &english.replacen('$', "", 1)))
        }
    }
}

/// Writes a number, which is given with a point.
pub(super) fn decimal(language: Language, english: &str) -> String {
    match language {
        Language::English => english.to_owned(),
        Language::German | Language::Spanish | Language::Russian => english.replacen('.', ",", 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_follow_the_language() {
        for (language, amount, full) in [
            (Language::English, "-$0.25", "$1234.567"),
            (Language::German, "-0,25\u{a0}$", "1234,567\u{a0}$"),
            (Language::Spanish, "-0,25\u{a0}$", "1234,567\u{a0}$"),
            (Language::Russian, "-0,25\u{a0}$", "1234,567\u{a0}$"),
        ] {
            assert_eq!(usd(language, Usd("-0.25".parse().unwrap())), amount);
            assert_eq!(usd_in_full(language, Usd("1234.567".parse().unwrap())), full);
        }
    }
}
