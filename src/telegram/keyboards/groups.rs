//! Buttons of the card of a group: their labels, and the data of their taps, which names the choice itself, so
//! that a second tap changes nothing.

use crate::bot_api::methods::{Button, ButtonStyle, InlineKeyboard};
use crate::domain::group::{GroupChoice, GroupSettings, Sponsor};
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::telegram::text::groups as text;

/// The buttons in a row of limits.
const LIMITS_IN_A_ROW: usize = 2;

/// Returns the buttons of a card, the present choices marked.
pub(crate) fn settings(settings: &GroupSettings, language: Language) -> InlineKeyboard {
    let GroupSettings { hears_all, shared, sponsor } = *settings;
    let hears = |all| button(text::hears_button(language, all), GroupChoice::HearsAll(all), all == hears_all);
    let talks = |all| button(text::shared_button(language, all), GroupChoice::Shared(all), all == shared);
    let pays = [
        button(text::members_pay_button(language), GroupChoice::MembersPay, sponsor.is_none()),
        button(text::i_pay_button(language), GroupChoice::IPay, sponsor.is_some()),
    ];
    let mut rows = vec![[false, true].map(hears).to_vec(), [false, true].map(talks).to_vec(), pays.to_vec()];
    if let Some(Sponsor { day_limit, .. }) = sponsor {
        let limit = |limit: &Usd| {
            button(text::limit_button(language, *limit), GroupChoice::DayLimit(*limit), *limit == day_limit)
        };
        let limits = Sponsor::day_limits();
        rows.extend(limits.chunks(LIMITS_IN_A_ROW).map(|row| row.iter().map(limit).collect()));
    }
    InlineKeyboard::rows(&rows)
}

fn button(text: String, choice: GroupChoice, is_current: bool) -> Button {
    let style = is_current.then_some(ButtonStyle::Success);
    Button { text, callback_data: data(choice), style }
}

fn data(choice: GroupChoice) -> String {
    match choice {
        GroupChoice::HearsAll(true) => "group:hears:all".to_owned(),
        GroupChoice::HearsAll(false) => "group:hears:mentions".to_owned(),
        GroupChoice::Shared(true) => "group:talks:shared".to_owned(),
        GroupChoice::Shared(false) => "group:talks:personal".to_owned(),
        GroupChoice::MembersPay => "group:pays:members".to_owned(),
        GroupChoice::IPay => "group:pays:me".to_owned(),
        GroupChoice::DayLimit(limit) => format!("group:limit:{}", limit.0.normalize()),
    }
}

/// Reads the data of a tap; `None` if it is none of these. Whether a limit is offered is decided when it is chosen.
pub(crate) fn read(data: &str) -> Option<GroupChoice> {
    Some(match data.strip_prefix("group:")? {
        "hears:all" => GroupChoice::HearsAll(true),
        "hears:mentions" => GroupChoice::HearsAll(false),
        "talks:shared" => GroupChoice::Shared(true),
        "talks:personal" => GroupChoice::Shared(false),
        "pays:members" => GroupChoice::MembersPay,
        "pays:me" => GroupChoice::IPay,
        limit => GroupChoice::DayLimit(Usd(limit.strip_prefix("limit:")?.parse().ok()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;

    #[test]
    fn every_button_is_read_as_it_was_written() {
        let limits = Sponsor::day_limits();
        let sponsor = Some(Sponsor { user: UserId(42), day_limit: limits[1] });
        let some = GroupSettings { sponsor, ..GroupSettings::default() };
        let keyboard = settings(&some, Language::English);
        let rows = keyboard.0["inline_keyboard"].as_array().unwrap();
        let buttons: Vec<_> = rows.iter().flat_map(|row| row.as_array().unwrap()).collect();
        assert_eq!(buttons.len(), 6 + limits.len());
        for button in buttons {
            let written = button["callback_data"].as_str().unwrap();
            assert_eq!(data(read(written).unwrap()), written);
        }
    }

    #[test]
    fn nonsense_is_nothing() {
        for nonsense in [
            "",
            "group",
            "group:",
            "group:hears",
            "group:hears:some",
            "group:limit:",
            "group:limit:x",
            "set:cost:on",
        ] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
    }
}
