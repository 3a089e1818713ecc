//! People and chats, and the origin of a forwarded message.

use super::fields::Fields;
use crate::domain::ids::{ChatId, UserId};
use crate::domain::people::{Chat, ChatKind, Person};

/// Reads a `User`. Returns `None` without an id.
pub(crate) fn person(user: &Fields<'_>) -> Option<Person> {
    Some(Person {
        id: UserId(user.number("id")?),
        first_name: user.line("first_name").unwrap_or_default(),
        last_name: user.line("last_name"),
        username: user.line("username"),
        language_code: user.line("language_code"),
        is_bot: user.flag("is_bot"),
        is_premium: user.flag("is_premium"),
    })
}

/// Reads a `Chat`. Ids above zero belong to people, whatever the kind says.
pub(crate) fn chat(chat: &Fields<'_>) -> Option<Chat> {
    let id = chat.number("id")?;
    let kind = match chat.text("type").as_deref() {
        _ if id > 0 => ChatKind::Private,
        Some("group") => ChatKind::Group,
        Some("channel") => ChatKind::Channel,
        _ => ChatKind::Supergroup,
    };
    Some(Chat {
        id: ChatId(id),
        kind,
        title: chat.line("title"),
        username: chat.line("username"),
        is_forum: chat.flag("is_forum"),
    })
}

/// Returns the name of a person, if there is one.
pub(crate) fn person_name(user: &Fields<'_>) -> Option<String> {
    let first = user.line("first_name").into_iter();
    let names = || Some(first.chain(user.line("last_name")).collect::<Vec<_>>().join(" "));
    user.line("username").map(|name| format!("@{name}")).or_else(names).filter(|name| !name.is_empty())
}

/// Returns the name of a chat, if it has one. That of a private chat is the person's.
pub(crate) fn chat_name(chat: &Fields<'_>) -> Option<String> {
    let username = chat.line("username").map(|name| format!("@{name}"));
    username.or_else(|| chat.line("title")).or_else(|| person_name(chat))
}

/// Returns the author of a forwarded message from its `MessageOrigin`. Every kind of origin has a name in one
/// of these fields.
pub(crate) fn origin(origin: &Fields<'_>) -> Option<String> {
    let person = origin.object("sender_user").and_then(|user| person_name(&user));
    let chat = || ["sender_chat", "chat"].iter().find_map(|name| chat_name(&origin.object(name)?));
    person
        .or_else(|| origin.line("sender_user_name"))
        .or_else(chat)
        .or_else(|| origin.line("author_signature"))
}
