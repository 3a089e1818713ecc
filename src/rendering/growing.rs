//! An answer while it is being written: splits the text that is not posted yet into parts that each fit one
//! message.

use super::{Limits, RichText, Stream};
use crate::domain::blank::is_blank;

/// A growing answer, as the screen uses it.
#[derive(Debug)]
pub struct Growing {
    stream: Stream,
    posted: usize,
    blank: bool,
}

impl Default for Growing {
    fn default() -> Self {
        Self { stream: Stream::new(Limits::MESSAGE), posted: 0, blank: true }
    }
}

impl Growing {
    /// Appends a piece of the answer.
    pub fn push(&mut self, delta: &str) {
        self.blank &= is_blank(delta);
        self.stream.push(delta);
    }

    /// Returns whether there is no readable text yet.
    pub fn is_blank(&self) -> bool {
        self.blank
    }

    /// Returns the text that can be shown now: the beginning of the next message. Returns `None` while that
    /// is empty.
    pub fn current(&mut self) -> Option<RichText> {
        self.stream.head().into_iter().find(can_be_sent)
    }

    /// Returns the next complete part, or `None` if the answer still fits one message.
    pub fn take_part(&mut self) -> Option<RichText> {
        let settled = &self.stream.settled()[self.posted..];
        let at = settled.iter().position(can_be_sent)?;
        let part = settled[at].clone();
        self.posted += at + 1;
        Some(part)
    }

    /// Returns the remaining parts of the complete answer.
    pub fn finish(self) -> Vec<RichText> {
        let mut parts = self.stream.finish();
        parts.drain(..self.posted.min(parts.len()));
        parts.retain(can_be_sent);
        parts
    }
}

/// Returns whether a part has visible text. Telegram rejects messages without any.
fn can_be_sent(part: &RichText) -> bool {
    !is_blank(&part.text)
}

#[cfg(test)]
mod tests;
