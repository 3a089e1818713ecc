//! Tests: sentences about the data that is stored of a person.

use chrono::TimeDelta;
use strum::VariantArray;

use super::*;

#[test]
fn answers_to_taps_fit_telegrams_alerts() {
    let now = DateTime::UNIX_EPOCH;
    for &language in Language::VARIANTS {
        let soon = FileAsked::TooSoon(now + TimeDelta::minutes(42));
        let mut texts = [FileAsked::Begun, FileAsked::Running, soon]
            .map(|asked| everything_asked(language, asked, now))
            .to_vec();
        for state in [ErasureState::Waiting, ErasureState::Cancelled, ErasureState::Done] {
            texts.push(decided(language, Decided::Before(state), true));
        }
        for confirmed in [true, false] {
            texts.push(decided(language, Decided::Done, confirmed));
            texts.push(decided(language, Decided::Expired, confirmed));
        }
        for text in texts {
            assert!((1..=200).contains(&text.chars().count()), "{text}");
        }
    }
}

#[test]
fn waiting_times_are_said_as_people_say_them() {
    let now = DateTime::UNIX_EPOCH;
    let asked = |seconds| FileAsked::TooSoon(now + TimeDelta::seconds(seconds));
    for (language, seconds, words) in [
        (Language::English, 30, "once an hour; the next one in 1 minute."),
        (Language::English, 3_599, "once an hour; the next one in 60 minutes."),
        (Language::Russian, 130, "раз в час; следующий — через 3 минуты."),
        (Language::German, 30, "einmal pro Stunde; die nächste gibt es in 1 Minute."),
        (Language::Spanish, 130, "una vez por hora; la próxima, dentro de 3 minutos."),
    ] {
        let text = everything_asked(language, asked(seconds), now);
        assert!(text.contains(words), "{text}");
    }
}

#[test]
fn the_days_of_storage_agree_with_their_number() {
    for (language, days, words) in [
        (Language::English, 1, ": 1 day\n"),
        (Language::English, 90, ": 90 days\n"),
        (Language::German, 1, ": 1 Tag\n"),
        (Language::Spanish, 1, ": 1 día\n"),
        (Language::Russian, 21, ": 21 день\n"),
        (Language::Russian, 92, ": 92 дня\n"),
        (Language::Russian, 90, ": 90 дней\n"),
    ] {
        let text = privacy(language, days);
        assert!(text.contains(words), "{text}");
    }
}
