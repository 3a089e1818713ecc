//! Names and icons of topics.

use crate::domain::ids::{ChatId, TopicId};

/// The most characters of a name that we give. Telegram allows 128, but its lists show fewer.
pub(crate) const NAME_CHARS: usize = 50;

/// A topic of a chat.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Topic {
    /// The chat.
    pub chat: ChatId,
    /// The topic in it.
    pub id: TopicId,
}

/// An icon that a bot may give to a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TopicIcon {
    /// The emoji that it shows.
    pub emoji: String,
    /// Telegram's id of it.
    pub id: String,
}

/// A name for a topic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct TopicName {
    /// The name: one line of 1 to [`NAME_CHARS`] characters.
    pub name: String,
    /// The id of the icon; `None` to keep the present one.
    pub icon: Option<String>,
}
