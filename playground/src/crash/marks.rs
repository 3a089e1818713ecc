//! Marks: words that name a question, a file or the content of a file. A request of the bot to the model
//! shows by its marks whose words and files it contains. Each ends with [`END`], so that one which an answer that was
//! cut contains in part does not name an older question.

use std::fmt;

/// The end of each mark.
const END: char = 'z';

/// Names one question or one file of a user.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Tag {
    /// The id of the user.
    pub user: i64,
    /// The number of the user's question or file, from 0.
    pub number: u32,
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Mark::Question(*self).fmt(f)
    }
}

/// A word that names something.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Mark {
    /// A question, in its text.
    Question(Tag),
    /// A file, in its name.
    File(Tag),
    /// A file, in its content.
    Content(Tag),
}

impl Mark {
    /// Returns the number of the question or file.
    pub(super) fn tag(self) -> Tag {
        match self {
            Self::Question(tag) | Self::File(tag) | Self::Content(tag) => tag,
        }
    }

    /// Reads a word such as `q5001x3z`.
    pub(super) fn read(word: &str) -> Option<Self> {
        let make = match word.as_bytes().first()? {
            b'q' => Self::Question,
            b'f' => Self::File,
            b'c' => Self::Content,
            _ => return None,
        };
        let (user, number) = word.get(1..)?.strip_suffix(END)?.split_once('x')?;
        Some(make(Tag { user: user.parse().ok()?, number: number.parse().ok()? }))
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self {
            Self::Question(_) => 'q',
            Self::File(_) => 'f',
            Self::Content(_) => 'c',
        };
        let Tag { user, number } = self.tag();
        write!(f, "{letter}{user}x{number}{END}")
    }
}

/// Returns the words of a text: runs of ASCII letters and digits.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

/// Returns the distinct tags of questions in a text, in order.
pub(super) fn tags(text: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    for mark in words(text).filter_map(Mark::read) {
        if let Mark::Question(tag) = mark
            && !found.contains(&tag)
        {
            found.push(tag);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        let tag = Tag { user: 5_001, number: 12 };
        for mark in [Mark::Question(tag), Mark::File(tag), Mark::Content(tag)] {
            assert_eq!(Mark::read(&mark.to_string()), Some(mark));
        }
        for word in ["", "q", "quite", "q5001z", "x12z", "z5001x12z", "ёx1z", "q5001x1", "q5001x12"] {
            assert_eq!(Mark::read(word), None, "{word}");
        }
        let text = format!("{tag}, f5001x12z.pdf and again {tag}");
        assert_eq!(tags(&text), [tag], "the name of a file is no question");
    }
}
