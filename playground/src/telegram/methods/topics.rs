//! Forum topics, in forums and in private chats.

use serde_json::{Map, Value, json};

use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::{Post, World};
use super::target;

/// The six colours a topic icon may have.
const COLORS: [i64; 6] = [7_322_096, 16_766_590, 13_338_331, 9_367_192, 16_749_490, 16_478_047];
/// Limit of a topic's name, in characters.
const NAME_LIMIT: usize = 128;

/// `createForumTopic`.
pub(super) fn create(world: &mut World, params: &Params) -> Outcome {
    let chat = topical_chat(world, params)?;
    let name = params.text("name").unwrap_or_default().trim().to_owned();
    if name.is_empty() {
        return Err(Refusal::bad("TOPIC_TITLE_EMPTY"));
    }
    check_name(&name)?;
    let color = params.int("icon_color").unwrap_or(COLORS[0]);
    if !COLORS.contains(&color) {
        return Err(Refusal::bad("TOPIC_ICON_COLOR_INVALID"));
    }
    let bot = world.settings.bot_id;
    let id = world.open_topic(chat, bot, &name, color);
    Ok(json!({"message_thread_id": id, "name": name, "icon_color": color}))
}

/// `editForumTopic`.
pub(super) fn edit(world: &mut World, params: &Params) -> Outcome {
    let (chat, id) = topic(world, params)?;
    let name = params.text("name").map(str::trim).unwrap_or_default().to_owned();
    check_name(&name)?;
    let icon = params.text("icon_custom_emoji_id");
    let current = world.chats.get_mut(&chat).and_then(|state| state.topics.get_mut(&id));
    let current = current.ok_or_else(invalid)?;
    let renamed = !name.is_empty() && name != current.name;
    if !renamed && icon.is_none() {
        return Err(Refusal::bad("TOPIC_NOT_MODIFIED"));
    }
    let mut change = Map::new();
    if renamed {
        current.name.clone_from(&name);
        change.insert("name".to_owned(), json!(name));
    }
    if let Some(icon) = icon {
        change.insert("icon_custom_emoji_id".to_owned(), json!(icon));
    }
    announce(world, chat, id, "forum_topic_edited", Value::Object(change));
    Ok(json!(true))
}

/// `closeForumTopic` and `reopenForumTopic`; only forums have closed topics.
pub(super) fn set_closed(world: &mut World, params: &Params, closed: bool) -> Outcome {
    let (chat, id) = topic(world, params)?;
    let state = world.chats.get_mut(&chat).filter(|state| state.is_forum());
    let state = state.ok_or_else(|| Refusal::bad("the chat is not a forum"))?;
    let current = state.topics.get_mut(&id).ok_or_else(invalid)?;
    if current.closed == closed {
        return Err(Refusal::bad("TOPIC_NOT_MODIFIED"));
    }
    current.closed = closed;
    let event = if closed { "forum_topic_closed" } else { "forum_topic_reopened" };
    announce(world, chat, id, event, json!({}));
    Ok(json!(true))
}

/// `deleteForumTopic`. Deletes the topic with all its messages.
pub(super) fn delete(world: &mut World, params: &Params) -> Outcome {
    let (chat, id) = topic(world, params)?;
    let bot = world.settings.bot_id;
    if world.chats.get(&chat).is_some_and(|state| !state.may_manage_topics(bot)) {
        return Err(Refusal::bad("not enough rights to delete the topic"));
    }
    if let Some(state) = world.chats.get_mut(&chat) {
        state.topics.remove(&id);
        state.live.remove(&id);
        state.messages.retain(|_, message| message.topic != Some(id));
    }
    world.touch(chat);
    Ok(json!(true))
}

fn invalid() -> Refusal {
    Refusal::bad("TOPIC_ID_INVALID")
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.chars().count() > NAME_LIMIT { Err(Refusal::bad("TOPIC_TITLE_TOO_LONG")) } else { Ok(()) }
}

/// Returns the chat that a call names, if it can have topics.
fn topical_chat(world: &World, params: &Params) -> Result<i64, Refusal> {
    let chat = target::writable_chat(world, params)?;
    let topical = world.chats.get(&chat).is_some_and(|state| state.is_private() || state.is_forum());
    if topical { Ok(chat) } else { Err(Refusal::bad("the chat is not a forum")) }
}

/// Returns the chat and the existing topic that a call names.
fn topic(world: &World, params: &Params) -> Result<(i64, i64), Refusal> {
    let chat = topical_chat(world, params)?;
    let id = params.int("message_thread_id").ok_or_else(invalid)?;
    let found = world.chats.get(&chat).is_some_and(|state| state.topics.contains_key(&id));
    if found { Ok((chat, id)) } else { Err(invalid()) }
}

/// Posts a service message in the topic.
fn announce(world: &mut World, chat: i64, id: i64, event: &str, what: Value) {
    let body = Map::from_iter([(event.to_owned(), what)]);
    let from = world.settings.bot_id;
    world.post(chat, Post { from, topic: Some(id), body, ..Post::default() });
}
