//! From the model's text to messages that Telegram never refuses: text plus entities, split below the limits.

mod growing;

pub use growing::Growing;
use serde_json::Value;

/// The longest text of one message, in Unicode code points after parsing.
pub const MESSAGE_CHARS: usize = 4096;

/// Text with its formatting.
#[derive(Clone, PartialEq, Debug)]
pub struct RichText {
    /// What is read.
    pub text: String,
    /// Telegram's array of entities.
    pub entities: Value,
}

impl RichText {
    /// Text without formatting.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), entities: Value::Array(Vec::new()) }
    }
}

/// The prefix of a text that makes one message, and the rest: cut at a paragraph, else a line, else a word.
/// The white space at the cut belongs to neither, because Telegram trims messages.
pub(super) fn cut(text: &str, limit: usize) -> (&str, &str) {
    let Some((hard, _)) = text.char_indices().nth(limit) else { return (text, "") };
    let window = &text[..hard];
    // A border in the first half would leave a message half empty.
    let border = ["\n\n", "\n", " "].into_iter().find_map(|border| window.rfind(border).filter(|&at| at > hard / 2));
    let (head, rest) = text.split_at(border.unwrap_or(hard));
    (head.trim_end(), if border.is_some() { rest.trim_start() } else { rest })
}
