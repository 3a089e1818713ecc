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
    /// A forum topic inside a chat (`message_thread_id` on the wire).
    TopicId(i32)
);
id!(
    /// A message inside one chat; the same number means another message in another chat.
    MessageId(i32)
);
id!(
    /// An update of the Bot API; the key of the inbox.
    UpdateId(i64)
);
id!(
    /// Our own conversation: one for each (chat, user, topic or none).
    ThreadId(i64)
);
id!(
    /// One question-and-answer in a thread.
    TurnId(i64)
);
id!(
    /// A message that we owe a chat.
    OutboxId(i64)
);
id!(
    /// An offer of balance for Stars.
    InvoiceId(i64)
);
id!(
    /// A file that a person sent.
    FileId(i64)
);
id!(
    /// An offer to delete the topics of a chat.
    DeletionId(i64)
);
id!(
    /// Stars that came in.
    PaymentId(i64)
);

/// What makes a conversation: each user has a private one per chat and topic, also in groups.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ThreadKey {
    /// Where it takes place.
    pub chat: ChatId,
    /// Whose it is.
    pub user: UserId,
    /// The forum topic, if the chat has topics.
    pub topic: Option<TopicId>,
}

impl fmt::Display for ThreadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.chat, self.user)?;
        self.topic.map_or(Ok(()), |topic| write!(f, "/{topic}"))
    }
}
