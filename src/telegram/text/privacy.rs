//! Sentences about the data that is stored of a person, and the words of the files in which a person gets it.

use chrono::{DateTime, Utc};

use super::clear::say_counting;
use super::numbers::usd;
use super::{say, say_to, say_with, tool_line};
use crate::db::data_requests::ErasureState;
use crate::domain::money::Usd;
use crate::domain::people::Language;
use crate::domain::tool::ToolState;
use crate::services::conversation_file::FilePart;
use crate::services::data_requests::{Decided, FileAsked};
use crate::services::personal_export::About;

/// Describes what is stored; conversations are kept for this many days.
pub(crate) fn privacy(language: Language, days: i64) -> String {
    say_counting(language, "privacy", &[("days", usize::try_from(days).unwrap_or(1))])
}

/// Labels the button that asks for everything as a file.
pub(crate) fn everything_button(language: Language) -> String {
    say(language, "privacy-everything-button")
}

/// Labels the button that offers to erase everything.
pub(crate) fn erase_button(language: Language) -> String {
    say(language, "privacy-erase-button")
}

/// Answers a tap that asks for everything.
pub(crate) fn everything_asked(language: Language, asked: FileAsked, now: DateTime<Utc>) -> String {
    match asked {
        FileAsked::Begun => say(language, "export-begun"),
        FileAsked::Running | FileAsked::Empty => say(language, "export-running"),
        FileAsked::TooSoon(next) => {
            let minutes = usize::try_from((next - now).num_minutes() + 1).unwrap_or(1);
            say_counting(language, "export-too-soon", &[("minutes", minutes)])
        }
    }
}

/// Answers `/export`; `None` if the file is the answer.
pub(crate) fn conversation_asked(language: Language, asked: FileAsked, now: DateTime<Utc>) -> Option<String> {
    match asked {
        FileAsked::Begun => None,
        FileAsked::Running => Some(say(language, "conversation-running")),
        FileAsked::TooSoon(next) => {
            let seconds = usize::try_from((next - now).num_seconds() + 1).unwrap_or(1);
            Some(say_counting(language, "conversation-too-soon", &[("seconds", seconds)]))
        }
        FileAsked::Empty => Some(say(language, "conversation-empty")),
    }
}

/// Accompanies the file with a conversation.
pub(crate) fn conversation_made(language: Language) -> String {
    say(language, "conversation-made")
}

/// Accompanies the file with everything.
pub(crate) fn export_made(language: Language) -> String {
    say(language, "export-made")
}

/// Tells that a file cannot be made.
pub(crate) fn file_failed(language: Language) -> String {
    say(language, "export-failed")
}

/// Asks whether everything is to be erased. This balance stays.
pub(crate) fn offer_erasure(language: Language, balance: Usd) -> String {
    say_with(language, "erasure-offer", &[("balance", &usd(language, balance))])
}

/// Labels the button that confirms an erasure.
pub(crate) fn confirm_button(language: Language) -> String {
    say(language, "erasure-confirm-button")
}

/// Labels the button that takes the offer back.
pub(crate) fn keep_button(language: Language) -> String {
    say(language, "erasure-keep-button")
}

/// Answers a tap below the offer of an erasure.
pub(crate) fn decided(language: Language, decided: Decided, confirmed: bool) -> String {
    match decided {
        Decided::Done if confirmed => say(language, "erasure-begun"),
        Decided::Done => say(language, "erasure-dropped"),
        Decided::Unknown => super::old_button(language),
        Decided::Expired => say(language, "erasure-expired"),
        Decided::Before(ErasureState::Waiting) => say(language, "erasure-running"),
        Decided::Before(ErasureState::Cancelled | ErasureState::Offered) => {
            say(language, "erasure-cancelled")
        }
        Decided::Before(ErasureState::Done | ErasureState::Failed) => say(language, "erasure-before"),
    }
}

/// Tells that everything is erased and which balance has stayed.
pub(crate) fn erased(language: Language, balance: Usd) -> String {
    say_with(language, "erasure-done", &[("balance", &usd(language, balance))])
}

/// Says a part of the file with a conversation.
pub(crate) fn file_part(language: Language, part: FilePart<'_>) -> String {
    match part {
        FilePart::Heading(title, topic) => {
            let heading = match title {
                Some(title) => say_to(language, "file-heading-in", title),
                None => say(language, "file-heading"),
            };
            match topic {
                Some(topic) => {
                    let topic = say_with(language, "file-topic", &[("number", &topic.to_string())]);
                    format!("{heading}, {topic}")
                }
                None => heading,
            }
        }
        FilePart::Made(time, messages) => {
            say_with(language, "file-made", &[("time", time), ("count", &messages.to_string())])
        }
        FilePart::OlderLeftOut => say(language, "file-older-left-out"),
        FilePart::OnlyYours => say(language, "file-only-yours"),
        FilePart::FilesByName => say(language, "file-files-by-name"),
        FilePart::You => say(language, "file-you"),
        FilePart::Edited => say(language, "file-edited"),
        FilePart::Cut => say(language, "file-cut"),
        FilePart::ForwardedFrom(name) => say_to(language, "file-forwarded", name),
        FilePart::ReplyTo(name) => say_to(language, "file-reply", name),
        FilePart::Spoken => say(language, "file-spoken"),
        FilePart::Tool(name, failed) => {
            tool_line(language, name, None, if failed { ToolState::Failed } else { ToolState::Done })
        }
        FilePart::NotSent(name) => say_to(language, "file-not-sent", name),
    }
}

/// Explains the file with everything, in that file.
pub(crate) fn about_export(language: Language, about: About<'_>) -> String {
    let time = about.now.format("%Y-%m-%d %H:%M UTC").to_string();
    let explained = say_with(language, "about-export", &[("time", &time)]);
    let completeness = if about.left_out.is_empty() {
        say(language, "about-export-complete")
    } else {
        let paths = about.left_out.iter().map(|path| format!("- {path}"));
        let lines = std::iter::once(say(language, "about-export-left-out")).chain(paths);
        lines.collect::<Vec<_>>().join("\n")
    };
    format!("{explained}\n\n{completeness}\n")
}

#[cfg(test)]
mod tests;
