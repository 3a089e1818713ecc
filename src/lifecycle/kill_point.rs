//! Kill points: named places in the course of a paid turn and of a payment at which a test makes the process
//! die as if the power had failed. They exist in debug builds only; a release build contains nothing of them.

#[cfg(debug_assertions)]
use std::{
    fs::File,
    path::PathBuf,
    sync::OnceLock,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

#[cfg(debug_assertions)]
use rustix::process::Signal;

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
    "transcription: stopped",
    "transcription: before a stop is charged",
    "transcription: stop charged",
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
    "duty: taken",
    "import: people taken",
    "import: messages taken",
];

#[cfg(debug_assertions)]
static CHOSEN: OnceLock<Choice> = OnceLock::new();

/// What a test wants to happen where.
#[cfg(debug_assertions)]
#[derive(Debug, PartialEq, Eq)]
struct Choice {
    point: String,
    /// Limits it to the work of one user.
    person: Option<String>,
    /// The process is suspended instead of ended.
    suspends: bool,
    /// Of several processes, only the one that creates this file.
    once: Option<PathBuf>,
}

#[cfg(debug_assertions)]
impl Choice {
    fn read(text: &str) -> Self {
        let (text, once) = match text.split_once(ONCE) {
            Some((text, file)) => (text, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let (text, suspends) = text.strip_prefix(SUSPENDED).map_or((text, false), |text| (text, true));
        let (point, person) = match text.split_once(" of ") {
            Some((point, person)) => (point, Some(person.to_owned())),
            None => (text, None),
        };
        Self { point: point.to_owned(), person, suspends, once }
    }

    fn means(&self, point: &str, person: Option<i64>) -> bool {
        let is_meant =
            self.person.as_ref().is_none_or(|of| person.is_some_and(|person| *of == person.to_string()));
        self.point == point && is_meant
    }

    /// Returns whether no other process was here first.
    fn is_first(&self) -> bool {
        self.once.as_ref().is_none_or(|file| File::create_new(file).is_ok())
    }
}

/// Beginning of a selection after which the process is suspended there, once, as a machine that stands still.
#[cfg(debug_assertions)]
const SUSPENDED: &str = "suspended at ";
/// What precedes the name of a file.
#[cfg(debug_assertions)]
const ONCE: &str = " once in ";
/// How long the thread that has suspended its process waits, at least: until it is suspended itself.
#[cfg(debug_assertions)]
const SUSPENSION: Duration = Duration::from_millis(20);

/// Selects the place where the process dies; only the first selection counts. `POINT of NUMBER` limits it to
/// the work of one user, `suspended at POINT` suspends the process (SIGSTOP) the first time it gets there, and
/// with `POINT once in FILE` only the process that creates the file dies.
///
/// # Errors
/// Returns an error if there is no such point.
#[cfg(debug_assertions)]
pub fn arm(point: &str) -> Result<(), String> {
    let choice = Choice::read(point);
    if !ALL.contains(&choice.point.as_str()) {
        return Err(format!("there is no kill point '{}'", choice.point));
    }
    CHOSEN.get_or_init(|| choice);
    Ok(())
}

/// Ends or suspends the process if this point was selected.
#[cfg(debug_assertions)]
pub fn reach(point: &'static str, person: Option<i64>) {
    static SUSPENDED_ALREADY: AtomicBool = AtomicBool::new(false);
    debug_assert!(ALL.contains(&point), "the kill point '{point}' is not in the list");
    let Some(choice) = CHOSEN.get().filter(|choice| choice.means(point, person)) else { return };
    if choice.suspends {
        if !SUSPENDED_ALREADY.swap(true, Ordering::Relaxed) && choice.is_first() {
            let stopped = rustix::process::kill_process(rustix::process::getpid(), Signal::Stop);
            debug_assert!(stopped.is_ok(), "a process may suspend itself: {stopped:?}");
            std::thread::sleep(SUSPENSION);
        }
    } else if choice.is_first() {
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

#[cfg(all(test, debug_assertions))]
mod tests {
    use super::*;

    #[test]
    fn a_selection_names_a_point_a_person_and_what_happens() {
        let plain = Choice::read("turn: opened of 42");
        assert!(plain.means("turn: opened", Some(42)) && !plain.suspends && plain.is_first());
        assert!(!plain.means("turn: opened", Some(43)) && !plain.means("turn: opened", None));
        assert!(!plain.means("turn: opening", Some(42)));
        let file = PathBuf::from(format!("target/kill-point-{}", std::process::id()));
        let once = Choice::read(&format!("suspended at live: after the call once in {}", file.display()));
        assert!(once.means("live: after the call", None) && once.suspends);
        assert_eq!([once.is_first(), once.is_first()], [true, false]);
        std::fs::remove_file(file).unwrap();
    }
}
