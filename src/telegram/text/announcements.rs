//! Sentences about announcements.

use super::clear::say_counting;
use super::{say, say_with};
use crate::db::announcement_recipients::{Audience, RecipientState, Tally};
use crate::db::announcements::AnnouncementState;
use crate::domain::people::Language;
use crate::services::announcements::{Asked, Ended, Tapped};

/// The most names that one list shows.
const NAMES: usize = 50;

/// Answers the command.
pub(crate) fn asked(language: Language, asked: &Asked) -> String {
    match asked {
        Asked::Nobody => say(language, "announce-nobody-known"),
        Asked::Running(_, tally) => counted(language, "announce-running", tally),
        Asked::Begun { targets, unknown, ambiguous } => {
            let mut parts = vec![say(language, "announce-ask")];
            parts.extend(targets.map(|people| say_counting(language, "announce-for", &[("people", people)])));
            for (id, names) in [("announce-unknown", unknown), ("announce-ambiguous", ambiguous)] {
                if !names.is_empty() {
                    let shown = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
                    let more = if names.len() > NAMES { ", …" } else { "" };
                    parts.push(say_with(language, id, &[("names", &format!("{shown}{more}"))]));
                }
            }
            parts.join("\n\n")
        }
    }
}

/// Refuses an album as content.
pub(crate) fn album(language: Language) -> String {
    say(language, "announce-album")
}

/// Refuses a message that Telegram does not copy.
pub(crate) fn not_copied(language: Language) -> String {
    say(language, "announce-not-copied")
}

/// Answers a content that is not awaited any more.
pub(crate) fn gone(language: Language) -> String {
    say(language, "announce-gone")
}

/// Asks for approval, below the preview.
pub(crate) fn offer(language: Language, audience: Audience) -> String {
    let mut text = if audience.reached > 0 {
        let people = usize::try_from(audience.reached).unwrap_or(usize::MAX);
        say_counting(language, "announce-offer", &[("people", people)])
    } else {
        say(language, "announce-nobody-left")
    };
    let left_out = [
        ("announce-opted-out", audience.opted_out),
        ("announce-blocked", audience.blocked),
        ("announce-banned", audience.banned),
    ];
    let left_out: Vec<String> = left_out
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(id, count)| say_with(language, id, &[("people", &count.to_string())]))
        .collect();
    if !left_out.is_empty() {
        text.push('\n');
        text.push_str(&say_with(language, "announce-left-out", &[("list", &left_out.join(", "))]));
    }
    text
}

/// Labels the button that begins to send.
pub(crate) fn send_button(language: Language, people: i64) -> String {
    let people = usize::try_from(people).unwrap_or_default();
    say_counting(language, "announce-send-button", &[("people", people)])
}

/// Labels the button that drops an announcement.
pub(crate) fn cancel_button(language: Language) -> String {
    say(language, "announce-cancel-button")
}

/// Labels the button that ends the sending early.
pub(crate) fn stop_button(language: Language) -> String {
    say(language, "announce-stop-button")
}

/// Replaces the question for approval after a cancellation.
pub(crate) fn cancelled(language: Language) -> String {
    say(language, "announce-cancelled")
}

/// Answers a tap that has changed nothing; `None` if it was carried out.
pub(crate) fn tapped(language: Language, tapped: Tapped) -> Option<String> {
    match tapped {
        Tapped::Done => None,
        Tapped::Unknown => Some(super::old_button(language)),
        Tapped::Before => Some(say(language, "announce-before")),
        Tapped::Busy => Some(say(language, "announce-busy")),
    }
}

/// Answers a tap that stops the sending.
pub(crate) fn stopping(language: Language) -> String {
    say(language, "announce-stopping")
}

/// Replaces a message with a button that has stopped the sending.
pub(crate) fn stopped(language: Language) -> String {
    say(language, "announce-stopped")
}

/// Shows how far the sending is.
pub(crate) fn progress(language: Language, tally: &Tally) -> String {
    counted(language, "announce-progress", tally)
}

fn counted(language: Language, id: &str, tally: &Tally) -> String {
    let (done, all) = (tally.tried().to_string(), tally.addressed().to_string());
    say_with(language, id, &[("done", &done), ("all", &all)])
}

/// Tells how an announcement has ended: one line for each result.
pub(crate) fn ended(language: Language, ended: &Ended) -> String {
    let first = match (&ended.announcement.failure, ended.announcement.state) {
        (Some(_), _) => "announce-content-gone",
        (None, AnnouncementState::Stopping | AnnouncementState::Stopped) => "announce-stopped",
        (None, _) => "announce-sent",
    };
    let mut text = say(language, first);
    for (id, state) in [
        ("announce-result-sent", RecipientState::Sent),
        ("announce-result-blocked", RecipientState::Blocked),
        ("announce-result-closed", RecipientState::Closed),
        ("announce-result-refused", RecipientState::Refused),
        ("announce-result-unknown", RecipientState::Unknown),
        ("announce-result-opted-out", RecipientState::OptedOut),
        ("announce-result-banned", RecipientState::Banned),
        ("announce-result-waiting", RecipientState::Waiting),
    ] {
        let count = ended.tally.of(state);
        if count > 0 {
            text.push_str("\n• ");
            text.push_str(&say_with(language, id, &[("people", &count.to_string())]));
        }
    }
    text
}

/// Describes the file with the results.
pub(crate) fn report(language: Language) -> String {
    say(language, "announce-report")
}

/// Labels the button below each copy, for somebody who takes announcements or not.
pub(crate) fn subscription_button(language: Language, takes: bool) -> String {
    say(language, if takes { "announcements-off-button" } else { "announcements-on-button" })
}

/// Confirms a tap on that button.
pub(crate) fn subscription(language: Language, takes: bool) -> String {
    say(language, if takes { "announcements-on" } else { "announcements-off" })
}
