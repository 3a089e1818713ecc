//! Identifiers as types, so that a chat can never be passed where a user is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A Telegram user. Never reused; fits 52 bits.
    UserId(i64)
);
id!(
    /// A Telegram chat: a private chat has the id of its user, groups are negative.
    ChatId(i64)
);
id!(
    /// Whose conversation it is: a user, or a group whose members share it, by its id, which is below zero.
    OwnerId(i64)
);
id!(
    /// A forum topic inside a chat (`message_thread_id` on the wire).
    TopicId(i32)
);
id!(
    /// A message within one chat; another chat may use the same number.
    MessageId(i32)
);
id!(
    /// An update of the Bot API; the key of the inbox.
    UpdateId(i64)
);
id!(
    /// A conversation of ours: one for each (chat, owner, topic or none).
    ThreadId(i64)
);
id!(
    /// One question and its answer in a thread.
    TurnId(i64)
);
id!(
    /// A message in the outbox.
    OutboxId(i64)
);
id!(
    /// A process of the bot, from its start to its end.
    InstanceId(i64)
);
id!(
    /// An offer of balance for Stars.
    InvoiceId(i64)
);
id!(
    /// A file sent by a person.
    FileId(i64)
);
id!(
    /// An offer to delete the topics of a chat.
    DeletionId(i64)
);
id!(
    /// An announcement of an administrator.
    AnnouncementId(i64)
);
id!(
    /// A person's request about the data that is stored of them.
    DataRequestId(i64)
);
id!(
    /// A payment in Stars.
    PaymentId(i64)
);

impl From<UserId> for OwnerId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

impl OwnerId {
    /// Returns the group as the owner of the conversations that its members share.
    pub fn group(chat: ChatId) -> Self {
        Self(chat.0)
    }

    /// Returns whether the owner is a group.
    pub fn is_group(self) -> bool {
        self.0 < 0
    }
}

/// Identifies a conversation: each user has one per chat and topic, also in groups; a group that shares its
/// conversations has one per topic.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ThreadKey {
    /// The chat in which it takes place.
    pub chat: ChatId,
    /// Whose it is.
    pub owner: OwnerId,
    /// The forum topic, if the chat has topics.
    pub topic: Option<TopicId>,
}

impl fmt::Display for ThreadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.chat, self.owner)?;
        self.topic.map_or(Ok(()), |topic| write!(f, "/{topic}"))
    }
}
