//! Methods for Telegram's menus of commands.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Method;
use crate::domain::ids::ChatId;

/// The chats whose menu is meant. A narrower scope hides a wider one; within a scope, a menu for the language
/// of the person's app hides the one without a language.
#[derive(Serialize, Clone, Copy, PartialEq, Eq, Debug)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum CommandScope {
    /// All chats without a narrower menu.
    Default,
    /// All groups.
    AllGroupChats,
    /// The administrators of all groups.
    AllChatAdministrators,
    /// One chat.
    Chat {
        /// The chat; the bot must know it.
        chat_id: ChatId,
    },
}

/// Returns the menu of a scope and language as it was set; empty if none was.
#[derive(Serialize, Debug)]
pub(crate) struct GetMyCommands {
    /// The chats.
    pub scope: CommandScope,
    /// The two-letter language code; `None` for the menu of all other languages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<&'static str>,
}
method!("getMyCommands", GetMyCommands => Vec<BotCommand>);

/// Sets the menu of a scope and language.
#[derive(Serialize, Debug)]
pub(crate) struct SetMyCommands<'a> {
    /// The commands in order, at most 100.
    pub commands: &'a [BotCommand],
    /// The chats.
    pub scope: CommandScope,
    /// The two-letter language code; `None` for all languages without a menu of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<&'static str>,
}
method!("setMyCommands", SetMyCommands<'_> => bool);

/// Removes the menu of a scope and language, so that a wider one is shown.
#[derive(Serialize, Debug)]
pub(crate) struct DeleteMyCommands {
    /// The chats.
    pub scope: CommandScope,
    /// The two-letter language code; `None` for the menu of all other languages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language_code: Option<&'static str>,
}
method!("deleteMyCommands", DeleteMyCommands => bool);

/// One command of a menu.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct BotCommand {
    /// The name without the slash.
    pub command: Cow<'static, str>,
    /// The description, 1 to 256 characters.
    pub description: String,
}
