//! Messages as sent by the Bot API. Every field may be absent.

use chrono::{DateTime, Utc};

use super::body::{self, Body};
use super::chat;
use super::fields::Fields;
use super::rich;
use super::words::{self, Words};
use crate::domain::ids::{ChatId, MessageId, TopicId, UserId};
use crate::domain::people::{Chat, ChatKind, Person};

/// A message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Message {
    /// The message id in the chat.
    pub number: Option<MessageId>,
    pub date: Option<DateTime<Utc>>,
    pub edited: Option<DateTime<Utc>>,
    pub chat: Option<Chat>,
    /// The topic; outside forums, the first message of a chain of replies.
    pub thread: Option<TopicId>,
    /// Whether `thread` is a topic.
    pub is_in_topic: bool,
    pub from: Option<Person>,
    /// The name of the chat on whose behalf it was sent.
    pub sender_chat: Option<String>,
    /// The id of that chat; that of a group itself for its anonymous administrators.
    pub sender_chat_id: Option<ChatId>,
    /// Whether it is a post of the channel that is linked with the group.
    pub is_automatic_forward: bool,
    /// The text or caption.
    pub words: Option<Words>,
    /// The content besides the text.
    pub body: Body,
    pub album: Option<String>,
    pub pointers: Pointers,
    /// Stars that were paid or refunded.
    pub money: Option<Money>,
    /// The upgrade that a service message reports.
    pub migration: Option<Moved>,
    /// The person who left the group, as a service message reports.
    pub left: Option<UserId>,
    /// The change of its topic that a service message reports.
    pub topic_event: Option<TopicEvent>,
}

/// A change of a topic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TopicEvent {
    /// It was created.
    Created {
        /// Whether Telegram has made up the name, because the person gave none.
        implicit: bool,
        /// Whether the person has chosen an icon.
        icon: bool,
    },
    /// Its name or its icon was changed.
    Edited {
        /// Whether the name was changed.
        name: bool,
        /// Whether the icon was changed.
        icon: bool,
    },
}

/// What a message points at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Pointers {
    /// The replied message of the same chat and topic.
    pub reply: Option<Box<Message>>,
    /// The replied message of another chat or topic.
    pub external: Option<External>,
    /// The quoted part of the replied message.
    pub quote: Option<String>,
    /// The author of a forwarded message; `None` if it is not forwarded.
    pub forwarded_from: Option<String>,
}

/// A replied message of another chat or topic, or a story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct External {
    /// The chat, if it is a group or a channel.
    pub chat: Option<ChatId>,
    /// The name of the chat.
    pub chat_name: Option<String>,
    /// The message id in that chat.
    pub number: Option<MessageId>,
    /// The author, if known.
    pub origin: Option<String>,
    /// The content. Telegram does not send the text.
    pub body: Body,
}

/// Stars that were paid or refunded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Money {
    /// Whether they were refunded.
    pub is_refund: bool,
    /// The code of the currency.
    pub currency: String,
    pub amount: i64,
    /// The payload of the invoice.
    pub payload: String,
    /// Telegram's id of the payment.
    pub charge_id: String,
}

/// The upgrade of a group to a supergroup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Moved {
    /// The group became this supergroup.
    To(ChatId),
    /// The supergroup was this group.
    From(ChatId),
}

impl Message {
    /// Reads a message and what it replies to.
    pub(crate) fn read(fields: &Fields<'_>) -> Self {
        let chat = fields.object("chat");
        // In a private chat only the person can write to the bot.
        let owner =
            || chat.as_ref().filter(|chat| chat.number("id").is_some_and(|id| id > 0)).and_then(chat::person);
        let alone = Self::read_alone(fields);
        Self { from: alone.from.or_else(owner), pointers: pointers(fields), ..alone }
    }

    /// Reads a message without what it points at.
    fn read_alone(fields: &Fields<'_>) -> Self {
        let rich = || fields.has("rich_message").then(|| rich::read(fields)).flatten();
        let text = words::read(fields, "text", "entities");
        let text = text.or_else(|| words::read(fields, "caption", "caption_entities"));
        let mut body = body::read(fields);
        let words = text.or_else(|| {
            let rich = rich()?;
            body.content = rich.file.as_ref().map(body::file_in_words);
            body.file = rich.file;
            Some(rich.words)
        });
        let chat = fields.object("chat");
        let is_private =
            chat.as_ref().and_then(chat::chat).is_some_and(|chat| chat.kind == ChatKind::Private);
        let sender_chat = fields.object("sender_chat").filter(|_| !is_private);
        Self {
            number: fields.small("message_id").map(MessageId),
            date: date(fields, "date"),
            edited: date(fields, "edit_date"),
            chat: chat.as_ref().and_then(chat::chat),
            thread: fields.small("message_thread_id").map(TopicId),
            is_in_topic: fields.flag("is_topic_message"),
            from: fields.object("from").and_then(|user| chat::person(&user)),
            sender_chat_id: sender_chat.as_ref().and_then(|chat| chat.number("id")).map(ChatId),
            is_automatic_forward: fields.flag("is_automatic_forward"),
            sender_chat: sender_chat
                .map(|chat| chat::chat_name(&chat).unwrap_or_else(|| "a chat".to_owned())),
            words,
            body,
            album: fields.text("media_group_id"),
            pointers: Pointers::default(),
            money: money(fields),
            migration: migration(fields),
            left: fields.object("left_chat_member").and_then(|user| user.number("id")).map(UserId),
            topic_event: topic_event(fields),
        }
    }

