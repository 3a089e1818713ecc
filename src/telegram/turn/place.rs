//! Where and how a turn is shown.

use crate::domain::people::ChatKind;
use crate::domain::turn::TurnRequest;
use crate::telegram::streaming::{Place, Surface};

/// Where and how a turn is shown.
pub(super) fn place(request: &TurnRequest) -> Place {
    let private = request.chat_kind == ChatKind::Private;
    Place {
        chat: request.key.chat,
        topic: request.key.topic,
        turn: request.turn,
        epoch: request.epoch,
        question: request.question,
        // The number of a question in a chat that has become another one means nothing there.
        reply_to: Some(request.question).filter(|question| !private && question.0 > 0),
        language: request.settings.language,
        shows_thinking: request.settings.shows_thinking,
        // A chat that had refused drafts in an earlier attempt has a message that must be replaced.
        surface: if private && request.live_message.is_none() {
            Surface::Draft
        } else {
            Surface::Message(request.live_message)
        },
    }
}
