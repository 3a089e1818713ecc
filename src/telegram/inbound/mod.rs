//! An update as the bot understands it. One exhaustive enum; behind this file nobody sees a framework type.

pub mod attachments;
pub mod payments;

use chrono::{DateTime, Utc};
use teloxide::types::{
    Chat as TgChat, ChatKind as TgChatKind, Message, MessageEntityKind, MessageOrigin, PublicChatKind,
    Update, UpdateKind, User,
};

use super::api::methods::Me;
use crate::domain::file::Retrieval;
use crate::domain::ids::{ChatId, MessageId, ThreadKey, TopicId, UpdateId, UserId};
use crate::domain::message::{Context, Incoming, Reply};
use crate::domain::people::{Chat, ChatKind, Language, Person};
use crate::llm::Unreadable;
use crate::services::intake::Caller;

/// What an update asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Inbound {
    /// A message that wants an answer.
    Prompt(Incoming),
    /// A part of an album in a group; for us if another part, whose caption names us, came before.
    Sibling(Incoming),
    /// A command of ours.
    Command(Command, Envelope),
    /// A person changed the text of a message.
    Edited(Edit),
    /// A person tapped a button below a message of ours.
    Tapped(Tapped),
    /// A person has blocked the bot, or takes its messages again.
    Membership(Membership),
    /// A group has become a supergroup.
    Migrated(Migration),
    /// A message for us without words, whose content cannot be read.
    Unreadable(Envelope, Unreadable),
    /// Nothing for us.
    Ignored,
}

/// The commands that the bot knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command {
    /// Greets.
    Start,
    /// Explains.
    Help,
    /// Ends the running answer.
    Stop,
    /// Forgets the conversation.
    Clear,
    /// Ends a question that waits for a text.
    Cancel,
    /// Sells balance.
    Pay,
    /// Shows the balance.
    Balance,
    /// Gives Stars back.
    Refund,
    /// Tells whom to ask about payments.
    PaySupport,
    /// Tells the terms of sale.
    Terms,
    /// Corrects a balance; for administrators.
    TopUp,
    /// Sets the owner's margin; for administrators.
    SetMargin,
}

/// Who sent a message where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The update that brought it.
    pub update: UpdateId,
    /// The conversation that it belongs to.
    pub key: ThreadKey,
    /// Its number.
    pub message: MessageId,
    /// Who.
    pub sender: Person,
    /// Where.
    pub chat: Chat,
    /// The words behind the command, if it is one.
    pub arguments: String,
}

impl From<Incoming> for Envelope {
    /// What is left of a message without its content.
    fn from(incoming: Incoming) -> Self {
        let Incoming { update, key, message, sender, chat, .. } = incoming;
        Self { update, key, message, sender, chat, arguments: String::new() }
    }
}

impl Envelope {
    /// Who wants something, for the services.
    pub fn caller(&self) -> Caller<'_> {
        Caller { update: self.update, key: self.key, person: &self.sender, chat: &self.chat }
    }

    /// The language of the sender.
    pub fn language(&self) -> Language {
        Language::from_tag(self.sender.language_code.as_deref())
    }
}

/// A tapped button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tapped {
    /// The update that brought it.
    pub update: UpdateId,
    /// The tap, which wants an answer.
    pub callback: String,
    /// Who tapped, in the place of the message; none if the message is too old.
    pub envelope: Option<Envelope>,
    /// The language of that person.
    pub language: Language,
    /// What the button carries; may be forged.
    pub data: String,
}

/// Whether a person takes messages of the bot in the private chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Membership {
    /// The update that brought it.
    pub update: UpdateId,
    /// Who.
    pub user: UserId,
    /// Whether the bot is blocked now.
    pub blocked: bool,
    /// When that changed (whole seconds).
    pub date: DateTime<Utc>,
}

/// A group that has become a supergroup, which is another chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Migration {
    /// The update that brought it.
    pub update: UpdateId,
    /// The former chat.
    pub from: ChatId,
    /// The chat in which it goes on.
    pub to: ChatId,
}

/// A changed message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Edit {
    /// The update that brought it.
    pub update: UpdateId,
    /// The conversation that it belongs to.
    pub key: ThreadKey,
    /// Its number.
    pub message: MessageId,
    /// Its new text, or what stands below the file now, which may be nothing.
    pub text: String,
    /// When it was changed (whole seconds).
    pub date: DateTime<Utc>,
}

impl Edit {
    /// Whether it was made after another change of the same message.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        (self.date, self.update) > (other.date, other.update)
    }
}

