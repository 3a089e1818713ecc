//! Inbound updates as one exhaustive enum. They are read from the JSON (`raw`), because the framework's types
//! reject a whole message for one unexpected field.

pub(crate) mod attachments;
pub(crate) mod command;
pub(crate) mod payments;
mod pointers;
pub(crate) mod raw;
mod request;

use chrono::{DateTime, Utc};

use command::{Form, UnknownCommand};
use raw::body;
use raw::kind::Class;
use raw::message::{Message, Moved, TopicEvent};
use raw::{Content, Stopped, Tap, Update, WANTED};
pub(crate) use request::{
    ButtonPress, Departure, Edit, Idle, Inbound, Membership, MessageHeader, Migration, Stranger,
    StrangerKind, TopicNews,
};

use crate::bot_api::methods::Me;
use crate::domain::file::{Attachment, Retrieval};
use crate::domain::ids::{ThreadKey, UpdateId, UserId};
use crate::domain::message::Incoming;
use crate::domain::people::{ChatKind, Person};
use crate::domain::topic::Topic;
use crate::llm::Unreadable;
use crate::services::topic_changes::TopicChange;

/// Reads the request of an update that arrived `now`. `most` is the largest file that Telegram hands out, in
/// bytes. `hears_all`: the update is of a group in which every message is answered.
pub(crate) fn read(update: Update, me: &Me, most: u64, hears_all: bool, now: DateTime<Utc>) -> Inbound {
    let Update { id, kind, content } = update;
    let idle = |why| Inbound::Ignored(why, kind);
    match content {
        Content::Message(message) => read_message(id, *message, (me, most, hears_all), now),
        Content::Edited(message) => read_edit(id, &message, most, now),
        Content::Tap(tap) => {
            let Tap { id: callback, from, message, data } = *tap;
            // Telegram sends no content of a message that is too old: its date is 0, and its button no longer
            // has an effect.
            let message = message.filter(|message| message.date != Some(DateTime::UNIX_EPOCH));
            let header = message.and_then(|message| enclose(id, &message, from.clone()));
            Inbound::Tapped(ButtonPress { update: id, callback, header, person: from, data })
        }
        Content::Membership(change) => {
            let (chat, date) = (change.chat.id, change.date.unwrap_or(now));
            Inbound::Membership(Membership { update: id, chat, is_out: !change.is_member, date })
        }
        Content::Stopped(Stopped { chat, topic, draft }) => Inbound::Stopped {
            update: id,
            key: ThreadKey { chat, owner: UserId(chat.0).into(), topic },
            draft,
        },
        // Readable pre-checkout queries are handled as payments.
        Content::Checkout(_) => idle(Idle::Incomplete),
        Content::Nothing if WANTED.contains(&kind) => idle(Idle::Incomplete),
        Content::Nothing => idle(Idle::Unhandled),
    }
}

