//! What a message points at: the replied message, the quoted part of it, and the author of a forwarded
//! message. The model sees all of it.

use super::attachments;
use super::raw::file::File;
use super::raw::message::{External, Message};
use crate::domain::file::Attachment;
use crate::domain::ids::ChatId;
use crate::domain::message::{MessageContext, Reply};

/// The author of a message whose author Telegram does not name.
const SOMEONE: &str = "someone";

/// Returns what a message of this chat points at, and the file of the message that it replies to.
pub(super) fn read(message: &Message, chat: ChatId) -> (MessageContext, Option<Attachment>) {
    let pointers = &message.pointers;
    let (reply, file) = match (&pointers.reply, &pointers.external) {
        (Some(reply), _) => (Some(within(reply)), reply.body.file.as_ref()),
        (None, Some(external)) => (Some(elsewhere(external, chat)), external.body.file.as_ref()),
        (None, None) => (None, None),
    };
    let context = MessageContext {
        reply,
        quote: pointers.quote.clone(),
        forwarded_from: pointers.forwarded_from.clone(),
    };
    (context, file.map(|file: &File| attachments::of(file)))
}

/// Describes a replied message of the same chat.
fn within(reply: &Message) -> Reply {
    let text = reply.words.as_ref().map(|words| words.text.as_str()).unwrap_or_default();
    Reply {
        message: reply.number,
        chat: None,
        sender: reply.author().unwrap_or_else(|| SOMEONE.to_owned()),
        text: text.to_owned(),
        content: reply.body.content.clone(),
    }
}

/// Describes a replied message of another chat or topic. Telegram sends only the quoted part of its text.
fn elsewhere(external: &External, chat: ChatId) -> Reply {
    let is_here = external.chat == Some(chat);
    Reply {
        message: external.number.filter(|_| is_here),
        chat: external.chat_name.clone().filter(|_| !is_here),
        sender: external.origin.clone().unwrap_or_else(|| SOMEONE.to_owned()),
        text: String::new(),
        content: external.body.content.clone(),
    }
}
