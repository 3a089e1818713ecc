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
mod tests {
    use super::*;

    #[test]
    fn parts_are_handed_out_once_and_in_order() {
        let words: Vec<String> = (1..=2_000).map(|n| format!("word{n}")).collect();
        let text = words.chunks(40).map(|paragraph| paragraph.join(" ")).collect::<Vec<_>>().join(
            "

",
        );
        let whole = super::super::split(&super::super::render(&text), 4096, 100);
        let mut growing = Growing::default();
        let mut parts = Vec::new();
        for chunk in text.as_bytes().chunks(17) {
            growing.push(std::str::from_utf8(chunk).unwrap());
            parts.extend(std::iter::from_fn(|| growing.take_part()));
        }
        assert!(!parts.is_empty(), "a long answer is outgrown on the way");
        parts.extend(growing.finish());
        assert_eq!(parts, whole);
    }

    #[test]
    fn parts_without_anything_to_read_are_left_out() {
        let invisible = "\u{200b}".repeat(9_000);
        let mut growing = Growing::default();
        growing.push(&format!("{invisible}\n\nwords\n\n{invisible}\n\n"));
        let taken: Vec<RichText> = std::iter::from_fn(|| growing.take_part()).collect();
        let shown = growing.current();
        let parts: Vec<RichText> = taken.into_iter().chain(growing.finish()).collect();
        assert!(parts.iter().any(|part| part.text.contains("words")));
        assert!(parts.iter().chain(&shown).all(|part| !is_blank(&part.text)));
    }

    #[test]
    fn blank_answers_are_not_shown() {
        let mut growing = Growing::default();
        growing.push("\u{200b}\u{2800}");
        assert!(growing.is_blank());
        assert_eq!(growing.current(), None);
        let mut growing = Growing::default();
        growing.push(" \n");
        assert!(growing.is_blank());
        growing.push("x");
        assert!(!growing.is_blank());
        assert_eq!(growing.current().unwrap().text, "x");
    }
}
