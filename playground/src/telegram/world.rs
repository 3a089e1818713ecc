//! The state of the emulated Telegram: people, chats, messages, drafts, files, calls. One value behind one
//! lock; no function here waits.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::chat::{Chat, ChatType};
use super::downloads::Downloads;
use super::faults::Faults;
use super::files::Files;
use super::queue::Queue;
use super::rates::Rates;
use super::stars::Stars;
use super::types::{Call, Person, Settings, Violation};

/// Limit of stored calls. When it is reached, the oldest half is dropped.
const CALLS_KEPT: usize = 400_000;

/// A button press and its answer.
#[derive(Debug, Clone)]
pub(super) struct Press {
    pub chat: i64,
    /// Who pressed.
    pub from: i64,
    /// The parameters of `answerCallbackQuery`, once it came.
    pub answer: Option<Value>,
}

/// The look of a new topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look<'a> {
    pub name: &'a str,
    pub icon_color: i64,
    /// The custom emoji shown as its icon.
    pub icon: Option<&'a str>,
    /// Whether the app has made up the name.
    pub implicit: bool,
}

/// The whole state of the emulator.
pub(super) struct World {
    pub settings: Settings,
    /// Increased by every change.
    pub version: u64,
    pub users: BTreeMap<i64, Person>,
    pub chats: BTreeMap<i64, Chat>,
    pub queue: Queue,
    pub files: Files,
    pub downloads: Downloads,
    pub presses: BTreeMap<String, Press>,
    pub commands: BTreeMap<(String, String), Value>,
    /// The result of `getMe` if a test has set one; otherwise it is built from the bot's account.
    pub me: Option<Value>,
    /// Whether the bot sees only what is meant for it in groups that it does not administer.
    pub privacy_mode: bool,
    pub calls: Vec<Call>,
    /// Calls that were dropped from the front of `calls`.
    pub calls_forgotten: usize,
    pub faults: Faults,
    pub rates: Rates,
    pub stars: Stars,
    /// People who do not accept voice messages.
    pub voice_forbidden: BTreeSet<i64>,
    /// People who have deleted their account.
    pub deleted_accounts: BTreeSet<i64>,
    pub violations: Vec<Violation>,
    account_messages: i64,
    next_press: i64,
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let bot = Person {
            is_bot: true,
            username: Some(settings.bot_username.clone()),
            language_code: None,
            ..Person::new(settings.bot_id, "Starling")
        };
        let queue = Queue::new(settings.first_update);
        let account_messages = settings.first_message - 1;
        Self {
            settings,
            version: 1,
            users: BTreeMap::from([(bot.id, bot)]),
            chats: BTreeMap::new(),
            queue,
            files: Files::default(),
            downloads: Downloads::default(),
            presses: BTreeMap::new(),
            commands: BTreeMap::new(),
            me: None,
            privacy_mode: false,
            calls: Vec::new(),
            calls_forgotten: 0,
            faults: Faults::default(),
            rates: Rates::default(),
            stars: Stars::new(),
            voice_forbidden: BTreeSet::new(),
            deleted_accounts: BTreeSet::new(),
            violations: Vec::new(),
            account_messages,
            next_press: 4_000_000_000_000_000,
        }
    }

    /// Records a call and returns its number.
    pub(super) fn note_call(&mut self, call: Call) -> usize {
        if self.calls.len() >= CALLS_KEPT {
            self.calls.drain(..CALLS_KEPT / 2);
            self.calls_forgotten += CALLS_KEPT / 2;
        }
        self.calls.push(call);
        self.calls_forgotten + self.calls.len() - 1
    }

    /// Returns the account of a person, creating one if it is unknown.
    pub(super) fn person(&mut self, id: i64) -> &Person {
        self.users.entry(id).or_insert_with(|| Person::new(id, &format!("User {id}")))
    }

    /// Returns the private chat with a person, opening it if necessary.
    pub(super) fn open_private(&mut self, user: i64) -> &mut Chat {
        self.person(user);
        self.chats.entry(user).or_insert_with(|| Chat::new(ChatType::Private { blocked: false }))
    }

    /// Adds a supergroup. The first member is its owner, the bot an administrator.
    pub(super) fn add_group(&mut self, id: i64, title: &str, forum: bool, members: &[i64]) {
        let admins = members.first().copied().into_iter().collect();
        let kind = ChatType::Supergroup {
            basic: false,
            title: title.to_owned(),
            forum,
            members: members.to_vec(),
            admins,
            limited: BTreeSet::new(),
            bot_kicked: false,
            bot_is_member: false,
        };
        let last_message = self.settings.first_message - 1;
        self.chats.insert(id, Chat { last_message, ..Chat::new(kind) });
        self.touch(id);
    }

    /// Marks the messages, topics or members of a chat as changed.
    pub(super) fn touch(&mut self, chat: i64) {
        self.touch_screen(chat);
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.content_version = chat.version;
        }
    }

    /// Marks only transient parts of a chat as changed: drafts, actions, notices.
    pub(super) fn touch_screen(&mut self, chat: i64) {
        self.version += 1;
        if let Some(chat) = self.chats.get_mut(&chat) {
            chat.version = self.version;
        }
    }

    pub(super) fn is_bot(&self, user: i64) -> bool {
        user == self.settings.bot_id
    }

    /// Returns a Bot API `User` object.
    pub(super) fn user_object(&self, id: i64) -> Value {
        self.users.get(&id).map_or_else(
            || json!({"id": id, "is_bot": false, "first_name": "Deleted Account"}),
            |person| serde_json::to_value(person).unwrap_or_default(),
        )
    }

    /// Returns a Bot API `Chat` object as messages contain it.
    pub(super) fn chat_object(&self, id: i64) -> Value {
        if let Some(ChatType::Supergroup { basic, title, forum, .. }) =
            self.chats.get(&id).map(|chat| &chat.kind)
        {
            let kind = if *basic { "group" } else { "supergroup" };
            let mut object = json!({"id": id, "title": title, "type": kind});
            if *forum {
                object["is_forum"] = json!(true);
            }
            return object;
        }
        let mut object = self.user_object(id);
        if let Some(fields) = object.as_object_mut() {
            fields.retain(|key, _| matches!(key.as_str(), "id" | "first_name" | "last_name" | "username"));
        }
        object["type"] = json!("private");
        object
    }

    /// Returns the id of the next message in a chat. All private chats and basic groups share one counter;
    /// each supergroup has its own.
    pub(super) fn next_message_id(&mut self, chat: i64) -> i64 {
        match self.chats.get_mut(&chat) {
            Some(state) if state.counts_alone() => {
                state.last_message += 1;
                state.last_message
            }
            _ => {
                self.account_messages += 1;
                self.account_messages
            }
        }
    }

    pub(super) fn next_press_id(&mut self) -> String {
        self.next_press += 7;
        self.next_press.to_string()
    }
}
