//! Basic groups that become supergroups: another chat with another id, whose messages count from the beginning.

use serde_json::json;

use super::chat::ChatType;
use super::shared::Telegram;
use super::types::SentIds;
use super::world::{Post, World};

impl World {
    fn upgrade(&mut self, old: i64, new: i64) {
        let Some(ChatType::Supergroup { title, members, .. }) = self.chats.get(&old).map(|chat| &chat.kind)
        else {
            return;
        };
        let (title, members) = (title.clone(), members.clone());
        self.add_group(new, &title, false, &members);
        if let Some(chat) = self.chats.get_mut(&old) {
            chat.upgraded_to = Some(new);
        }
        self.touch(old);
    }

    fn tell_upgrade(&mut self, chat: i64) -> Option<SentIds> {
        let former = self.chats.iter().find(|(_, state)| state.upgraded_to == Some(chat)).map(|(&id, _)| id);
        let state = self.chats.get(&chat)?;
        let (field, other) = match (state.upgraded_to, former) {
            (Some(to), _) => ("migrate_to_chat_id", to),
            (None, Some(from)) => ("migrate_from_chat_id", from),
            (None, None) => return None,
        };
        let ChatType::Supergroup { members, .. } = &state.kind else { return None };
        let from = members.first().copied()?;
        let mut body = serde_json::Map::new();
        body.insert(field.to_owned(), json!(other));
        let message = self.post(chat, Post { from, body, ..Post::default() });
        let update_id = self.queue.push("message", message.raw);
        Some(SentIds { message_id: message.id, update_id })
    }
}

impl Telegram {
    /// Adds a basic group, whose messages share their numbers with those of private chats; the first member owns it.
    pub fn add_basic_group(&self, id: i64, title: &str, members: &[i64]) {
        self.add_group(id, title, false, members);
        self.shared.change(|world| {
            if let Some(ChatType::Supergroup { basic, .. }) =
                world.chats.get_mut(&id).map(|chat| &mut chat.kind)
            {
                *basic = true;
            }
        });
    }

    /// The basic group `old` becomes the supergroup `new`: every call for the former chat is refused with the id of the
    /// new one. The service messages come when they are asked for.
    pub fn upgrade_group(&self, old: i64, new: i64) {
        self.shared.change(|world| world.upgrade(old, new));
    }

    /// The service message about the upgrade in one of the two chats; `None` if it was not upgraded.
    pub fn tell_upgrade(&self, chat: i64) -> Option<SentIds> {
        self.shared.change(|world| world.tell_upgrade(chat))
    }
}
