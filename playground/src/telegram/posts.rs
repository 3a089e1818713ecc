//! Messages of the emulated chats: new ones and edits.

use serde_json::{Map, Value, json};

use super::clock::unix_now;
use super::types::Message;
use super::world::World;

/// The contents of a new message.
#[derive(Debug, Default)]
pub(super) struct Post {
    pub from: i64,
    pub topic: Option<i64>,
    pub reply_to: Option<i64>,
    /// Fields that depend on the kind of message: text and entities, a file and its caption, a service event.
    pub body: Map<String, Value>,
    pub reply_markup: Option<Value>,
}

impl World {
    /// Returns the topic of a reply that names none: the topic of the message it answers.
    pub(super) fn topic_of_reply(&self, chat: i64, reply_to: Option<i64>) -> Option<i64> {
        self.chats.get(&chat)?.messages.get(&reply_to?)?.topic
    }

    /// Returns the thread of a reply in a group without topics: the first message of the chain.
    pub(super) fn reply_thread(&self, chat: i64, reply_to: i64) -> Option<i64> {
        let state = self.chats.get(&chat)?;
        if state.is_private() || state.is_forum() {
            return None;
        }
        let replied = state.messages.get(&reply_to)?;
        Some(replied.raw["message_thread_id"].as_i64().unwrap_or(reply_to))
    }

    /// Adds a message to a chat and returns it. The chat must exist.
    pub(super) fn post(&mut self, chat: i64, post: Post) -> Message {
        let id = self.next_message_id(chat);
        let date = unix_now();
        let topic = post.topic.or_else(|| self.topic_of_reply(chat, post.reply_to));
        let mut raw = json!({
            "message_id": id,
            "from": self.user_object(post.from),
            "chat": self.chat_object(chat),
            "date": date,
        });
        if let Some(topic) = topic {
            raw["message_thread_id"] = json!(topic);
            raw["is_topic_message"] = json!(true);
        } else if let Some(thread) = post.reply_to.and_then(|to| self.reply_thread(chat, to)) {
            raw["message_thread_id"] = json!(thread);
        }
        if let Some(replied) = self.replied_object(chat, post.reply_to, topic) {
            raw["reply_to_message"] = replied;
        }
        if let Some(markup) = &post.reply_markup {
            raw["reply_markup"] = markup.clone();
        }
        if let Some(fields) = raw.as_object_mut() {
            fields.extend(post.body);
        }
        let message = Message {
            id,
            date,
            from: post.from,
            from_bot: self.is_bot(post.from),
            text: text_of(&raw),
            entities: entities_of(&raw),
            topic,
            edits: 0,
            reply_markup: post.reply_markup,
            raw,
        };
        if let Some(state) = self.chats.get_mut(&chat) {
            state.messages.insert(id, message.clone());
            if message.from_bot {
                state.live.remove(&topic.unwrap_or(0));
                state.action = None;
            }
        }
        self.touch(chat);
        message
    }

    /// Returns `reply_to_message`: the message that was answered, or in a forum the one that opened the
    /// topic.
    fn replied_object(&self, chat: i64, reply_to: Option<i64>, topic: Option<i64>) -> Option<Value> {
        let state = self.chats.get(&chat)?;
        let id = reply_to.or(topic.filter(|_| state.is_forum()))?;
        let mut raw = state.messages.get(&id)?.raw.clone();
        raw.as_object_mut()?.remove("reply_to_message");
        Some(raw)
    }

    /// Replaces the text or caption and the keyboard of a message. Returns the message; `None` if it does not
    /// exist.
    pub(super) fn edit(
        &mut self,
        chat: i64,
        id: i64,
        text: Option<(String, Vec<Value>)>,
        markup: Option<Value>,
    ) -> Option<Message> {
        let message = self.chats.get_mut(&chat)?.messages.get_mut(&id)?;
        let raw = message.raw.as_object_mut()?;
        raw.insert("edit_date".to_owned(), json!(unix_now()));
        if let Some((text, entities)) = text {
            let caption = !raw.contains_key("text");
            let (text_key, entities_key) =
                if caption { ("caption", "caption_entities") } else { ("text", "entities") };
            raw.insert(text_key.to_owned(), json!(text));
            raw.remove(entities_key);
            if !entities.is_empty() {
                raw.insert(entities_key.to_owned(), json!(entities));
            }
            message.text = text;
            message.entities = entities;
        }
        raw.remove("reply_markup");
        if let Some(markup) = &markup {
            raw.insert("reply_markup".to_owned(), markup.clone());
        }
        message.reply_markup = markup;
        message.edits += 1;
        let edited = message.clone();
        self.touch(chat);
        Some(edited)
    }
}

/// Returns the fields of a text message.
pub(super) fn text_body(text: &str, entities: &[Value]) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("text".to_owned(), json!(text));
    if !entities.is_empty() {
        body.insert("entities".to_owned(), json!(entities));
    }
    body
}

fn text_of(raw: &Value) -> String {
    raw["text"].as_str().or(raw["caption"].as_str()).unwrap_or_default().to_owned()
}

fn entities_of(raw: &Value) -> Vec<Value> {
    raw["entities"].as_array().or(raw["caption_entities"].as_array()).cloned().unwrap_or_default()
}
