//! Forum topics, in forums and in private chats.

use serde_json::{Value, json};

use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::world::{Look, World};
use super::target;

/// The six colours a topic icon may have.
const COLORS: [i64; 6] = [7_322_096, 16_766_590, 13_338_331, 9_367_192, 16_749_490, 16_478_047];
/// Some of the icons that every bot may give to a topic, and the id of the first.
const ICONS: [&str; 16] =
    ["💬", "💡", "📝", "🔎", "❓", "💻", "📚", "🎓", "✈️", "🍽", "🎨", "🎵", "💰", "❤️", "🏠", "🧪"];
const FIRST_ICON: usize = 5_312_536_423_851_630_001;
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
    let icon = params.text("icon_custom_emoji_id").filter(|icon| !icon.is_empty());
    if let Some(icon) = icon {
        check_icon(icon)?;
    }
    let look = Look { name: &name, icon_color: color, icon, implicit: false };
    let id = world.open_topic(chat, bot, look);
    let mut topic = json!({"message_thread_id": id, "name": name, "icon_color": color});
    if let Some(icon) = icon {
        topic["icon_custom_emoji_id"] = json!(icon);
    }
    Ok(topic)
}

/// `editForumTopic`.
pub(super) fn edit(world: &mut World, params: &Params) -> Outcome {
    let (chat, id) = topic(world, params)?;
    let name = params.text("name").map(str::trim).unwrap_or_default().to_owned();
    check_name(&name)?;
    let icon = params.text("icon_custom_emoji_id").map(str::to_owned);
    if let Some(icon) = icon.as_deref().filter(|icon| !icon.is_empty()) {
        check_icon(icon)?;
    }
    check_right(world, chat, id, "edit the topic")?;
    let bot = world.settings.bot_id;
    let name = Some(name).filter(|name| !name.is_empty());
    if world.change_topic(chat, bot, id, name, icon).is_none() {
        return Err(Refusal::bad("TOPIC_NOT_MODIFIED"));
    }
    Ok(json!(true))
}

/// `closeForumTopic` and `reopenForumTopic`; only forums have closed topics.
pub(super) fn set_closed(world: &mut World, params: &Params, closed: bool) -> Outcome {
    let (chat, id) = topic(world, params)?;
    check_right(world, chat, id, if closed { "close the topic" } else { "reopen the topic" })?;
    if world.chats.get(&chat).is_none_or(|state| !state.is_forum()) {
        return Err(Refusal::bad("the chat is not a forum"));
    }
    let bot = world.settings.bot_id;
    let changed = world.set_topic_closed(chat, bot, id, closed);
    changed.map(|_| json!(true)).ok_or_else(|| Refusal::bad("TOPIC_NOT_MODIFIED"))
}

/// `deleteForumTopic`. Deletes the topic with all its messages.
pub(super) fn delete(world: &mut World, params: &Params) -> Outcome {
    let (chat, id) = topic(world, params)?;
    let bot = world.settings.bot_id;
    if world.chats.get(&chat).is_some_and(|state| !state.may_manage_topics(bot)) {
        return Err(Refusal::bad("not enough rights to delete the topic"));
    }
    world.drop_topic(chat, id);
    Ok(json!(true))
}

fn invalid() -> Refusal {
    Refusal::bad("TOPIC_ID_INVALID")
}

/// `getForumTopicIconStickers`.
pub(super) fn icons() -> Value {
    let sticker = |number: usize, emoji: &str| {
        json!({
            "file_id": format!("topic-icon-{number}"), "file_unique_id": format!("icon{number}"),
            "type": "custom_emoji", "width": 512, "height": 512, "is_animated": true, "is_video": false,
            "emoji": emoji, "set_name": "Topics", "custom_emoji_id": icon_id(number),
        })
    };
    ICONS.iter().enumerate().map(|(number, emoji)| sticker(number, emoji)).collect()
}

fn icon_id(number: usize) -> String {
    (FIRST_ICON + number).to_string()
}

/// Only icons of the list may be given by a bot whose owner has no Telegram Premium.
fn check_icon(icon: &str) -> Result<(), Refusal> {
    let Ok(id) = icon.parse::<usize>() else {
        return Err(Refusal::bad("invalid custom emoji identifier specified"));
    };
    let known = (FIRST_ICON..FIRST_ICON + ICONS.len()).contains(&id);
    if known { Ok(()) } else { Err(Refusal::bad("DOCUMENT_INVALID")) }
}

/// The bot must manage topics, or have created this one.
fn check_right(world: &World, chat: i64, id: i64, what: &str) -> Result<(), Refusal> {
    let bot = world.settings.bot_id;
    let may = world.chats.get(&chat).is_some_and(|state| state.may_change_topic(bot, id));
    if may { Ok(()) } else { Err(Refusal::bad(format!("not enough rights to {what}"))) }
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
