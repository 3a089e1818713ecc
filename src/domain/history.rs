//! The history of a conversation as one versioned value, and the window that limits it.

use crate::domain::message::HistoryMessage;

/// The messages of a conversation that a prompt may use.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// The number of changes to the conversation's messages so far.
    pub version: i64,
    /// The number of older messages that are left out.
    pub skipped: i64,
    /// The messages, oldest first.
    pub messages: Vec<HistoryMessage>,
}

/// How a history continues when the turn that was built from it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Continuation {
    /// The history's version with the turn's own messages.
    pub version: i64,
    /// The number of older messages that are left out.
    pub skipped: i64,
    /// The number of newest messages that belong to the turn itself.
    pub own: usize,
    /// Whether the cache holds the history without the turn's own messages.
    pub cached: bool,
}

/// How far back a history goes. Older messages are dropped a whole step at a time, so the beginning of the
/// prompt, which the provider caches, stays the same until another step of messages has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The maximum number of messages.
    pub limit: i64,
    /// The number of messages dropped at once; more than zero.
    pub step: i64,
}

impl Window {
    /// Returns how many of the oldest of `total` messages are left out.
    pub fn skipped(self, total: i64) -> i64 {
        (self.step - 1 - self.limit + total).max(0) / self.step * self.step
    }
}

impl History {
    /// Appends messages and drops the oldest ones that are now outside the window.
    pub fn extend(&mut self, version: i64, new: &[HistoryMessage], window: Window) {
        self.version = version;
        self.messages.extend_from_slice(new);
        let total = self.skipped + i64::try_from(self.messages.len()).unwrap_or(i64::MAX);
        let skipped = window.skipped(total);
        if let Ok(surplus) = usize::try_from(skipped - self.skipped) {
            self.messages.drain(..surplus.min(self.messages.len()));
            self.skipped = skipped;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_moves_in_steps() {
        let window = Window { limit: 500, step: 100 };
        for (total, skipped) in
            [(0, 0), (499, 0), (500, 0), (501, 100), (600, 100), (601, 200), (10_050, 9_600)]
        {
            assert_eq!(window.skipped(total), skipped, "{total}");
        }
    }
}
