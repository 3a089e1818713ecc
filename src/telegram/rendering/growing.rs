//! An answer while it is written: what is not posted yet, in parts that each fit one message.

use super::{Limits, RichText, Stream};

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
        self.blank &= delta.trim().is_empty();
        self.stream.push(delta);
    }

    /// Whether nothing was said yet.
    pub fn is_blank(&self) -> bool {
        self.blank
    }

    /// What can be shown now: the beginning of what the next message will be. None while that is empty.
    pub fn current(&mut self) -> Option<RichText> {
        self.stream.head().into_iter().next()
    }

    /// A part that is complete, because the answer has outgrown it.
    pub fn take_part(&mut self) -> Option<RichText> {
        let part = self.stream.settled().get(self.posted).cloned()?;
        self.posted += 1;
        Some(part)
    }

    /// All that was not taken yet.
    pub fn finish(self) -> Vec<RichText> {
        let mut parts = self.stream.finish();
        parts.drain(..self.posted.min(parts.len()));
        parts
    }
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
    fn blank_answers_are_not_shown() {
        let mut growing = Growing::default();
        growing.push(" \n");
        assert!(growing.is_blank());
        growing.push("x");
        assert!(!growing.is_blank());
        assert_eq!(growing.current().unwrap().text, "x");
    }
}
