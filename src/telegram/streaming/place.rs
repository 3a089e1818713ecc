//! Where and how the answer of a turn is shown.

use crate::db::outbox::OutboxMessage;
use crate::domain::ids::{ChatId, MessageId, TopicId, TurnId};
use crate::domain::people::Language;
use crate::domain::turn::HeldTurn;
use crate::rendering::RichText;

/// The place where a turn's answer is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub chat: ChatId,
    pub topic: Option<TopicId>,
    pub turn: TurnId,
    /// The epoch under which this instance answers the turn.
    pub epoch: i64,
    /// The message that is answered.
    pub question: MessageId,
    /// The message that the first part replies to; `None` in private chats, where it is obvious.
    pub reply_to: Option<MessageId>,
    pub surface: Surface,
    /// Whether the model's thinking is shown until the answer begins.
    pub shows_thinking: bool,
    /// The language of the bot's own sentences and buttons.
    pub language: Language,
}

/// How an unfinished answer is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Surface {
    /// As a draft, which disappears by itself.
    Draft,
    /// As a message that is edited, starting with the one of an earlier attempt, if any.
    Message(Option<MessageId>),
}

impl Place {
    /// Returns the turn as this instance has it.
    pub(crate) fn held(&self) -> HeldTurn {
        HeldTurn { id: self.turn, epoch: self.epoch }
    }

    /// Returns a message that precedes the answer, or `None` if the group was upgraded since.
    pub(super) fn after(&self) -> Option<MessageId> {
        Some(self.question).filter(|question| question.0 > 0)
    }

    /// Returns a part of the answer as an outbox message; `number` counts from 0.
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
