//! Sentences about money. Amounts are rounded only here.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use super::dates::{day, moment};
use super::numbers::{decimal, usd, usd_in_full};
use super::{id_of, say, say_with, try_say};
use crate::db::balance::LedgerEntry;
use crate::db::payments::Payment;
use crate::db::settings::MarginChange;
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::stars::{MOST, Margin, REFUND_DAYS, TOPICS, WITHDRAWAL, worth};
use crate::domain::tool::ToolName;
use crate::services::adjustments::{Adjusted, MarginState};
use crate::services::payments::{CheckoutRefusal, Credited};
use crate::services::refunds::{RefundOutcome, RefundStart};
use crate::services::statement::Statement;

/// Introduces the packages.
pub(crate) fn pay(language: Language) -> String {
    say(language, "pay")
}

/// Labels the button of a package.
pub(crate) fn package_button(language: Language, name: &str, stars: u32, credit: Usd) -> String {
    let (stars, credit) = (stars.to_string(), usd_in_full(language, credit));
    say_with(language, "package-button", &[("package", name), ("stars", &stars), ("credit", &credit)])
}

/// Labels the button for a custom amount.
pub(crate) fn custom_button(language: Language) -> String {
    say(language, "custom-button")
}

/// Asks for a custom amount.
pub(crate) fn ask_amount(language: Language) -> String {
    say_with(language, "ask-amount", &[("most", &MOST.to_string())])
}

/// Rejects a text that is no amount.
pub(crate) fn wrong_amount(language: Language) -> String {
    say_with(language, "wrong-amount", &[("most", &MOST.to_string())])
}

/// Answers `/cancel`.
pub(crate) fn cancelled(language: Language, waited: bool) -> String {
    say(language, if waited { "cancelled" } else { "nothing-to-cancel" })
}

