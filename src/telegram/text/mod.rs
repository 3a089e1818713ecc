//! Every sentence of the bot, one function each, in all supported languages.

pub(crate) mod accounts;
pub(crate) mod announcements;
pub(crate) mod clear;
pub(crate) mod commands;
mod dates;
pub(crate) mod groups;
pub(crate) mod languages;
pub(crate) mod money;
pub(crate) mod numbers;
pub(crate) mod preferences;
pub(crate) mod privacy;
pub(crate) mod retry;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};

use crate::domain::file::{DocumentFault, PictureFault};
use crate::domain::people::Language;
use crate::domain::tool::{ToolName, ToolState};
use crate::domain::turn::{Interruption, Outcome, TurnFailure, Unfetched};
use crate::llm::Unreadable;
use crate::services::file_allowance::DailyLimit;

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./src/telegram/text/locales",
        fallback_language: "en",
        // Isolation marks around names appear as boxes in some clients.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

fn code(language: Language) -> LanguageIdentifier {
    match language {
        Language::English => langid!("en"),
        Language::German => langid!("de"),
        Language::Spanish => langid!("es"),
        Language::Russian => langid!("ru"),
    }
}

fn say(language: Language, id: &str) -> String {
    LOCALES.lookup(&code(language), id)
}

/// Returns a sentence, or `None` if no language has it.
fn try_say(language: Language, id: &str) -> Option<String> {
    LOCALES.try_lookup(&code(language), id)
}

/// Returns the name of a tool as the ids of sentences contain it.
fn id_of(tool: ToolName) -> String {
    tool.name().replace('_', "-")
}

fn say_to(language: Language, id: &str, name: &str) -> String {
    say_with(language, id, &[("name", name)])
}

