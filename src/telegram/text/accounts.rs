//! Sentences about accounts and figures, for administrators.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::dates::moment;
use super::numbers::{decimal, usd};
use super::{say, say_with};
use crate::db::bans::BanChange;
use crate::db::statistics::{Periods, Statistics};
use crate::db::user_overview::{FailedTurn, Spending};
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::stars::{WITHDRAWAL, worth};
use crate::services::accounts::{Account, AccountReply};

/// Explains the command for accounts; a reason has at most `most` characters.
pub(crate) fn user_usage(language: Language, most: usize) -> String {
    say_with(language, "user-usage", &[("most", &most.to_string())])
}

/// Answers the command for accounts at the time `now`.
pub(crate) fn account(language: Language, reply: &AccountReply, now: DateTime<Utc>) -> String {
    match reply {
        AccountReply::Shown(account) => shown(language, account, now),
        AccountReply::Unchanged(user) => say_with(language, "user-unchanged", &[("user", &user.to_string())]),
        AccountReply::Privileged(user) => {
            say_with(language, "user-privileged", &[("user", &user.to_string())])
        }
        AccountReply::Unknown => say(language, "user-unknown"),
        AccountReply::Ambiguous(users) => {
            let users: Vec<String> = users.iter().map(ToString::to_string).collect();
            say_with(language, "top-up-ambiguous", &[("users", &users.join(", "))])
        }
    }
}

fn shown(language: Language, account: &Account, now: DateTime<Utc>) -> String {
    let time = |at| moment(language, at, now);
    let Account { overview, model: (model, is_chosen), spending, failures, bans } = account;
    let name = [Some(overview.first_name.as_str()), overview.last_name.as_deref()];
    let mut name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
    if let Some(username) = &overview.username {
        name = format!("{name} · @{username}");
    }
    let tag = overview.language.clone().unwrap_or_else(|| say(language, "user-language-unknown"));
    let model_line = if *is_chosen { "user-model" } else { "user-model-default" };
    let Spending { day, week, month, stars } = *spending;
    let mut lines = vec![
        say_with(language, "user-title", &[("user", &overview.user.to_string()), ("name", &name)]),
        say_with(
            language,
            "user-seen",
            &[("first", &time(overview.first_seen)), ("last", &time(overview.last_seen))],
        ),
        say_with(language, model_line, &[("language", &tag), ("model", model)]),
        say_with(
            language,
            "user-balance",
            &[
                ("balance", &usd(language, overview.balance.amount)),
                ("held", &usd(language, overview.balance.held)),
            ],
        ),
        say_with(
            language,
            "user-spent",
            &[
                ("day", &usd(language, day)),
                ("week", &usd(language, week)),
                ("month", &usd(language, month)),
                ("stars", &stars.to_string()),
            ],
        ),
    ];
    for (id, since) in [("user-blocked", overview.blocked_at), ("user-banned", overview.banned_at)] {
        lines.extend(since.map(|since| say_with(language, id, &[("time", &time(since))])));
    }
    if !overview.announcements {
        lines.push(say(language, "user-opted-out"));
    }
    if !failures.is_empty() {
        lines.push(format!("\n{}", say(language, "user-failures")));
        lines.extend(failures.iter().map(|FailedTurn { detail, at }| format!("• {} · {detail}", time(*at))));
    }
    if !bans.is_empty() {
        lines.push(format!("\n{}", say(language, "user-bans")));
        lines.extend(bans.iter().map(|change| format!("• {} · {}", time(change.at), ban(language, change))));
    }
    lines.join("\n")
}

fn ban(language: Language, change: &BanChange) -> String {
    let by = change.by.to_string();
    match &change.reason {
        Some(reason) => say_with(language, "user-ban", &[("user", &by), ("reason", reason)]),
        None => say_with(language, "user-unban", &[("user", &by)]),
    }
}

/// Shows the figures of the bot, or says that they cannot be had now.
pub(crate) fn statistics(language: Language, read: Option<Statistics>) -> String {
    let Some(Statistics { people, answers, stars, costs }) = read else {
        return say(language, "stats-too-slow");
    };
    let line = |id, [day, week, month]: Periods<String>| {
        say_with(language, id, &[("day", &day), ("week", &week), ("month", &month)])
    };
    let revenue = stars.map(|stars| format!("{stars} ⭐ ({})", usd(language, worth(stars))));
    let kept = Decimal::ONE - WITHDRAWAL;
    let margin = [0, 1, 2].map(|period| usd(language, Usd(worth(stars[period]).0 * kept) - costs[period]));
    let lines = [
        say(language, "stats-title"),
        line("stats-people", people.map(|count| count.to_string())),
        line("stats-answers", answers.map(|count| count.to_string())),
        line("stats-revenue", revenue),
        line("stats-costs", costs.map(|cost| usd(language, cost))),
        line("stats-margin", margin),
        format!(
            "\n{}",
            say_with(language, "stats-explained", &[("k1", &decimal(language, &WITHDRAWAL.to_string()))])
        ),
    ];
    lines.join("\n")
}
