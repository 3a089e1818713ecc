//! Topics: how people open, name, close and delete them, and what the bot hears of that.

use serde_json::{Map, Value, json};

use super::chat::{ChatType, Topic};
use super::posts::Post;
use super::shared::Telegram;
use super::types::{Message, SentIds};
use super::world::{Look, World};

/// Icon colour of topics created by people.
const TOPIC_COLOR: i64 = 7_322_096;
/// The most characters that an app takes from a text for the name of a topic.
const IMPLICIT_NAME: usize = 64;

impl World {
    pub(super) fn open_topic(&mut self, chat: i64, from: i64, look: Look<'_>) -> i64 {
        if !self.chats.contains_key(&chat) {
            self.open_private(chat);
        }
        let Look { name, icon_color, icon, implicit } = look;
        let mut created = json!({"name": name, "icon_color": icon_color});
        if let Some(icon) = icon {
            created["icon_custom_emoji_id"] = json!(icon);
        }
        if implicit {
            created["is_name_implicit"] = json!(true);
        }
        let body = Map::from_iter([("forum_topic_created".to_owned(), created)]);
        let message = self.post(chat, Post { from, body, ..Post::default() });
        let mut raw = message.raw;
        raw["message_thread_id"] = json!(message.id);
        raw["is_topic_message"] = json!(true);
        if let Some(state) = self.chats.get_mut(&chat) {
            let (name, icon) = (name.to_owned(), icon.map(str::to_owned));
            state.topics.insert(message.id, Topic { name, icon_color, icon, closed: false, creator: from });
            if let Some(opening) = state.messages.get_mut(&message.id) {
                opening.raw = raw.clone();
                opening.topic = Some(message.id);
            }
        }
        if !self.is_bot(from) {
            self.queue.push("message", raw);
        }
        message.id
    }

    /// Changes the name and the icon of a topic, as far as they are given; an empty icon removes it. Tells the
    /// bot, unless the bot did it. Returns `None` if nothing changes.
    pub(super) fn change_topic(
        &mut self,
        chat: i64,
        from: i64,
        id: i64,
        name: Option<String>,
        icon: Option<String>,
    ) -> Option<SentIds> {
        let topic = self.chats.get_mut(&chat)?.topics.get_mut(&id)?;
        let mut change = Map::new();
        if let Some(name) = name.filter(|name| *name != topic.name) {
            change.insert("name".to_owned(), json!(name));
            topic.name = name;
        }
        if let Some(icon) = icon
            && topic.icon.as_deref().unwrap_or_default() != icon
        {
            change.insert("icon_custom_emoji_id".to_owned(), json!(icon));
            topic.icon = Some(icon).filter(|icon| !icon.is_empty());
        }
        (!change.is_empty()).then(|| self.report_change(chat, from, id, "forum_topic_edited", change.into()))
    }

    /// Posts a service message in a topic, and tells the bot if somebody else did it.
    fn report_change(&mut self, chat: i64, from: i64, topic: i64, event: &str, what: Value) -> SentIds {
        let body = Map::from_iter([(event.to_owned(), what)]);
        let message = self.post(chat, Post { from, topic: Some(topic), body, ..Post::default() });
        let update_id = if self.is_bot(from) { 0 } else { self.queue.push("message", message.raw) };
        SentIds { message_id: message.id, update_id }
    }

    pub(super) fn set_topic_closed(
        &mut self,
        chat: i64,
        from: i64,
        id: i64,
        closed: bool,
    ) -> Option<SentIds> {
        let topic = self.chats.get_mut(&chat)?.topics.get_mut(&id)?;
        if topic.closed == closed {
            return None;
        }
        topic.closed = closed;
        let event = if closed { "forum_topic_closed" } else { "forum_topic_reopened" };
        Some(self.report_change(chat, from, id, event, json!({})))
    }

