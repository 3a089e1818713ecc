//! Actions of people: writing, replying, editing, pressing buttons, stopping answers, blocking the bot. Each
//! action changes the chat and creates an update for the bot.

use serde_json::{Value, json};

use super::chat::ChatType;
use super::clock::unix_now;
use super::posts::{Post, text_body};
use super::shared::Telegram;
use super::text;
use super::types::{Person, SentIds};
use super::world::{Press, World};

impl World {
    /// Opens a private chat, or adds the person to the members of a group.
    fn enter(&mut self, chat: i64, from: i64) {
        self.person(from);
        if chat == from {
            self.open_private(from);
        } else if let Some(ChatType::Supergroup { members, .. }) =
            self.chats.get_mut(&chat).map(|state| &mut state.kind)
            && !members.contains(&from)
        {
            members.push(from);
        }
    }

    /// Posts a person's message and its update. Does nothing if the chat does not exist.
    pub(super) fn say(&mut self, chat: i64, post: Post) -> SentIds {
        self.enter(chat, post.from);
        if !self.chats.contains_key(&chat) {
            return SentIds { message_id: 0, update_id: 0 };
        }
        let message = self.post(chat, post);
        let is_shown = self.is_shown(chat, &message.raw);
        let update_id = if is_shown { self.queue.push("message", message.raw) } else { 0 };
        SentIds { message_id: message.id, update_id }
    }

    pub(super) fn say_text(
        &mut self,
        chat: i64,
        from: i64,
        what: &str,
        topic: Option<i64>,
        reply_to: Option<i64>,
    ) -> SentIds {
        let body = text_body(what, &text::detect(what));
        self.say(chat, Post { from, topic, reply_to, body, reply_markup: None })
    }

    pub(super) fn edit_text(&mut self, chat: i64, message: i64, what: &str) -> Option<i64> {
        let markup = self.chats.get(&chat)?.messages.get(&message)?.reply_markup.clone();
        let edited = self.edit(chat, message, Some((what.to_owned(), text::detect(what))), markup)?;
        Some(self.queue.push("edited_message", edited.raw))
    }

    pub(super) fn press(&mut self, chat: i64, from: i64, message: i64, data: &str) -> String {
        self.enter(chat, from);
        let id = self.next_press_id();
        let shown = self.chats.get(&chat).and_then(|state| state.messages.get(&message));
        let shown = shown.map(|message| message.raw.clone());
        let message = shown
            .unwrap_or_else(|| json!({"chat": self.chat_object(chat), "message_id": message, "date": 0}));
        let query = json!({
            "id": id,
            "from": self.user_object(from),
            "message": message,
            "chat_instance": (chat.wrapping_mul(7_919)).to_string(),
            "data": data,
        });
        self.presses.insert(id.clone(), Press { chat, from, answer: None });
        self.queue.push("callback_query", query);
        id
    }

    pub(super) fn press_stop(&mut self, chat: i64, draft_id: i64) -> Option<i64> {
        let object = self.chat_object(chat);
        let state = self.chats.get_mut(&chat)?;
        let shown = state.drafts.iter().rev().find(|draft| draft.draft_id == draft_id)?.clone();
        if !shown.can_stop {
            return None;
        }
        if !shown.keep_on_stop {
            state.live.retain(|_, draft| draft.draft_id != draft_id);
        }
        self.touch_screen(chat);
        let mut stopped = json!({"chat": object, "draft_id": draft_id});
        if let Some(topic) = shown.topic {
            stopped["message_thread_id"] = json!(topic);
        }
        Some(self.queue.push("stopped_message_generation", stopped))
    }

    pub(super) fn set_blocked(&mut self, user: i64, now_blocked: bool) -> i64 {
        if let ChatType::Private { blocked } = &mut self.open_private(user).kind {
            *blocked = now_blocked;
        }
        self.touch(user);
        let bot = self.user_object(self.settings.bot_id);
        let member = json!({"user": bot, "status": "member"});
        let kicked = json!({"user": bot, "status": "kicked", "until_date": 0});
        let (old, new) = if now_blocked { (member, kicked) } else { (kicked, member) };
        let change = json!({
            "chat": self.chat_object(user),
            "from": self.user_object(user),
            "date": unix_now(),
            "old_chat_member": old,
            "new_chat_member": new,
        });
        self.queue.push("my_chat_member", change)
    }

    /// Removes the bot from a group, or takes it back as an administrator. The bot is told.
    fn set_kicked(&mut self, group: i64, now_kicked: bool) -> i64 {
        let Some(ChatType::Supergroup { bot_kicked, members, .. }) =
            self.chats.get_mut(&group).map(|chat| &mut chat.kind)
        else {
            return 0;
        };
        *bot_kicked = now_kicked;
        let owner = members.first().copied().unwrap_or_default();
        self.touch(group);
        let bot = self.user_object(self.settings.bot_id);
        let member = json!({"user": bot, "status": "member"});
        let kicked = json!({"user": bot, "status": "kicked", "until_date": 0});
        let (old, new) = if now_kicked { (member, kicked) } else { (kicked, member) };
        let change = json!({
            "chat": self.chat_object(group),
            "from": self.user_object(owner),
            "date": unix_now(),
            "old_chat_member": old,
            "new_chat_member": new,
        });
        self.queue.push("my_chat_member", change)
    }
}

impl Telegram {
    /// Adds a person, or replaces the account with this id.
    pub fn add_user(&self, person: Person) {
        self.shared.change(|world| world.users.insert(person.id, person));
    }

