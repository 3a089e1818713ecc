//! The offer to answer a question again that was changed soon after its answer.

use std::sync::Arc;

use super::super::context::BotContext;
use super::super::inbound::MessageHeader;
use super::super::{keyboards, locale, text};
use super::{cards, remove_buttons};
use crate::db::outbox::{self, OutboxMessage};
use crate::db::turns::retrying::ChangedQuestion;
use crate::domain::ids::TurnId;
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
        ..OutboxMessage::new(offer_key(turn), key.chat, key.topic, text)
    }
}

/// Takes the button away with which a question was asked again, in the background; an offer also says what is done
/// now. A failure is harmless: a second press changes nothing.
pub(crate) fn taken(context: &Arc<BotContext>, header: &MessageHeader, turn: TurnId) {
    let (task, header) = (context.clone(), header.clone());
    context.life.spawn("offer", async move {
        let (key, chat) = (offer_key(turn), header.key.chat);
        let is_offer = outbox::is_message(task.db.pool(), &key, chat, header.message).await;
        if is_offer.is_ok_and(|is_offer| is_offer) {
            let language = locale::soon(&task, &header.sender).await;
            let text = RichText::plain(text::retry::answering_again(language));
            cards::redraw(&task, &header, text, None).await;
        } else {
            remove_buttons(&task, &header);
        }
    });
}

fn offer_key(turn: TurnId) -> String {
    format!("edited:{turn}")
}
