//! What a conversation remembers, as one value with a version, and how far back it goes.

use crate::domain::message::HistoryMessage;

/// The messages of a conversation that a prompt may use.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// How often the conversation's messages had changed.
    pub version: i64,
    /// How many older messages are left out.
    pub skipped: i64,
    /// The messages, oldest first.
    pub messages: Vec<HistoryMessage>,
}

/// How a history goes on when the turn that was made from it is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Continuation {
    /// The history's version with the turn's own messages.
    pub version: i64,
    /// How many older messages are left out.
    pub skipped: i64,
    /// How many of the newest messages are the turn's own.
    pub own: usize,
    /// Whether the cache has it without them.
    pub cached: bool,
}

/// How far back a history goes. When older messages have to go, a whole step goes at once: the prompt's beginning,
/// which the provider caches, then stays the same until as many new ones have come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// The most messages.
    pub limit: i64,
    /// How many go at once; more than zero.
    pub step: i64,
}

impl Window {
    /// How many of the oldest of `total` messages are left out.
    pub fn skipped(self, total: i64) -> i64 {
        (self.step - 1 - self.limit + total).max(0) / self.step * self.step
    }
}

impl History {
    /// Adds messages and lets the oldest go that are outside the window now.
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
