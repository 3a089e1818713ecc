//! Where and how the answer of a turn is shown.

use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{ChatId, MessageId, TopicId, TurnId};
use crate::domain::people::Language;
use crate::rendering::RichText;

/// Where a turn is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The chat.
    pub chat: ChatId,
    /// The topic in it.
    pub topic: Option<TopicId>,
    /// The turn.
    pub turn: TurnId,
    /// The message that is answered.
    pub question: MessageId,
    /// The message that the first part replies to; none in private chats, where it is clear.
    pub reply_to: Option<MessageId>,
    /// How.
    pub surface: Surface,
    /// The language of the button.
    pub language: Language,
}

/// How an unfinished answer is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Surface {
    /// As a draft, which disappears by itself.
    Draft,
    /// As a message that is edited; the one that an earlier attempt left, if any.
    Message(Option<MessageId>),
}

impl Place {
    /// A message that was in the chat before the answer; none if the chat has become another one since.
    pub(super) fn after(&self) -> Option<MessageId> {
        Some(self.question).filter(|question| question.0 > 0)
    }

    /// A part of the answer as a message that is owed; `number` counts from 0.
    pub(crate) fn part(&self, number: usize, part: &RichText, replaces: Option<MessageId>) -> OutboxMessage {
        let key = format!("turn:{}:{number}", self.turn);
        OutboxMessage {
            turn: Some(self.turn),
            reply_to: self.reply_to.filter(|_| number == 0),
            replaces,
            after: self.after(),
            ..OutboxMessage::new(key, self.chat, self.topic, part.clone().into_wire())
        }
    }
}
