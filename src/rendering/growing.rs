//! An answer while it is written: what is not posted yet, in parts that each fit one message.

use super::{Limits, RichText, Stream};
use crate::domain::blank::is_blank;

/// A growing answer, seen by the screen.
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
    /// More of the answer.
    pub fn push(&mut self, delta: &str) {
        self.blank &= is_blank(delta);
        self.stream.push(delta);
    }

    /// Whether there is nothing to read yet.
    pub fn is_blank(&self) -> bool {
        self.blank
    }

    /// What can be shown now: the beginning of what the next message will be. None while that is empty.
    pub fn current(&mut self) -> Option<RichText> {
        self.stream.head().into_iter().find(can_be_sent)
    }

    /// A part that is complete, because the answer has outgrown it.
    pub fn take_part(&mut self) -> Option<RichText> {
        let settled = &self.stream.settled()[self.posted..];
        let at = settled.iter().position(can_be_sent)?;
        let part = settled[at].clone();
        self.posted += at + 1;
        Some(part)
    }

    /// All that was not taken yet.
    pub fn finish(self) -> Vec<RichText> {
        let mut parts = self.stream.finish();
        parts.drain(..self.posted.min(parts.len()));
        parts.retain(can_be_sent);
        parts
    }
}

/// Telegram takes no message without anything to read, and nobody misses it.
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