    /// Opens the private chat of a person who wrote to the bot before this emulator began.
    pub fn open_chat(&self, user: i64) {
        self.shared.change(|world| {
            world.open_private(user);
            world.touch(user);
        });
    }

    /// Adds a supergroup with an id below zero. The first member owns it; the bot is an administrator and
    /// sees every message.
    pub fn add_group(&self, id: i64, title: &str, forum: bool, members: &[i64]) {
        self.shared.change(|world| {
            for member in members {
                world.person(*member);
            }
            world.add_group(id, title, forum, members);
        });
    }

    /// Makes a member of a group an administrator.
    pub fn promote(&self, group: i64, user: i64) {
        self.shared.change(|world| {
            if let Some(ChatType::Supergroup { admins, .. }) =
                world.chats.get_mut(&group).map(|chat| &mut chat.kind)
            {
                admins.insert(user);
            }
        });
    }

    /// Makes a member of a group (or the bot) an administrator without the rights over topics and messages.
    pub fn promote_without_topics(&self, group: i64, user: i64) {
        self.promote(group, user);
        self.shared.change(|world| {
            if let Some(ChatType::Supergroup { limited, .. }) =
                world.chats.get_mut(&group).map(|chat| &mut chat.kind)
            {
                limited.insert(user);
            }
        });
    }

    /// Makes an administrator of a group an ordinary member.
    pub fn demote(&self, group: i64, user: i64) {
        self.shared.change(|world| {
            if let Some(ChatType::Supergroup { admins, limited, .. }) =
                world.chats.get_mut(&group).map(|chat| &mut chat.kind)
            {
                admins.remove(&user);
                limited.remove(&user);
            }
        });
    }

    /// Removes the bot from a group. Later calls for the group are refused. Returns the id of the
    /// `my_chat_member` update.
    pub fn kick_bot(&self, group: i64) -> i64 {
        self.shared.change(|world| world.set_kicked(group, true))
    }

    /// Takes the bot back into a group from which it was removed. Returns the id of the `my_chat_member`
    /// update.
    pub fn readmit_bot(&self, group: i64) -> i64 {
        self.shared.change(|world| world.set_kicked(group, false))
    }

    /// Deletes the account of a person: the chat stays, and calls for it are refused.
    pub fn delete_account(&self, user: i64) {
        self.shared.change(|world| world.deleted_accounts.insert(user));
    }

    /// Sends a text as a person. The id of a private chat is the person's id; the first message opens the
    /// chat.
    pub fn say(&self, chat: i64, from: i64, text: &str) -> SentIds {
        self.shared.change(|world| world.say_text(chat, from, text, None, None))
    }

    /// Sends a text as a person, in a topic.
    pub fn say_in_topic(&self, chat: i64, from: i64, topic: i64, text: &str) -> SentIds {
        self.shared.change(|world| world.say_text(chat, from, text, Some(topic), None))
    }

    /// Replies to a message with a text, in the topic of that message.
    pub fn reply(&self, chat: i64, from: i64, to: i64, text: &str) -> SentIds {
        self.shared.change(|world| world.say_text(chat, from, text, None, Some(to)))
    }

    /// Sends a message that is not plain text. `fields` extend and override those that the emulator sets. For
    /// a poll, a rich message, an external reply with its quote, a forward.
    pub fn say_with(&self, chat: i64, from: i64, reply_to: Option<i64>, fields: Value) -> SentIds {
        let Value::Object(body) = fields else { return SentIds { message_id: 0, update_id: 0 } };
        self.shared.change(|world| world.say(chat, Post { from, reply_to, body, ..Post::default() }))
    }

    /// Edits a person's message. Returns the update's id; `None` if there is no such message.
    pub fn edit(&self, chat: i64, message_id: i64, text: &str) -> Option<i64> {
        self.shared.change(|world| world.edit_text(chat, message_id, text))
    }

    /// Presses an inline button. `data` need not belong to any button, as in a forged press. Returns the id
    /// of the callback query.
    pub fn press(&self, chat: i64, from: i64, message_id: i64, data: &str) -> String {
        self.shared.change(|world| world.press(chat, from, message_id, data))
    }

    /// Presses the stop button of a draft. Returns the update's id; `None` if the draft has no such button.
    pub fn press_stop(&self, chat: i64, draft_id: i64) -> Option<i64> {
        self.shared.change(|world| world.press_stop(chat, draft_id))
    }

    /// Blocks the bot as a person. Returns the id of the `my_chat_member` update.
    pub fn block(&self, user: i64) -> i64 {
        self.shared.change(|world| world.set_blocked(user, true))
    }

    /// Unblocks the bot as a person. Returns the id of the `my_chat_member` update.
    pub fn unblock(&self, user: i64) -> i64 {
        self.shared.change(|world| world.set_blocked(user, false))
    }

    /// Adds any update, given without `update_id`. Returns its id, or 0 if the bot does not receive updates
    /// of that kind. Undocumented kinds are always delivered.
    pub fn push_update(&self, update: Value) -> i64 {
        let Value::Object(fields) = update else { return 0 };
        self.shared.change(|world| world.queue.push_raw(fields))
    }

    /// Delivers an update again, even if it was confirmed. Returns `false` if there is no such update.
    pub fn redeliver(&self, update_id: i64) -> bool {
        self.shared.change(|world| world.queue.redeliver(update_id))
    }
}