fn read_message(
    id: UpdateId,
    message: Message,
    (me, most, hears_all): (&Me, u64, bool),
    now: DateTime<Utc>,
) -> Inbound {
    let kind = message.body.kind;
    let idle = |why| Inbound::Ignored(why, kind.name);
    if let Some(migration) = migration(id, &message) {
        return Inbound::Migrated(migration);
    }
    if let Some(news) = topic_news(id, &message, me) {
        return Inbound::TopicNews(news);
    }
    let text = text(&message);
    let is_bare = text.trim().is_empty() && message.body.file.is_none();
    if is_bare && kind.class == Class::Service {
        return departure(id, &message).map_or(idle(Idle::Service), Inbound::Left);
    }
    let (Some(_), Some(_)) = (&message.chat, message.number) else { return idle(Idle::Incomplete) };
    let form = message.words.as_ref().map_or(Form::Plain, |words| command::read(words, me));
    let addressed = is_meant(&message, &form, me);
    // What is not for the bot is answered only if it has something to answer, and is no command of another bot.
    let overheard = hears_all && !addressed && !is_bare && form == Form::Plain;
    let Some(header) = header(id, &message) else {
        let stranger =
            stranger(id, &message).filter(|by| addressed || overheard && by.kind != StrangerKind::Bot);
        return stranger.map_or(idle(Idle::NoAccount), Inbound::Stranger);
    };
    if let Form::Ours(command, arguments) = form {
        return Inbound::Command(command, MessageHeader { arguments, ..header });
    }
    // With more text or a file, it is a message for the model.
    if let Form::Unknown(UnknownCommand { word, is_all: true, .. }) = form
        && addressed
        && message.body.file.is_none()
    {
        return Inbound::UnknownCommand(word, header);
    }
    if is_bare && addressed {
        let is_blank = kind.class == Class::Text && message.words.is_some();
        return if is_blank {
            idle(Idle::Blank)
        } else {
            Inbound::Unreadable(header, Unreadable::Kind, kind.name)
        };
    }
    if !addressed && !overheard && (message.album.is_none() || is_bare) {
        return idle(Idle::NotAddressed);
    }
    let attachment = message.body.file.as_ref().map(attachments::of);
    // The caption of an album may belong to another part, which the batch knows.
    if text.trim().is_empty()
        && message.album.is_none()
        && let Some(Err(why)) = attachment.as_ref().map(|file| attachments::fetchable(file, most))
        // What may be heard is judged where it is known whether anything is.
        && attachment.as_ref().is_none_or(|file| attachments::heard_on_demand(file, most) == Err(Unreadable::Kind))
    {
        if overheard {
            return idle(Idle::NotAddressed);
        }
        return Inbound::Unreadable(header, why, kind.name);
    }
    let incoming = incoming(message, header, attachment, most, now);
    if addressed || overheard { Inbound::Prompt(incoming) } else { Inbound::Sibling(incoming) }
}

/// Returns the text or the caption of a message, or the words that stand for one without any.
fn text(message: &Message) -> String {
    let written = message.words.as_ref().map(|words| words.text.as_str()).unwrap_or_default();
    let told = if written.trim().is_empty() { body::told(&message.body) } else { None };
    told.unwrap_or_else(|| written.to_owned())
}

fn incoming(
    message: Message,
    header: MessageHeader,
    attachment: Option<Attachment>,
    most: u64,
    now: DateTime<Utc>,
) -> Incoming {
    let MessageHeader { update, key, message: number, sender, chat, .. } = header;
    let (context, replied_attachment) = pointers::read(&message, chat.id);
    Incoming {
        update,
        key,
        message: number,
        sender,
        chat,
        text: text(&message),
        date: message.date.unwrap_or(now),
        context,
        fetched: attachments::untried(attachment.as_ref(), most),
        attachment,
        replied_fetched: attachments::untried(replied_attachment.as_ref(), most),
        replied_attachment,
        album: message.album,
    }
}

fn read_edit(id: UpdateId, message: &Message, most: u64, now: DateTime<Utc>) -> Inbound {
    let idle = |why| Inbound::Ignored(why, message.body.kind.name);
    let Some(header) = header(id, message) else {
        return idle(if message.number.is_some() { Idle::NoAccount } else { Idle::Incomplete });
    };
    let text = match (&message.words, message.body.kind.class) {
        (Some(words), _) => words.text.clone(),
        // The caption was removed.
        (None, Class::File(_)) => String::new(),
        // For example a live location or an answered poll.
        (None, _) => return idle(Idle::Unhandled),
    };
    let date = message.edited.or(message.date).unwrap_or(now);
    let attachment = message.body.file.as_ref().map(attachments::of);
    let MessageHeader { update, key, message, sender, .. } = header;
    let editor = sender.id;
    let fetched = match &attachment {
        Some(file) if file.kind.is_spoken() => Retrieval::Failed,
        file => attachments::untried(file.as_ref(), most),
    };
    Inbound::Edited(Edit { update, key, editor, message, text, attachment, fetched, date })
}

