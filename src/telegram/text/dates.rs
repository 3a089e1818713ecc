//! Days and times of day as each language writes them, in UTC. They are not broken over two lines.

use chrono::{DateTime, Datelike, Utc};

use super::{say, say_with};
use crate::domain::people::Language;

/// Writes a day; with its year, if that is not the year of `now`.
pub(super) fn day(language: Language, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let months = say(language, "months");
    let month = usize::try_from(at.month0()).ok().and_then(|month| months.split_whitespace().nth(month));
    let (day, year) = (at.day().to_string(), at.year().to_string());
    let words: &[(&'static str, &str)] =
        &[("day", &day), ("month", month.unwrap_or_default()), ("year", &year)];
    let id = if at.year() == now.year() { "date" } else { "date-of-year" };
    say_with(language, id, words).replace(' ', "\u{a0}")
}

/// Writes a day and the time to the minute, with the time zone.
pub(super) fn moment(language: Language, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{},\u{a0}{}\u{a0}UTC", day(language, at, now), at.format("%H:%M"))
}

#[cfg(test)]
mod tests {
    use strum::VariantArray;

    use super::*;

    #[test]
    fn dates_follow_the_language() {
        let at: DateTime<Utc> = "2026-11-29T10:07:59Z".parse().unwrap();
        let next_year: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().unwrap();
        for (language, this_year, long_ago) in [
            (Language::English, "29 Nov, 10:07 UTC", "29 Nov 2026"),
            (Language::German, "29. Nov., 10:07 UTC", "29. Nov. 2026"),
            (Language::Spanish, "29 nov, 10:07 UTC", "29 nov 2026"),
            (Language::Russian, "29 нояб., 10:07 UTC", "29 нояб. 2026"),
        ] {
            assert_eq!(moment(language, at, at).replace('\u{a0}', " "), this_year);
            assert_eq!(day(language, at, next_year).replace('\u{a0}', " "), long_ago);
        }
        assert!(!moment(Language::German, at, next_year).contains(' '));
    }

    #[test]
    fn every_language_has_twelve_months() {
        for &language in Language::VARIANTS {
            assert_eq!(say(language, "months").split_whitespace().count(), 12, "{language:?}");
        }
    }
}
