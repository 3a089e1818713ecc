//! Updates as sent by the Bot API. Only the id of an update is required. A field of a wrong or unknown type
//! is dropped without affecting the rest, so that no message is lost.

pub(crate) mod body;
pub(crate) mod chat;
pub(crate) mod clean;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod kind;
pub(crate) mod message;
pub(crate) mod rich;
pub(crate) mod words;

use chrono::{DateTime, Utc};

use crate::domain::ids::{ChatId, MessageId, TopicId, UpdateId};
use crate::domain::people::{Chat, Person};

pub(crate) use fields::Fields;
pub(crate) use message::Message;

/// The kinds of update that the bot wants. Kinds that are not requested are never delivered.
pub(crate) const WANTED: &[&str] = &[
    "message",
    "edited_message",
    "callback_query",
    "pre_checkout_query",
    "my_chat_member",
    "stopped_message_generation",
];

/// The kinds of update that the Bot API has and the bot does not want. One may still arrive if it was waiting
/// before the bot set the kinds that it wants.
pub(crate) const UNWANTED: &[&str] = &[
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "guest_message",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "shipping_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "managed_bot",
    "subscription",
];

/// An update.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Update {
    pub id: UpdateId,
    /// Its kind: one of [`WANTED`] or [`UNWANTED`], or `other`.
    pub kind: &'static str,
    pub content: Content,
}

/// The content of an update.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// A new message.
    Message(Box<Message>),
    /// An edited message.
    Edited(Box<Message>),
    /// A tap on a button.
    Tap(Box<Tap>),
    /// A pre-checkout query.
    Checkout(Checkout),
    /// The bot was added to a chat, blocked or removed.
    Membership(Membership),
    /// A draft was stopped.
    Stopped(Stopped),
    /// Nothing that the bot understands.
    Nothing,
}

/// A tap on a button.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Tap {
    /// The id of the callback query.
    pub id: String,
    /// The person who tapped.
    pub from: Person,
    /// The message with the button; one that is too old has only a chat and an id.
    pub message: Option<Message>,
    /// The data of the button.
    pub data: String,
}

/// A pre-checkout query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Checkout {
    /// The id of the query.
    pub id: String,
    /// The payer.
    pub from: Person,
    /// The code of the currency.
    pub currency: String,
    /// The amount in the currency's smallest unit.
    pub amount: i64,
    /// The payload of the invoice.
    pub payload: String,
}

/// The bot was added to a chat, blocked or removed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Membership {
    /// The chat; a private one belongs to a person who blocks or unblocks the bot.
    pub chat: Chat,
    /// Whether the bot is in it now.
    pub is_member: bool,
    /// When it changed.
    pub date: Option<DateTime<Utc>>,
}

/// A draft was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stopped {
    /// The private chat, whose id is that of the person: drafts exist only there.
    pub chat: ChatId,
    pub topic: Option<TopicId>,
    /// The draft id.
    pub draft: i32,
}

/// The fields of an update that storing it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Summary {
    pub id: UpdateId,
    /// The name of the field that carries its content.
    pub kind: String,
    /// The new message in it.
    pub message: Option<(ChatId, MessageId)>,
    /// The chat that routes it.
    pub route: ChatId,
}

/// Reads the fields of an update that storing it needs. Returns `None` without an id.
pub(crate) fn summarize(payload: &str) -> Option<Summary> {
    let payload = clean::escapes(payload);
    let fields = Fields::of(&payload)?;
    let id = UpdateId(fields.number("update_id")?);
    let message = fields.object("message").and_then(|message| {
        let chat = message.object("chat")?.number("id").map(ChatId);
        chat.zip(message.small("message_id").map(MessageId))
    });
    let known = WANTED.iter().chain(UNWANTED).copied().find(|name| fields.has(name));
    let route = known.and_then(|kind| route(&fields.object(kind)?)).unwrap_or(ChatId(0));
    let other = || fields.names().filter(|name| *name != "update_id").min().unwrap_or_default();
    Some(Summary { id, kind: clean::line(known.unwrap_or_else(other)), message, route })
}

/// Returns the chat that routes an update with this content: that of the content or of its message; the person, if it
/// belongs to no chat.
fn route(content: &Fields<'_>) -> Option<ChatId> {
    let chat = |fields: &Fields<'_>| fields.object("chat")?.number("id");
    let of_message = || chat(&content.object("message")?);
    let person = || content.object("from")?.number("id");
    chat(content).or_else(of_message).or_else(person).map(ChatId)
}

impl Update {
    /// Reads an update. Returns `None` without an id.
    pub(crate) fn read(payload: &str) -> Option<Self> {
        let payload = clean::escapes(payload);
        let fields = Fields::of(&payload)?;
        let id = UpdateId(fields.number("update_id")?);
        let kind = WANTED.iter().chain(UNWANTED).copied().find(|name| fields.has(name)).unwrap_or("other");
        let content = fields.object(kind).and_then(|object| content(kind, &object));
        Some(Self { id, kind, content: content.unwrap_or(Content::Nothing) })
    }

    /// Returns the chat within which the update's order is kept; 0 if it belongs to none. It is the chat that
    /// routes the update, but for payments, which may have none.
    pub(crate) fn chat(&self) -> ChatId {
        let of = |message: &Message| message.chat.as_ref().map(|chat| chat.id);
        let chat = match &self.content {
            Content::Message(message) | Content::Edited(message) => of(message),
            Content::Tap(tap) => tap.message.as_ref().and_then(of).or(Some(ChatId(tap.from.id.0))),
            Content::Membership(change) => Some(change.chat.id),
            Content::Stopped(stopped) => Some(stopped.chat),
            Content::Checkout(_) | Content::Nothing => None,
        };
        chat.unwrap_or(ChatId(0))
    }
}

fn content(kind: &str, object: &Fields<'_>) -> Option<Content> {
    Some(match kind {
        "message" => Content::Message(Box::new(Message::read(object))),
        "edited_message" => Content::Edited(Box::new(Message::read(object))),
        "callback_query" => Content::Tap(Box::new(Tap {
            id: object.text("id")?,
            from: chat::person(&object.object("from")?)?,
            message: object.object("message").map(|message| Message::read(&message)),
            data: object.text("data").unwrap_or_default(),
        })),
        "pre_checkout_query" => Content::Checkout(Checkout {
            id: object.text("id")?,
            from: chat::person(&object.object("from")?)?,
            currency: object.text("currency")?,
            amount: object.number("total_amount")?,
            payload: object.text("invoice_payload").unwrap_or_default(),
        }),
        "my_chat_member" => {
            let member = object.object("new_chat_member")?;
            let is_member = match member.text("status")?.as_str() {
                "left" | "kicked" => false,
                "restricted" => member.flag("is_member"),
                _ => true,
            };
            let date = object.number("date").and_then(|date| DateTime::from_timestamp(date, 0));
            Content::Membership(Membership { chat: chat::chat(&object.object("chat")?)?, is_member, date })
        }
        "stopped_message_generation" => Content::Stopped(Stopped {
            chat: ChatId(object.object("chat")?.number("id")?),
            topic: object.small("message_thread_id").map(TopicId),
            draft: object.small("draft_id")?,
        }),
        _ => return None,
    })
}
