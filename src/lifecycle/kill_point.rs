//! Kill points: named places in the course of a paid turn and of a payment at which a test makes the process
//! die as if the power had failed. They exist in debug builds only; a release build contains nothing of them.

#[cfg(debug_assertions)]
use std::sync::OnceLock;

/// All points; a test kills the bot at each.
#[cfg(debug_assertions)]
pub const ALL: &[&str] = &[
    "turn: opening",
    "turn: opened",
    "turn: sponsored",
    "turn: admitted",
    "tab: first usage",
    "tab: call noted",
    "tab: between rounds",
    "tab: reserved",
    "live: after the call",
    "settle: before the commit",
    "settle: after the commit",
    "deliver: before the call",
    "deliver: after the call",
    "deliver: written down",
    "deliver files: before the call",
    "deliver files: after the call",
    "deliver files: written down",
    "restart: after the commit",
    "retry: before the commit",
    "retry: after the commit",
    "invoice: before the commit",
    "invoice: after the commit",
    "checkout: before the answer",
    "checkout: after the answer",
    "credit: payment recorded",
    "credit: booked",
    "credit: before the commit",
    "credit: after the commit",
    "refund: before the commit",
    "refund: after the commit",
    "refund: before the call",
    "refund: after the call",
    "refund: booked",
    "refund: settled",
    "clear: after the commit",
    "topics: after the call",
    "topic name: claimed",
    "topic name: answered",
    "topic name: before the commit",
    "topic name: paid",
    "topic name: after the call",
    "copies: deleted at the provider",
    "announce: shown",
    "announce: marked",
    "announce: sent",
    "announce: before the end",
    "return: before the commit",
    "menu: set",
    "export: made",
    "erasure: step taken",
    "erasure: before the end",
    "tool: ended",
    "tool: file kept",
    "subagent: answered",
    "web: result noted",
    "draw: answered",
    "draw: kept",
    "edit: fetched",
    "edit: before the commit",
    "file: counted",
    "transcription: held",
    "transcription: answered",
    "transcription: before the commit",
    "transcription: settled",
    "sandbox: claimed",
    "sandbox: created",
    "sandbox: stored",
    "sandbox: executed",
    "sandbox: before the results",
    "sandbox: killed",
    "takeover: before the commit",
    "takeover: declared dead",
    "takeover: after the commit",
    "takeover: before the replay",
    "handover: closed",
    "handover: given back",
    "import: people taken",
    "import: messages taken",
];

#[cfg(debug_assertions)]
static CHOSEN: OnceLock<String> = OnceLock::new();

/// Selects the place where the process dies; only the first selection counts. `POINT of NUMBER` limits it to
/// the work of one user.
///
/// # Errors
/// Returns an error if there is no such point.
#[cfg(debug_assertions)]
pub fn arm(point: &str) -> Result<(), String> {
    let name = point.split_once(" of ").map_or(point, |(name, _)| name);
    if !ALL.contains(&name) {
        return Err(format!("there is no kill point '{point}'"));
    }
    CHOSEN.get_or_init(|| point.to_owned());
    Ok(())
}

/// Ends the process if this point was selected.
#[cfg(debug_assertions)]
pub fn reach(point: &'static str, person: Option<i64>) {
    debug_assert!(ALL.contains(&point), "the kill point '{point}' is not in the list");
    let is_meant = |chosen: &String| match chosen.split_once(" of ") {
        None => chosen == point,
        Some((name, of)) => name == point && person.is_some_and(|person| of == person.to_string()),
    };
    if CHOSEN.get().is_some_and(is_meant) {
        std::process::abort();
    }
}

/// Marks a place at which a test may make the process die.
macro_rules! kill_point {
    ($point:literal) => {
        #[cfg(debug_assertions)]
        $crate::lifecycle::kill_point::reach($point, None);
    };
    ($point:literal, $person:expr) => {
        #[cfg(debug_assertions)]
        $crate::lifecycle::kill_point::reach($point, Some($person));
    };
}
pub(crate) use kill_point;
