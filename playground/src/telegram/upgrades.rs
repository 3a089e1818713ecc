//! Upgrades of basic groups to supergroups: the supergroup is another chat with another id, and its message
//! ids begin anew.

use serde_json::json;

use super::chat::ChatType;
use super::posts::Post;
use super::shared::Telegram;
use super::types::SentIds;
use super::world::World;

impl World {
    fn upgrade(&mut self, old: i64, new: i64) {
        let Some(ChatType::Supergroup { title, members, admins, .. }) =
            self.chats.get(&old).map(|chat| &chat.kind)
        else {
            return;
        };
        let (title, members, former) = (title.clone(), members.clone(), admins.clone());
        self.add_group(new, &title, false, &members);
        if let Some(ChatType::Supergroup { admins, .. }) = self.chats.get_mut(&new).map(|chat| &mut chat.kind)
        {
            *admins = former;
        }
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
    /// Adds a basic group. Its message ids come from the counter of private chats; the first member owns it.
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

    /// Upgrades the basic group `old` to the supergroup `new`. Every later call for `old` is refused with the
    /// id of `new`. [`tell_upgrade`](Self::tell_upgrade) posts the service messages.
    pub fn upgrade_group(&self, old: i64, new: i64) {
        self.shared.change(|world| world.upgrade(old, new));
    }

    /// Posts the service message about the upgrade in one of the two chats. Returns `None` if the chat was
    /// not upgraded.
    pub fn tell_upgrade(&self, chat: i64) -> Option<SentIds> {
        self.shared.change(|world| world.tell_upgrade(chat))
    }
}