    /// Deletes a topic with all messages in it. Telegram tells nobody.
    pub(super) fn drop_topic(&mut self, chat: i64, id: i64) {
        if let Some(state) = self.chats.get_mut(&chat) {
            state.topics.remove(&id);
            state.live.remove(&id);
            state.messages.retain(|_, message| message.topic != Some(id));
        }
        self.touch(chat);
    }

    /// The owner of a forum, or the person of a private chat.
    fn owner(&self, chat: i64) -> i64 {
        match self.chats.get(&chat).map(|state| &state.kind) {
            Some(ChatType::Supergroup { members, .. }) => members.first().copied().unwrap_or(chat),
            _ => chat,
        }
    }
}

/// Makes a message of a topic one of the whole chat.
fn leave_topic(message: &mut Message) {
    message.topic = None;
    if let Some(fields) = message.raw.as_object_mut() {
        fields.remove("message_thread_id");
        fields.remove("is_topic_message");
    }
}

impl Telegram {
    /// Creates a topic, as the owner of a forum or as the person of a private chat. Returns its
    /// `message_thread_id`.
    pub fn create_topic(&self, chat: i64, name: &str) -> i64 {
        self.shared.change(|world| {
            let look = Look { name, icon_color: TOPIC_COLOR, icon: None, implicit: false };
            world.open_topic(chat, world.owner(chat), look)
        })
    }

    /// Begins a topic in a private chat by writing outside of all topics, as the apps do: the app names the
    /// topic after the text, which counts as no name. Returns the topic and the message in it.
    pub fn start_topic(&self, user: i64, text: &str) -> (i64, SentIds) {
        self.shared.change(|world| {
            let name: String = text.chars().take(IMPLICIT_NAME).collect();
            let look = Look { name: &name, icon_color: TOPIC_COLOR, icon: None, implicit: true };
            let topic = world.open_topic(user, user, look);
            (topic, world.say_text(user, user, text, Some(topic), None))
        })
    }

    /// Changes the name of a topic, as the owner of a forum or as the person of a private chat. Returns the
    /// service message; `None` if nothing changes.
    pub fn rename_topic(&self, chat: i64, topic: i64, name: &str) -> Option<SentIds> {
        self.shared
            .change(|world| world.change_topic(chat, world.owner(chat), topic, Some(name.to_owned()), None))
    }

    /// Changes the icon of a topic, like [`rename_topic`](Self::rename_topic).
    pub fn change_topic_icon(&self, chat: i64, topic: i64, icon: &str) -> Option<SentIds> {
        self.shared
            .change(|world| world.change_topic(chat, world.owner(chat), topic, None, Some(icon.to_owned())))
    }

    /// Closes a topic, as the owner of a forum. After that only members who manage topics can write in it.
    pub fn close_topic(&self, chat: i64, topic: i64) {
        self.shared.change(|world| world.set_topic_closed(chat, world.owner(chat), topic, true));
    }

    /// Reopens a topic, as the owner of a forum.
    pub fn reopen_topic(&self, chat: i64, topic: i64) {
        self.shared.change(|world| world.set_topic_closed(chat, world.owner(chat), topic, false));
    }

    /// Deletes a topic with all messages in it, as the owner of a forum or as the person of a private chat.
    pub fn delete_topic(&self, chat: i64, topic: i64) {
        self.shared.change(|world| world.drop_topic(chat, topic));
    }

    /// Turns the topics of a group on or off, as its owner. Without them, what was in topics stands in one
    /// list, and no topic can be written to.
    pub fn set_forum(&self, group: i64, on: bool) {
        self.shared.change(|world| {
            if let Some(state) = world.chats.get_mut(&group) {
                if let ChatType::Supergroup { forum, .. } = &mut state.kind {
                    *forum = on;
                }
                if !on {
                    state.topics.clear();
                    state.messages.values_mut().for_each(leave_topic);
                }
            }
            world.touch(group);
        });
    }
}
