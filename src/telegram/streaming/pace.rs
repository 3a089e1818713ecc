//! The pace of an unfinished message: the first text at once, then at most one state per second in drafts and
//! one in four seconds in groups, always including the last one, and a refresh before a draft expires.

use std::time::Duration;

use tokio::time::Instant;

/// The gap between two drafts.
const DRAFT_GAP: Duration = Duration::from_secs(1);
/// The gap between two edits in a group, whose total budget is 20 calls per minute.
const EDIT_GAP: Duration = Duration::from_secs(4);
/// The refresh interval of a draft, which expires 30 s after its last call.
pub(crate) const REMINDER: Duration = Duration::from_secs(18);

/// Decides when to show the next state.
#[derive(Debug)]
pub(super) struct Pace {
    gap: Duration,
    reminder: Option<Duration>,
    not_before: Option<Instant>,
    shown_at: Option<Instant>,
    changed: bool,
}

impl Pace {
    /// Creates the pace of drafts, which expire.
    pub(super) fn drafts() -> Self {
        Self { gap: DRAFT_GAP, reminder: Some(REMINDER), not_before: None, shown_at: None, changed: false }
    }

    /// Creates the pace of edits, which do not expire.
    pub(super) fn edits() -> Self {
        Self { gap: EDIT_GAP, reminder: None, not_before: None, shown_at: None, changed: false }
    }

    /// Records that there is a new state to show.
    pub(super) fn changed(&mut self) {
        self.changed = true;
    }

    /// Records that the current state is being shown; `cautious` doubles the gap.
    pub(super) fn showing(&mut self, cautious: bool) {
        let now = Instant::now();
        self.changed = false;
        self.shown_at = Some(now);
        self.not_before = Some(now + if cautious { self.gap * 2 } else { self.gap });
    }

    /// Records that there is nothing to show yet.
    pub(super) fn nothing_to_show(&mut self) {
        self.changed = false;
        self.shown_at = self.shown_at.map(|_| Instant::now());
    }

    /// Records that the current state was not shown and is to be retried at this time.
    pub(super) fn postponed(&mut self, time: Instant) {
        self.changed = true;
        self.not_before = self.not_before.max(Some(time));
    }

    /// Returns when to show the current state, or `None` while there is nothing to show.
    pub(super) fn due(&self) -> Option<Instant> {
        let now = Instant::now();
        if self.changed {
            return Some(self.not_before.unwrap_or(now));
        }
        Some(self.shown_at? + self.reminder?)
    }
}

#[cfg(test)]
mod tests;