/// Reads an update.
pub fn read(update: Update, me: &Me) -> Inbound {
    let id = UpdateId(i64::from(update.id.0));
    match update.kind {
        UpdateKind::Message(message) => {
            migration(id, &message).map_or_else(|| read_message(id, &message, me), Inbound::Migrated)
        }
        UpdateKind::EditedMessage(message) => match (envelope(id, &message), words(&message)) {
            (Some(envelope), Some(text)) => {
                let date = *message.edit_date().unwrap_or(&message.date);
                let Envelope { update, key, message, .. } = envelope;
                Inbound::Edited(Edit { update, key, message, text: text.to_owned(), date })
            }
            _ => Inbound::Ignored,
        },
        UpdateKind::CallbackQuery(query) => {
            let language = Language::from_tag(query.from.language_code.as_deref());
            let below = query.message.as_ref().and_then(|message| message.regular_message());
            let envelope = below.map(|message| enclose(id, message, &query.from));
            let (callback, data) = (query.id.to_string(), query.data.unwrap_or_default());
            Inbound::Tapped(Tapped { update: id, callback, envelope, language, data })
        }
        UpdateKind::MyChatMember(change) if change.chat.is_private() => {
            let (user, blocked) = (UserId(change.chat.id.0), !change.new_chat_member.is_present());
            Inbound::Membership(Membership { update: id, user, blocked, date: change.date })
        }
        _ => Inbound::Ignored,
    }
}

/// Told by a message in the former chat and by one in the new chat.
fn migration(update: UpdateId, message: &Message) -> Option<Migration> {
    let here = ChatId(message.chat.id.0);
    if let Some(to) = message.migrate_to_chat_id() {
        return Some(Migration { update, from: here, to: ChatId(to.0) });
    }
    message.migrate_from_chat_id().map(|from| Migration { update, from: ChatId(from.0), to: here })
}

fn read_message(id: UpdateId, message: &Message, me: &Me) -> Inbound {
    let Some(envelope) = envelope(id, message) else { return Inbound::Ignored };
    let addressed = is_addressed(message, me, &envelope);
    let Some(text) = words(message) else {
        let for_us = is_content(message) && addressed;
        return if for_us { Inbound::Unreadable(envelope, Unreadable::Kind) } else { Inbound::Ignored };
    };
    if let Some((command, arguments)) = message.text().and_then(|text| command(text, me)) {
        return Inbound::Command(command, Envelope { arguments, ..envelope });
    }
    let attachment = attachments::read(message);
    let album = message.media_group_id().map(|group| group.0.clone());
    if !addressed && album.is_none() {
        return Inbound::Ignored;
    }
    if text.trim().is_empty() {
        match attachment.as_ref().map(attachments::readable) {
            None => return Inbound::Ignored,
            // The words of an album may stand below another part: its batch knows.
            Some(Err(why)) if addressed && album.is_none() => return Inbound::Unreadable(envelope, why),
            Some(_) => {}
        }
    }
    let Envelope { update, key, message: number, sender, chat, .. } = envelope;
    let context = context(message);
    let incoming = Incoming {
        update,
        key,
        message: number,
        sender,
        chat,
        text: text.to_owned(),
        date: message.date,
        context,
        attachment,
        fetched: Retrieval::Untried,
        replied_attachment: replied_attachment(message),
        replied_fetched: Retrieval::Untried,
        album,
    };
    if addressed { Inbound::Prompt(incoming) } else { Inbound::Sibling(incoming) }
}

/// The text of a message, or what stands below its file; none if it can have neither.
fn words(message: &Message) -> Option<&str> {
    let caption = || attachments::read(message).map(|_| message.caption().unwrap_or_default());
    message.text().or_else(caption)
}

/// Channels, anonymous administrators and other bots have no account that could be answered or charged.
fn envelope(update: UpdateId, message: &Message) -> Option<Envelope> {
    let from = message.from.as_ref().filter(|from| !from.is_bot && message.sender_chat.is_none())?;
    Some(enclose(update, message, from))
}

/// A message with the person whom it is about: its sender, or who has tapped a button below it.
fn enclose(update: UpdateId, message: &Message, from: &User) -> Envelope {
    let chat = chat(&message.chat);
    // Outside forums a thread id only marks a chain of replies.
    let topic = message.thread_id.filter(|_| message.is_topic_message).map(|thread| TopicId(thread.0.0));
    let sender = person(from);
    let key = ThreadKey { chat: chat.id, user: sender.id, topic };
    Envelope { update, key, message: MessageId(message.id.0), sender, chat, arguments: String::new() }
}

fn person(user: &User) -> Person {
    Person {
        id: UserId(i64::try_from(user.id.0).unwrap_or(i64::MAX)),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        username: user.username.clone(),
        language_code: user.language_code.clone(),
        is_bot: user.is_bot,
        is_premium: user.is_premium,
    }
}

