//! An answer while it is written: what is said so far, in parts that each fit one message.

use super::{MESSAGE_CHARS, RichText, cut};

/// The part of an answer that is not posted yet.
#[derive(Debug, Default)]
pub struct Growing {
    tail: String,
    chars: usize,
}

impl Growing {
    /// More of the answer.
    pub fn push(&mut self, delta: &str) {
        self.tail.push_str(delta);
        self.chars += delta.chars().count();
    }

    /// Whether there is anything to show.
    pub fn is_blank(&self) -> bool {
        self.tail.trim().is_empty()
    }

    /// What can be shown now: the beginning of what the final message will be.
    pub fn current(&self) -> RichText {
        RichText::plain(cut(self.tail.trim(), MESSAGE_CHARS).0)
    }

    /// A part that is complete, because the answer has outgrown it.
    pub fn take_part(&mut self) -> Option<RichText> {
        if self.chars <= MESSAGE_CHARS {
            return None;
        }
        let (head, rest) = cut(self.tail.trim(), MESSAGE_CHARS);
        if rest.is_empty() {
            return None;
        }
        let part = RichText::plain(head);
        self.tail = rest.to_owned();
        self.chars = self.tail.chars().count();
        Some(part)
    }

    /// All that is left.
    pub fn finish(mut self) -> Vec<RichText> {
        let mut parts: Vec<RichText> = std::iter::from_fn(|| self.take_part()).collect();
        if !self.is_blank() {
            parts.push(RichText::plain(self.tail.trim()));
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn letters(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_part_fits(text in "([a-zA-Zя\u{1f600} \n]{0,3000}){0,6}", step in 1_usize..2000) {
            let mut growing = Growing::default();
            let mut parts = Vec::new();
            let chars: Vec<char> = text.chars().collect();
            for chunk in chars.chunks(step) {
                growing.push(&chunk.iter().collect::<String>());
                parts.extend(growing.take_part());
                prop_assert!(growing.current().text.chars().count() <= MESSAGE_CHARS);
            }
            parts.extend(growing.finish());
            for part in &parts {
                prop_assert!((1..=MESSAGE_CHARS).contains(&part.text.chars().count()));
                prop_assert_eq!(part.text.trim(), &part.text);
            }
            let joined: String = parts.iter().map(|part| letters(&part.text)).collect();
            prop_assert_eq!(joined, letters(&text));
        }
    }
}
