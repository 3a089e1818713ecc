//! What differs in groups: what Telegram shows a bot in privacy mode, and senders who are no persons.

use serde_json::{Map, Value, json};

use super::chat::ChatType;
use super::posts::{Post, text_body};
use super::shared::Telegram;
use super::text;
use super::types::{Person, SentIds};
use super::world::World;

/// The account in whose name administrators write anonymously.
pub const ANONYMOUS_ADMINISTRATOR: i64 = 1_087_968_824;
/// The account in whose name people write as channels.
pub const CHANNEL_BOT: i64 = 136_817_688;

impl World {
    /// Returns whether the bot administers a group.
    pub(super) fn bot_administers(&self, group: i64) -> bool {
        let kind = self.chats.get(&group).map(|chat| &chat.kind);
        matches!(kind, Some(ChatType::Supergroup { bot_is_member: false, bot_kicked: false, .. }))
    }

    /// Returns whether Telegram shows a message to the bot. In privacy mode, a bot that does not administer the
    /// group sees commands, mentions of itself and replies to itself.
    pub(super) fn is_shown(&self, chat: i64, message: &Value) -> bool {
        if chat > 0 || !self.privacy_mode || self.bot_administers(chat) {
            return true;
        }
        let written = message["text"].as_str().or(message["caption"].as_str()).unwrap_or_default();
        let bot = self.settings.bot_id;
        let name = self.users.get(&bot).and_then(|bot| bot.username.clone()).unwrap_or_default();
        let mention = format!("@{}", name.to_lowercase());
        written.starts_with('/')
            || written.to_lowercase().contains(&mention)
            || message["reply_to_message"]["from"]["id"] == bot
    }

    /// Posts a text in the name of a chat, through one of Telegram's own accounts.
    fn say_for_chat(&mut self, group: i64, account: Person, sender: Value, what: &str) -> SentIds {
        let from = account.id;
        self.users.insert(from, account);
        let mut body: Map<String, Value> = text_body(what, &text::detect(what));
        body.insert("sender_chat".to_owned(), sender);
        self.say(group, Post { from, body, ..Post::default() })
    }
}

impl Telegram {
    /// Switches the bot's privacy mode, as its owner does with BotFather.
    pub fn set_privacy_mode(&self, on: bool) {
        self.shared.change(|world| world.privacy_mode = on);
    }

    /// Ends the bot's token and gives it another, as its owner does with BotFather.
    pub fn revoke_token(&self, new: &str) {
        self.shared.change(|world| new.clone_into(&mut world.settings.token));
    }

    /// Makes the bot an ordinary member of a group, or an administrator.
    pub fn set_bot_administrator(&self, group: i64, administers: bool) {
        self.shared.change(|world| {
            if let Some(ChatType::Supergroup { bot_is_member, .. }) =
                world.chats.get_mut(&group).map(|chat| &mut chat.kind)
            {
                *bot_is_member = !administers;
            }
        });
    }

    /// Leaves a group as a person. Bots see the service message, also in privacy mode.
    pub fn leave_group(&self, group: i64, user: i64) -> SentIds {
        self.shared.change(|world| {
            if let Some(ChatType::Supergroup { members, admins, .. }) =
                world.chats.get_mut(&group).map(|chat| &mut chat.kind)
            {
                members.retain(|member| *member != user);
                admins.remove(&user);
            }
            let body = Map::from_iter([("left_chat_member".to_owned(), world.user_object(user))]);
            let message = world.post(group, Post { from: user, body, ..Post::default() });
            let update_id = world.queue.push("message", message.raw);
            SentIds { message_id: message.id, update_id }
        })
    }

    /// Sends a text as an administrator who writes anonymously, in the name of the group.
    pub fn say_anonymously(&self, group: i64, text: &str) -> SentIds {
        let account = Person {
            is_bot: true,
            username: Some("GroupAnonymousBot".to_owned()),
            language_code: None,
            ..Person::new(ANONYMOUS_ADMINISTRATOR, "Group")
        };
        self.shared.change(|world| {
            let sender = world.chat_object(group);
            world.say_for_chat(group, account, sender, text)
        })
    }

    /// Sends a text in the name of a channel.
    pub fn say_as_channel(&self, group: i64, channel: i64, title: &str, text: &str) -> SentIds {
        let account = Person {
            is_bot: true,
            username: Some("Channel_Bot".to_owned()),
            language_code: None,
            ..Person::new(CHANNEL_BOT, "Channel")
        };
        let sender = json!({"id": channel, "type": "channel", "title": title});
        self.shared.change(|world| world.say_for_chat(group, account, sender, text))
    }
}
