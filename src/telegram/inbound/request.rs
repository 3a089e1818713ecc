//! What an update requests: one case for each thing that the bot does, with what it needs for that.

use chrono::{DateTime, Utc};

use crate::domain::file::{Attachment, Retrieval};
use crate::domain::ids::{ChatId, MessageId, OwnerId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::message::{Incoming, MessageContext};
use crate::domain::people::{Chat, Person};
use crate::domain::topic::Topic;
use crate::llm::Unreadable;
use crate::services::intake::Caller;
use crate::services::topic_changes::TopicChange;
use crate::telegram::commands::Command;

/// The request of an update.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Inbound {
    /// A message to answer.
    Prompt(Incoming),
    /// A part of an album in a group; addressed to the bot if an earlier part mentions it in its caption.
    Sibling(Incoming),
    /// A command of this bot.
    Command(Command, MessageHeader),
    /// A message of only a word that looks like a command, without the slash, and is none of ours.
    UnknownCommand(String, MessageHeader),
    /// A message to answer, if its sender had an account.
    Stranger(Stranger),
    /// A person changed the text or the file of a message.
    Edited(Edit),
    /// A person tapped a button below a message of ours.
    Tapped(ButtonPress),
    /// A person has blocked or unblocked the bot, or it was removed from a group or added.
    Membership(Membership),
    /// A person stopped a draft.
    Stopped {
        update: UpdateId,
        key: ThreadKey,
        /// The draft id.
        draft: i32,
    },
    /// A group has become a supergroup.
    Migrated(Migration),
    /// A person has left a group.
    Left(Departure),
    /// A topic was created without a name of a person's, or a person has changed one.
    TopicNews(TopicNews),
    /// A message for the bot without text whose content cannot be read, and its kind.
    Unreadable(MessageHeader, Unreadable, &'static str),
    /// Nothing to do, and the kind of the message or update.
    Ignored(Idle, &'static str),
}

impl Inbound {
    /// Returns the request in a group whose members share one conversation.
    pub(crate) fn in_shared_conversation(mut self) -> Self {
        let key = match &mut self {
            Self::Prompt(incoming) | Self::Sibling(incoming) => Some(&mut incoming.key),
            Self::Command(_, header) => Some(&mut header.key),
            Self::Edited(edit) => Some(&mut edit.key),
            Self::Tapped(tap) => tap.header.as_mut().map(|header| &mut header.key),
            _ => None,
        };
        if let Some(key) = key {
            key.owner = OwnerId::group(key.chat);
        }
        self
    }
}

/// The sender and place of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MessageHeader {
    pub update: UpdateId,
    pub key: ThreadKey,
    pub message: MessageId,
    pub sender: Person,
    pub chat: Chat,
    /// The text after the command; empty for other messages.
    pub arguments: String,
}

impl From<Incoming> for MessageHeader {
    /// Drops the content of a message.
    fn from(incoming: Incoming) -> Self {
        let Incoming { update, key, message, sender, chat, .. } = incoming;
        Self { update, key, message, sender, chat, arguments: String::new() }
    }
}

impl MessageHeader {
    /// Returns the sender as a caller of services.
    pub(crate) fn caller(&self) -> Caller<'_> {
        Caller { update: self.update, key: self.key, person: &self.sender, chat: &self.chat }
    }

    /// Returns a message of the sender with these words, in the place of this one.
    pub(crate) fn saying(self, text: String, date: DateTime<Utc>) -> Incoming {
        let Self { update, key, message, sender, chat, .. } = self;
        Incoming {
            update,
            key,
            message,
            sender,
            chat,
            text,
            date,
            context: MessageContext::default(),
            attachment: None,
            fetched: Retrieval::default(),
            replied_attachment: None,
            replied_fetched: Retrieval::default(),
            album: None,
        }
    }
}

/// A sender without an account in a group, who asks the bot something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stranger {
    pub update: UpdateId,
    /// The group.
    pub chat: ChatId,
    pub topic: Option<TopicId>,
    pub message: MessageId,
    pub kind: StrangerKind,
}

/// The senders who have no account that could be answered or charged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum StrangerKind {
    /// An administrator who writes as the group.
    Anonymous,
    /// A channel, or a person who writes as one.
    Channel,
    /// Another bot.
    Bot,
}

impl StrangerKind {
    /// Returns its name in columns.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// A tapped button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ButtonPress {
    pub update: UpdateId,
    /// The id of the callback query, which has to be answered.
    pub callback: String,
    /// The person who tapped, in the place of the message. `None` if the message is too old.
    pub header: Option<MessageHeader>,
    /// That person.
    pub person: Person,
    /// The data of the button; may be forged.
    pub data: String,
}

/// A change of whether the bot may write in a chat: a person blocks or unblocks it, a group removes or adds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Membership {
    pub update: UpdateId,
    /// The chat; a private one has the id of the person.
    pub chat: ChatId,
    /// Whether the bot is blocked or removed now.
    pub is_out: bool,
    /// When it changed, in whole seconds.
    pub date: DateTime<Utc>,
}

/// An edit of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Edit {
    pub update: UpdateId,
    pub key: ThreadKey,
    /// The person who edited it.
    pub editor: UserId,
    pub message: MessageId,
    /// The new text or caption, which may be empty.
    pub text: String,
    /// The file that the message has now: a new one, or the one that it had. `None` for a text; no edit
    /// removes a file.
    pub attachment: Option<Attachment>,
    /// The state of that file before it is fetched. A recording counts as not transcribed: Telegram lets
    /// nobody replace one, and a message has one transcript.
    pub fetched: Retrieval,
    /// When it was edited, in whole seconds.
    pub date: DateTime<Utc>,
}

impl Edit {
    /// Returns whether it was made after another edit of the same message.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        (self.date, self.update) > (other.date, other.update)
    }
}

/// The upgrade of a group to a supergroup, which has another chat id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Migration {
    /// The update that reported it, from either of the two chats.
    pub update: UpdateId,
    /// The former group.
    pub from: ChatId,
    pub to: ChatId,
}

/// A person leaves a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Departure {
    pub update: UpdateId,
    pub chat: ChatId,
    pub user: UserId,
}

/// What a service message tells about a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TopicNews {
    pub update: UpdateId,
    pub topic: Topic,
    pub change: TopicChange,
}

/// Why an update requests nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Idle {
    /// A group message that is not addressed to the bot.
    NotAddressed,
    /// A sender without an account, in a message that asks for no answer.
    NoAccount,
    /// A service message about an event in the chat.
    Service,
    /// A message of white space only.
    Blank,
    /// An update of a kind that is not handled.
    Unhandled,
    /// An update without the fields that say where it belongs.
    Incomplete,
}

impl Idle {
    /// Returns its name in the log.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::NotAddressed => "not addressed",
            Self::NoAccount => "no account",
            Self::Service => "service message",
            Self::Blank => "blank",
            Self::Unhandled => "unhandled",
            Self::Incomplete => "incomplete",
        }
    }
}
