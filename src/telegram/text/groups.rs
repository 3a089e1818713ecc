//! Sentences about groups: what their administrators set, who pays, and who cannot be answered there.

use super::numbers::{usd, usd_in_full};
use super::{say, say_to, say_with};
use crate::domain::money::Usd;
use crate::domain::people::{Language, plain_name};
use crate::services::groups::GroupOverview;
use crate::services::sponsoring::SponsorShortage;
use crate::telegram::inbound::StrangerKind;

/// Shows what is set in a group. `sees_all`: Telegram hands every message there to the bot.
pub(crate) fn card(language: Language, overview: &GroupOverview, sees_all: bool) -> String {
    let GroupOverview { settings, sponsor, spent } = overview;
    let payment = match settings.sponsor {
        Some(by) => {
            let (limit, spent) = (usd_in_full(language, by.day_limit), usd(language, *spent));
            let words = [("name", plain_name(sponsor)), ("limit", limit), ("spent", spent)];
            let words: Vec<(&str, &str)> = words.iter().map(|(name, word)| (*name, word.as_str())).collect();
            say_with(language, "group-sponsor-pays", &words)
        }
        None => say(language, "group-members-pay"),
    };
    let lines = [
        say(language, if settings.hears_all { "group-hears-all" } else { "group-hears-mentions" }),
        say(language, if settings.shared { "group-shared" } else { "group-personal" }),
        payment,
    ];
    let lines = lines.map(|line| format!("- {line}")).join("\n");
    let privacy = (settings.hears_all && !sees_all).then(|| say(language, "group-privacy"));
    let parts = [Some(say(language, "group")), Some(lines), privacy, Some(say(language, "group-note"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n")
}

/// Labels the button that chooses whether every message is answered.
pub(crate) fn hears_button(language: Language, all: bool) -> String {
    say(language, if all { "group-all-button" } else { "group-mentions-button" })
}

/// Labels the button that chooses whether all members share one conversation.
pub(crate) fn shared_button(language: Language, shared: bool) -> String {
    say(language, if shared { "group-shared-button" } else { "group-personal-button" })
}

/// Labels the button with which each member pays.
pub(crate) fn members_pay_button(language: Language) -> String {
    say(language, "group-members-pay-button")
}

/// Labels the button with which whoever presses it pays for all.
pub(crate) fn i_pay_button(language: Language) -> String {
    say(language, "group-i-pay-button")
}

/// Labels the button of a limit of a day.
pub(crate) fn limit_button(language: Language, limit: Usd) -> String {
    say_with(language, "group-limit-button", &[("limit", &usd_in_full(language, limit))])
}

/// Refuses to let a person without the right set anything.
pub(crate) fn not_allowed(language: Language) -> String {
    say(language, "group-not-allowed")
}

/// Refuses to change the limit of somebody else's money.
pub(crate) fn not_the_sponsor(language: Language) -> String {
    say(language, "group-not-the-sponsor")
}

/// Refuses to forget a shared conversation for a person without the right.
pub(crate) fn clear_not_allowed(language: Language) -> String {
    say(language, "group-clear-not-allowed")
}

/// Refuses to stop the answer to somebody else in a shared conversation.
pub(crate) fn stop_not_allowed(language: Language) -> String {
    say(language, "group-stop-not-allowed")
}

/// Tells a sender without an account why there is no answer, and what to do.
pub(crate) fn stranger(language: Language, kind: StrangerKind) -> String {
    say(
        language,
        match kind {
            StrangerKind::Anonymous => "stranger-anonymous",
            StrangerKind::Channel => "stranger-channel",
            StrangerKind::Bot => "stranger-bot",
        },
    )
}

/// Tells a group that its sponsor does not pay, and who does.
pub(crate) fn sponsor_short(language: Language, why: SponsorShortage, name: &str) -> String {
    let id = match why {
        SponsorShortage::DayLimit => "sponsor-day-limit",
        SponsorShortage::Funds => "sponsor-no-funds",
    };
    say_to(language, id, &plain_name(name))
}

/// Tells a group that its sponsor has left it.
pub(crate) fn sponsor_left(language: Language, name: &str) -> String {
    say_to(language, "sponsor-left", &plain_name(name))
}

#[cfg(test)]
mod tests;
