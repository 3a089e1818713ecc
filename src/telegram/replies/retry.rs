//! The offer to answer a question again that was changed soon after its answer.

use super::super::{keyboards, text};
use crate::db::outbox::OutboxMessage;
use crate::db::turns::retrying::ChangedQuestion;
use crate::rendering::RichText;

/// Composes the offer, once for each answer.
pub(crate) fn offer(question: ChangedQuestion) -> OutboxMessage {
    let ChangedQuestion { turn, key, message, language } = question;
    let private = key.chat.0 > 0;
    let text = RichText::plain(text::retry::changed_question(language)).into_wire();
    OutboxMessage {
        reply_to: (!private).then_some(message),
        after: Some(message),
        keyboard: Some(keyboards::answer_again(turn, language).0),
        ..OutboxMessage::new(format!("edited:{turn}"), key.chat, key.topic, text)
    }
}