    /// Returns the topic of the message. Outside forums a thread only marks a chain of replies.
    pub(crate) fn topic(&self) -> Option<TopicId> {
        self.thread.filter(|_| self.is_in_topic)
    }

    /// Returns the name of the author.
    pub(crate) fn author(&self) -> Option<String> {
        let person = || self.from.as_ref().map(Person::display_name).filter(|name| !name.trim().is_empty());
        self.sender_chat.clone().or_else(person)
    }
}

fn date(fields: &Fields<'_>, name: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(fields.number(name)?, 0)
}

fn pointers(fields: &Fields<'_>) -> Pointers {
    let thread: Option<i32> = fields.small("message_thread_id");
    let reply = fields.object("reply_to_message").map(|reply| Message::read_alone(&reply));
    // In a topic every message formally replies to the topic's first one.
    let reply = reply.filter(|reply| reply.number.is_none_or(|number| Some(number.0) != thread));
    let story = || Some(story(&fields.object("reply_to_story")?));
    Pointers {
        reply: reply.map(Box::new),
        external: fields.object("external_reply").map(|reply| external(&reply)).or_else(story),
        quote: fields.object("quote").and_then(|quote| quote.text("text")).filter(|text| !text.is_empty()),
        forwarded_from: forwarded_from(fields),
    }
}

fn external(reply: &Fields<'_>) -> External {
    let chat = reply.object("chat");
    External {
        chat: chat.as_ref().and_then(|chat| chat.number("id")).map(ChatId),
        chat_name: chat.as_ref().and_then(chat::chat_name),
        number: reply.small("message_id").map(MessageId),
        origin: reply.object("origin").and_then(|origin| chat::origin(&origin)),
        body: body::read(reply),
    }
}

fn story(story: &Fields<'_>) -> External {
    let poster = story.object("chat").and_then(|chat| chat::chat_name(&chat));
    let kind = super::kind::STORY;
    let body = Body { kind, file: None, content: Some(kind.name.to_owned()) };
    External { chat: None, chat_name: None, number: None, origin: poster, body }
}

/// Returns the author of a forwarded message, also from the fields used before Bot API 7.0.
fn forwarded_from(fields: &Fields<'_>) -> Option<String> {
    const MARKS: &[&str] =
        &["forward_origin", "forward_from", "forward_from_chat", "forward_sender_name", "forward_date"];
    if !MARKS.iter().any(|name| fields.has(name)) {
        return None;
    }
    let origin = fields.object("forward_origin").and_then(|origin| chat::origin(&origin));
    let person = || chat::person_name(&fields.object("forward_from")?);
    let chat = || chat::chat_name(&fields.object("forward_from_chat")?);
    let named = origin.or_else(person).or_else(|| fields.line("forward_sender_name")).or_else(chat);
    Some(named.unwrap_or_else(|| "someone".to_owned()))
}

fn money(fields: &Fields<'_>) -> Option<Money> {
    let refund = fields.object("refunded_payment");
    let is_refund = refund.is_some();
    let paid = refund.or_else(|| fields.object("successful_payment"))?;
    Some(Money {
        is_refund,
        currency: paid.text("currency")?,
        amount: paid.number("total_amount")?,
        payload: paid.text("invoice_payload").unwrap_or_default(),
        charge_id: paid.text("telegram_payment_charge_id").filter(|id| !id.is_empty())?,
    })
}

fn migration(fields: &Fields<'_>) -> Option<Moved> {
    let to = fields.number("migrate_to_chat_id").map(|id| Moved::To(ChatId(id)));
    to.or_else(|| fields.number("migrate_from_chat_id").map(|id| Moved::From(ChatId(id))))
}

fn topic_event(fields: &Fields<'_>) -> Option<TopicEvent> {
    const ICON: &str = "icon_custom_emoji_id";
    let given = |topic: &Fields<'_>, field| topic.text(field).is_some_and(|text| !text.is_empty());
    let created = fields.object("forum_topic_created").map(|topic| TopicEvent::Created {
        implicit: topic.flag("is_name_implicit"),
        icon: given(&topic, ICON),
    });
    created.or_else(|| {
        let topic = fields.object("forum_topic_edited")?;
        Some(TopicEvent::Edited { name: given(&topic, "name"), icon: topic.has(ICON) })
    })
}