/// Describes an invoice: title (up to 32 characters) on the first line, then the description (up to 255).
pub(crate) fn invoice(language: Language, stars: u32, credit: Usd) -> String {
    let (stars, credit, days) = (stars.to_string(), usd_in_full(language, credit), REFUND_DAYS.to_string());
    let words: &[(&'static str, &str)] = &[("stars", &stars), ("credit", &credit), ("days", &days)];
    format!("{}\n{}", say(language, "invoice-title"), say_with(language, "invoice-description", words))
}

/// Says why a payment is refused.
pub(crate) fn checkout_refused(language: Language, refusal: CheckoutRefusal) -> String {
    let id = match refusal {
        CheckoutRefusal::Unknown => "checkout-unknown",
        CheckoutRefusal::NotYours => "checkout-not-yours",
        CheckoutRefusal::Expired => "checkout-expired",
        CheckoutRefusal::Paid => "checkout-paid",
        CheckoutRefusal::Banned => "checkout-banned",
    };
    say(language, id)
}

/// Refuses a payment because the invoice could not be checked in time.
pub(crate) fn checkout_later(language: Language) -> String {
    say(language, "checkout-later")
}

/// Confirms a credited payment.
pub(crate) fn receipt(stars: u32, credited: Credited, charge_id: &str) -> String {
    let Credited { credit, balance, language } = credited;
    let (stars, credit) = (stars.to_string(), usd_in_full(language, credit));
    let (balance, days) = (usd(language, balance), REFUND_DAYS.to_string());
    let words: &[(&'static str, &str)] = &[
        ("stars", &stars),
        ("credit", &credit),
        ("balance", &balance),
        ("charge", charge_id),
        ("days", &days),
    ];
    say_with(language, "receipt", words)
}

/// Shows the balance and a page of operations, grouped by days, at the time `now`.
pub(crate) fn statement(language: Language, statement: &Statement, now: DateTime<Utc>) -> String {
    let balance = statement.balance;
    let mut text = say_with(language, "balance", &[("balance", &usd(language, balance.amount))]);
    if balance.held > Usd::ZERO {
        let (held, free) = (usd(language, balance.held), usd(language, balance.spendable().max(Usd::ZERO)));
        text.push('\n');
        text.push_str(&say_with(language, "balance-held", &[("held", &held), ("free", &free)]));
    }
    if !statement.entries.is_empty() {
        let is_newest = statement.newer().is_none();
        text.push_str("\n\n");
        text.push_str(&say(language, if is_newest { "balance-latest" } else { "balance-earlier" }));
    }
    let mut shown = String::new();
    for booked in &statement.entries {
        let day = day(language, booked.at, now);
        if day != shown {
            write!(text, "\n\n**{day}**").unwrap_or_default();
            shown = day;
        }
        text.push_str("\n- ");
        text.push_str(&operation(language, booked));
    }
    text
}

/// Labels the button that turns to the next newer page.
pub(crate) fn newer_button(language: Language) -> String {
    say(language, "balance-newer")
}

/// Labels the button that turns to the next older page.
pub(crate) fn older_button(language: Language) -> String {
    say(language, "balance-older")
}

/// Describes one operation: amount, purpose and time.
fn operation(language: Language, booked: &LedgerEntry) -> String {
    let sign = if booked.amount < Usd::ZERO { "" } else { "+" };
    let id = match booked.kind.as_str() {
        "starter" => "operation-starter",
        "opening" => "operation-opening",
        "usage" => "operation-usage",
        "return" => "operation-return",
        "payment" => "operation-payment",
        "refund" => "operation-refund",
        "transcription" => "operation-transcription",
        "topic_name" => "operation-topic-name",
        _ => "operation-adjustment",
    };
    let tools = booked.tools.iter().filter_map(|tool| paid_tool(language, tool));
    let subject = std::iter::once(booked.subject.clone()).chain(tools).collect::<Vec<_>>().join(" + ");
    let what = say_with(language, id, &[("subject", &subject)]);
    // Usage is rounded to a readable precision; all other amounts are shown exactly, because they were
    // promised or requested.
    let is_usage = matches!(
        id,
        "operation-usage" | "operation-return" | "operation-transcription" | "operation-topic-name"
    );
    let amount = if is_usage { usd(language, booked.amount) } else { usd_in_full(language, booked.amount) };
    let (about, remark) = if is_usage && booked.estimated {
        ("≈", say(language, "operation-estimated"))
    } else {
        ("", String::new())
    };
    format!("{sign}{about}{amount} · {what}{remark} · {}", booked.at.format("%H:%M"))
}

/// Names what a paid call of a tool was for; `None` for tools that cost nothing, and for names that are none.
fn paid_tool(language: Language, tool: &str) -> Option<String> {
    try_say(language, &format!("paid-{}", id_of(ToolName::named(tool)?)))
}

/// Lists the payments that are refundable at the time `now`, and explains how to request a refund.
pub(crate) fn refundable(language: Language, payments: &[Payment], now: DateTime<Utc>) -> String {
    let days = REFUND_DAYS.to_string();
    if payments.is_empty() {
        return say_with(language, "nothing-to-refund", &[("days", &days)]);
    }
    let mut text = say_with(language, "refundable", &[("days", &days)]);
    for Payment { stars, credit, paid_at, charge_id, .. } in payments {
        let (day, credit) = (day(language, *paid_at, now), usd_in_full(language, *credit));
        write!(text, "\n- {stars} ⭐ · {credit} · {day}: `/refund {charge_id}`").unwrap_or_default();
    }
    text
}

/// Answers a request for a refund.
pub(crate) fn refund_asked(language: Language, asked: &RefundStart) -> String {
    match asked {
        RefundStart::Unknown => say(language, "refund-unknown"),
        RefundStart::Refunded => say(language, "refund-done-before"),
        RefundStart::Running => say(language, "refund-running"),
        RefundStart::TooLate => say_with(language, "refund-too-late", &[("days", &REFUND_DAYS.to_string())]),
        RefundStart::TooPoor { needed, spendable } => {
            let spendable = usd_in_full(language, (*spendable).max(Usd::ZERO));
            let needed = usd_in_full(language, *needed);
            say_with(language, "refund-too-poor", &[("needed", &needed), ("spendable", &spendable)])
        }
        RefundStart::Begun => say(language, "refund-begun"),
    }
}

/// Reports the result of a refund.
pub(crate) fn refund_end(language: Language, payment: &Payment, end: RefundOutcome) -> String {
    let (stars, credit) = (payment.stars.to_string(), usd_in_full(language, payment.credit));
    let (id, balance) = match end {
        RefundOutcome::Given(balance) => ("refund-given", usd(language, balance)),
        RefundOutcome::ByTelegram(balance) => ("refund-by-telegram", usd(language, balance)),
        RefundOutcome::Refused => ("refund-refused", String::new()),
    };
    say_with(language, id, &[("stars", &stars), ("credit", &credit), ("balance", &balance)])
}

/// Names the contact for questions about payments.
pub(crate) fn pay_support(language: Language, contact: Option<&str>) -> String {
    let days = REFUND_DAYS.to_string();
    let contact = contact.map_or_else(|| say(language, "pay-support-nobody"), str::to_owned);
    say_with(language, "pay-support", &[("contact", &contact), ("days", &days)])
}

/// Returns the terms of sale.
pub(crate) fn terms(language: Language) -> String {
    say_with(language, "terms", &[("days", &REFUND_DAYS.to_string())])
}

/// Explains the command that corrects a balance.
pub(crate) fn top_up_usage(language: Language) -> String {
    say(language, "top-up-usage")
}

/// Reports the result of a correction.
pub(crate) fn adjusted(language: Language, adjusted: &Adjusted, amount: Usd) -> String {
    match adjusted {
        Adjusted::Done { user, before, after } => {
            let user = user.to_string();
            let (before, after) = (usd(language, *before), usd(language, *after));
            let sign = if amount < Usd::ZERO { "" } else { "+" };
            let amount = format!("{sign}{}", usd_in_full(language, amount));
            let words: &[(&'static str, &str)] =
                &[("user", &user), ("before", &before), ("after", &after), ("amount", &amount)];
            say_with(language, "top-up-done", words)
        }
        Adjusted::Unknown => say(language, "top-up-unknown"),
        Adjusted::Ambiguous(users) => {
            let users: Vec<String> = users.iter().map(|user| format!("`{user}`")).collect();
            say_with(language, "top-up-ambiguous", &[("users", &users.join(", "))])
        }
        Adjusted::TooMuch => say(language, "top-up-too-much"),
    }
}

/// Shows the margin before and after a change, and its newest changes, at the time `now`.
pub(crate) fn margin(language: Language, state: &MarginState, now: DateTime<Utc>) -> String {
    let &MarginState { before, after, ref changes } = state;
    let shares = [WITHDRAWAL, TOPICS, before.share(), after.share(), Margin::MOST];
    let [k1, k2, before, k3, most] = shares.map(|share| decimal(language, &share.normalize().to_string()));
    let star = usd_in_full(language, worth(1));
    let words: &[(&'static str, &str)] =
        &[("k1", &k1), ("k2", &k2), ("k3", &k3), ("before", &before), ("most", &most), ("star", &star)];
    if before != k3 {
        return say_with(language, "margin-set", words);
    }
    let mut text = say_with(language, "margin-is", words);
    if !changes.is_empty() {
        write!(text, "\n\n{}", say(language, "margin-changes")).unwrap_or_default();
    }
    for MarginChange { margin, by, at } in changes {
        let (by, at) = (by.to_string(), moment(language, *at, now));
        let margin = decimal(language, margin);
        let words: &[(&'static str, &str)] = &[("k3", &margin), ("user", &by), ("time", &at)];
        write!(text, "\n- {}", say_with(language, "margin-change", words)).unwrap_or_default();
    }
    text
}

/// Rejects a text that is no margin.
pub(crate) fn wrong_margin(language: Language) -> String {
    say_with(language, "wrong-margin", &[("most", &Margin::MOST.to_string())])
}

#[cfg(test)]
mod tests;