fn migration(update: UpdateId, message: &Message) -> Option<Migration> {
    let here = message.chat.as_ref()?.id;
    Some(match message.migration? {
        Moved::To(to) => Migration { update, from: here, to },
        Moved::From(from) => Migration { update, from, to: here },
    })
}

/// Returns who has left a group, if a service message tells that.
fn departure(update: UpdateId, message: &Message) -> Option<Departure> {
    let chat = message.chat.as_ref().filter(|chat| chat.kind != ChatKind::Private)?.id;
    Some(Departure { update, chat, user: message.left? })
}

/// Returns what a service message tells about the name of its topic. The sender may be anybody, except the bot
/// itself. A name that a person gave to a new topic is not touched, so nothing is to be known of it.
fn topic_news(update: UpdateId, message: &Message, me: &Me) -> Option<TopicNews> {
    let change = match message.topic_event? {
        TopicEvent::Created { implicit: true, icon } => TopicChange::Created { icon },
        TopicEvent::Edited { name: true, .. } => TopicChange::Renamed,
        TopicEvent::Edited { name: false, icon: true } => TopicChange::IconChanged,
        TopicEvent::Created { implicit: false, .. } | TopicEvent::Edited { .. } => return None,
    };
    if message.from.as_ref().is_some_and(|from| from.id == UserId(me.id)) {
        return None;
    }
    let topic = Topic { chat: message.chat.as_ref()?.id, id: message.thread? };
    Some(TopicNews { update, topic, change })
}

/// Returns the header of a message whose sender has an account.
fn header(update: UpdateId, message: &Message) -> Option<MessageHeader> {
    let from = message.from.clone().filter(|from| !from.is_bot && message.sender_chat.is_none())?;
    enclose(update, message, from)
}

/// Returns the sender without an account of a message in a group. A post of a channel that Telegram forwards to its
/// group asks nobody.
fn stranger(update: UpdateId, message: &Message) -> Option<Stranger> {
    let chat = message.chat.as_ref().filter(|chat| chat.kind != ChatKind::Private)?.id;
    let is_bot = message.from.as_ref().is_some_and(|from| from.is_bot);
    let kind = match message.sender_chat {
        Some(_) if message.is_automatic_forward => return None,
        Some(_) if message.sender_chat_id == Some(chat) => StrangerKind::Anonymous,
        Some(_) => StrangerKind::Channel,
        None if is_bot => StrangerKind::Bot,
        None => return None,
    };
    Some(Stranger { update, chat, topic: message.topic(), message: message.number?, kind })
}

/// Returns the header of a message for its sender, or for the person who tapped its button.
fn enclose(update: UpdateId, message: &Message, sender: Person) -> Option<MessageHeader> {
    let (chat, number) = (message.chat.clone()?, message.number?);
    let key = ThreadKey { chat: chat.id, owner: sender.id.into(), topic: message.topic() };
    Some(MessageHeader { update, key, message: number, sender, chat, arguments: String::new() })
}

/// Returns whether a message is meant for the bot.
fn is_meant(message: &Message, form: &Form, me: &Me) -> bool {
    match form {
        Form::Ours(..) | Form::Unknown(UnknownCommand { is_addressed: true, .. }) => true,
        Form::Foreign => message.chat.as_ref().is_some_and(|chat| chat.kind == ChatKind::Private),
        Form::Unknown(_) | Form::Plain => is_addressed(message, me),
    }
}

/// Returns whether a message in a group addresses the bot, by a mention or a reply.
fn is_addressed(message: &Message, me: &Me) -> bool {
    let id = UserId(me.id);
    let is_private = message.chat.as_ref().is_some_and(|chat| chat.kind == ChatKind::Private);
    let replied = message.pointers.reply.as_ref().and_then(|reply| reply.from.as_ref());
    let mentions = message.words.iter().flat_map(|words| &words.mentions);
    is_private
        || replied.is_some_and(|from| from.id == id)
        || mentions.into_iter().any(|mention| mention.means(id, &me.username))
}

#[cfg(test)]
mod fuzz_tests;
#[cfg(test)]
mod tests;