fn chat(chat: &TgChat) -> Chat {
    let (kind, is_forum) = match &chat.kind {
        TgChatKind::Private(_) => (ChatKind::Private, false),
        TgChatKind::Public(public) => match &public.kind {
            PublicChatKind::Group => (ChatKind::Group, false),
            PublicChatKind::Supergroup(group) => (ChatKind::Supergroup, group.is_forum),
            PublicChatKind::Channel(_) => (ChatKind::Channel, false),
        },
    };
    Chat {
        id: ChatId(chat.id.0),
        kind,
        title: chat.title().map(str::to_owned),
        username: chat.username().map(str::to_owned),
        is_forum,
    }
}

/// In a group the bot speaks when it is spoken to: by name or by a reply.
fn is_addressed(message: &Message, me: &Me, envelope: &Envelope) -> bool {
    if envelope.chat.kind == ChatKind::Private {
        return true;
    }
    let replied = message.reply_to_message().and_then(|reply| reply.from.as_ref());
    if replied.is_some_and(|from| from.id.0 == me.id.unsigned_abs()) {
        return true;
    }
    let mention = format!("@{}", me.username);
    let entities = message.parse_entities().or_else(|| message.parse_caption_entities());
    entities.into_iter().flatten().any(|entity| {
        *entity.kind() == MessageEntityKind::Mention && entity.text().eq_ignore_ascii_case(&mention)
    })
}

/// Service messages (somebody joined, a topic was made) want no answer; photos, voices and files do.
fn is_content(message: &Message) -> bool {
    matches!(message.kind, teloxide::types::MessageKind::Common(_))
}

/// A command of ours at the beginning of a text, if it is not meant for another bot.
fn command(text: &str, me: &Me) -> Option<(Command, String)> {
    let text = text.strip_prefix('/')?;
    let (word, arguments) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (name, bot) = word.split_once('@').unwrap_or((word, &me.username));
    if !bot.eq_ignore_ascii_case(&me.username) {
        return None;
    }
    let command = match name {
        "start" => Command::Start,
        "help" => Command::Help,
        "stop" => Command::Stop,
        "clear" => Command::Clear,
        "cancel" => Command::Cancel,
        "pay" => Command::Pay,
        "balance" => Command::Balance,
        "refund" => Command::Refund,
        "paysupport" => Command::PaySupport,
        "terms" => Command::Terms,
        "topup" => Command::TopUp,
        "set_margin" => Command::SetMargin,
        _ => return None,
    };
    Some((command, arguments.trim().to_owned()))
}

fn context(message: &Message) -> Context {
    let reply = message.reply_to_message().filter(|reply| {
        // In a topic every message formally replies to the topic's first one.
        reply.id.0 != message.thread_id.map_or(0, |thread| thread.0.0)
    });
    let reply = reply.map(|reply| Reply {
        message: Some(MessageId(reply.id.0)),
        chat: None,
        sender: reply.from.as_ref().map_or_else(|| "someone".to_owned(), |from| person(from).display_name()),
        text: reply.text().or_else(|| reply.caption()).unwrap_or_default().to_owned(),
        content: attachments::read(reply).map(|file| format!("{} \"{}\"", file.kind.name(), file.name)),
    });
    let external = match &message.kind {
        teloxide::types::MessageKind::Common(common) => common.external_reply.as_ref(),
        _ => None,
    };
    let external = external.map(|reply| Reply {
        message: None,
        chat: reply.chat.as_ref().and_then(|chat| chat.title()).map(str::to_owned),
        sender: origin(&reply.origin),
        text: String::new(),
        content: Some("a message of another chat".to_owned()),
    });
    let reply = reply.or(external);
    Context {
        reply,
        quote: message.quote().map(|quote| quote.text.clone()),
        forwarded_from: message.forward_origin().map(origin),
    }
}

/// The file of the message that is replied to.
fn replied_attachment(message: &Message) -> Option<crate::domain::file::Attachment> {
    message.reply_to_message().and_then(attachments::read)
}

fn origin(origin: &MessageOrigin) -> String {
    let name = |chat: &TgChat| {
        let username = chat.username().map(|name| format!("@{name}"));
        username.or_else(|| chat.title().map(str::to_owned)).unwrap_or_else(|| "a chat".to_owned())
    };
    match origin {
        MessageOrigin::User { sender_user, .. } => person(sender_user).display_name(),
        MessageOrigin::HiddenUser { sender_user_name, .. } => sender_user_name.clone(),
        MessageOrigin::Chat { sender_chat, .. } => name(sender_chat),
        MessageOrigin::Channel { chat, .. } => name(chat),
    }
}

#[cfg(test)]
mod tests;