/// Formats a sentence with placeholders; amounts and names are passed as they are displayed.
fn say_with(language: Language, id: &str, words: &[(&'static str, &str)]) -> String {
    let word =
        |&(name, value): &(&'static str, &str)| (Cow::Borrowed(name), FluentValue::from(value.to_owned()));
    LOCALES.lookup_with_args(&code(language), id, &words.iter().map(word).collect::<HashMap<_, _>>())
}

/// Greets a new user.
pub(crate) fn welcome(language: Language, name: &str) -> String {
    say_to(language, "welcome", name)
}

/// Greets a returning user.
pub(crate) fn welcome_back(language: Language, name: &str) -> String {
    say_to(language, "welcome-back", name)
}

/// Answers `/stop` without a running answer.
pub(crate) fn nothing_to_stop(language: Language) -> String {
    say(language, "nothing-to-stop")
}

/// Confirms a `/stop` that came before the answer started.
pub(crate) fn stopped(language: Language) -> String {
    say(language, "cut-stopped")
}

/// Returns the label of the button below an answer that has reached the limit of one request.
pub(crate) fn go_on_button(language: Language) -> String {
    say(language, "go-on-button")
}

/// Returns what a press of that button says to the model, in the name of the person.
pub(crate) fn go_on_words(language: Language) -> String {
    say(language, "go-on-words")
}

/// Labels the button below an unfinished answer.
pub(crate) fn stop_button(language: Language) -> String {
    say(language, "stop-button")
}

/// Describes a tool, what it works on, if that is known, and its state. An unknown tool is shown by the name
/// that the model used.
pub(super) fn tool_line(language: Language, name: &str, subject: Option<&str>, state: ToolState) -> String {
    let name = match (ToolName::named(name), subject) {
        (Some(ToolName::WebSearch), Some(query)) => say_to(language, "tool-web-search-for", query),
        (Some(ToolName::WebFetch), Some(host)) => say_to(language, "tool-web-fetch-from", host),
        (Some(tool), _) => say(language, &format!("tool-{}", id_of(tool))),
        (None, _) => name.to_owned(),
    };
    match state {
        ToolState::Running => say_to(language, "tool-running", &name),
        ToolState::Done => format!("✅ {name}"),
        ToolState::Failed => format!("⚠️ {name}"),
    }
}

/// Heads the list of web pages that an answer cites.
pub(super) fn sources(language: Language) -> String {
    say(language, "sources")
}

/// Refuses a tap on a button whose answer has ended or belongs to another user.
pub(crate) fn not_yours_to_stop(language: Language) -> String {
    say(language, "not-yours-to-stop")
}

/// Refuses a tap on a button that was made for another person.
pub(crate) fn not_your_button(language: Language) -> String {
    say(language, "not-your-button")
}

/// Answers a tap on a button that no longer has an effect.
pub(crate) fn old_button(language: Language) -> String {
    say(language, "old-button")
}

/// Answers a message without text whose content cannot be read.
pub(crate) fn unreadable(language: Language, why: Unreadable) -> String {
    match why {
        Unreadable::Kind => say(language, "only-text"),
        Unreadable::TooLarge { limit } => {
            say_with(language, "file-too-large", &[("most", &(limit / 1_000_000).to_string())])
        }
        Unreadable::Empty => say(language, "file-empty"),
    }
}

/// Answers a message of only a picture that cannot be shown to a model.
pub(crate) fn faulty_picture(language: Language, fault: PictureFault) -> String {
    let id = match fault {
        PictureFault::TooManyPixels => "picture-too-many-pixels",
        PictureFault::Broken => "picture-broken",
        PictureFault::Unsupported => "picture-unsupported",
        PictureFault::Foreign => "only-text",
    };
    say(language, id)
}

/// Answers a message of only a document that cannot be read.
pub(crate) fn faulty_document(language: Language, fault: DocumentFault) -> String {
    let id = match fault {
        DocumentFault::Empty => "file-empty",
        DocumentFault::Encrypted => "document-encrypted",
        DocumentFault::Broken => "document-broken",
        DocumentFault::TooLarge => "document-too-large",
        DocumentFault::Unsupported => "document-unsupported",
    };
    say(language, id)
}

/// Answers a message of only a file, which could not be fetched.
pub(crate) fn not_fetched(language: Language) -> String {
    say(language, "file-not-fetched")
}

/// Answers a message of only a file that was not fetched because of the limit of a day.
pub(crate) fn over_daily_limit(language: Language, limit: DailyLimit) -> String {
    say_limit(language, "file-over-daily-limit", limit)
}

fn say_limit(language: Language, id: &str, limit: DailyLimit) -> String {
    let megabytes = numbers::decimal(language, &limit.megabytes());
    say_with(language, id, &[("most", &megabytes), ("hours", &limit.hours.to_string())])
}

/// Replaces files that Telegram has refused.
pub(crate) fn files_refused(language: Language, names: &str) -> String {
    say_to(language, "files-refused", names)
}

/// Returns the note below an incomplete answer, or `None` for a complete one.
pub(crate) fn closing(language: Language, outcome: Outcome) -> Option<String> {
    let id = match outcome {
        Outcome::Answered => return None,
        Outcome::Truncated => "truncated",
        Outcome::OutOfFunds => "out-of-funds",
        Outcome::LimitReached => "turn-limit",
        Outcome::Interrupted(Interruption::Stopped) => "cut-stopped",
        Outcome::Interrupted(Interruption::Superseded) => "cut-superseded",
        Outcome::Interrupted(Interruption::Shutdown) => "cut-shutdown",
        Outcome::Interrupted(Interruption::Crashed) => "cut-crashed",
        Outcome::Failed(TurnFailure::Overloaded) => "failed-overloaded",
        Outcome::Failed(TurnFailure::Unreachable) => "failed-unreachable",
        Outcome::Failed(TurnFailure::Rejected) => "failed-rejected",
        Outcome::Failed(TurnFailure::TooLong) => "failed-too-long",
        Outcome::Failed(TurnFailure::Refused) => "failed-refused",
        Outcome::Failed(TurnFailure::Empty) => "failed-empty",
        Outcome::Failed(TurnFailure::Internal) => "failed-internal",
        Outcome::Failed(TurnFailure::NoFunds) => "failed-no-funds",
        Outcome::Failed(TurnFailure::Banned) => "failed-banned",
        Outcome::Failed(TurnFailure::VoiceOff) => "failed-voice-off",
        Outcome::Failed(TurnFailure::NotHeard) => "failed-not-heard",
        Outcome::Failed(TurnFailure::NothingSaid) => "failed-nothing-said",
    };
    Some(say(language, id))
}

/// Returns the notes below an answer: which files could not be fetched, and how it ended. `sponsored` says
/// whether the sponsor of a group pays for it. Returns `None` if there are no notes.
pub(crate) fn closings(
    language: Language,
    (outcome, sponsored): (Outcome, bool),
    unfetched: Unfetched,
    daily_limit: DailyLimit,
) -> Option<String> {
    let own = unfetched.own.then(|| say(language, "answered-without-file"));
    let replied = unfetched.replied.then(|| say(language, "answered-without-replied-file"));
    let tells = outcome == Outcome::Failed(TurnFailure::NotHeard);
    let recording = (unfetched.recording && !tells).then(|| say(language, "answered-without-recording"));
    let over_limit = |id| say_limit(language, id, daily_limit);
    let limited = unfetched.over_daily_limit.then(|| over_limit("answered-over-daily-limit"));
    let end = match outcome {
        Outcome::OutOfFunds if sponsored => Some(say(language, "sponsor-used-up")),
        outcome => closing(language, outcome),
    };
    let remarks = [own, replied, recording, limited, end];
    let lines: Vec<String> = remarks.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| lines.join("\n\n"))
}
