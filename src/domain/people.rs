//! Who is talking and where, as Telegram tells it with every message.

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ChatId, UserId};

/// A person's profile at the moment of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Telegram's id.
    pub id: UserId,
    /// Never empty on the wire.
    pub first_name: String,
    /// Optional second name.
    pub last_name: Option<String>,
    /// Without the `@`. Not unique over time: names move between accounts.
    pub username: Option<String>,
    /// IETF tag of the person's app, such as `ru` or `pt-br`.
    pub language_code: Option<String>,
    /// Whether the account is a bot (anonymous admins and channels write as bots).
    pub is_bot: bool,
    /// Whether the account has Telegram Premium.
    pub is_premium: bool,
}

impl Person {
    /// The name that history shows for this person: `@username`, else first and last name.
    pub fn display_name(&self) -> String {
        match (&self.username, &self.last_name) {
            (Some(username), _) => format!("@{username}"),
            (None, Some(last)) => format!("{} {last}", self.first_name),
            (None, None) => self.first_name.clone(),
        }
    }
}

/// The kinds of chat that Telegram knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// One person and the bot.
    Private,
    /// A small group; becomes a supergroup when it grows, with another id.
    Group,
    /// A large group, possibly with topics.
    Supergroup,
    /// A channel.
    Channel,
}

impl ChatKind {
    /// The wire, column and label name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Group => "group",
            Self::Supergroup => "supergroup",
            Self::Channel => "channel",
        }
    }
}

/// A chat's description at the moment of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chat {
    /// Telegram's id.
    pub id: ChatId,
    /// Its kind.
    pub kind: ChatKind,
    /// Title of a group or channel.
    pub title: Option<String>,
    /// Public name without the `@`.
    pub username: Option<String>,
    /// Whether the chat is divided into topics.
    pub is_forum: bool,
}

/// A language that the bot speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, strum::VariantArray)]
pub enum Language {
    /// English, also for everybody whose language has no texts.
    #[default]
    English,
    /// Russian.
    Russian,
}

impl Language {
    /// Chooses by the language tag of the person's app.
    pub fn from_tag(tag: Option<&str>) -> Self {
        match tag.and_then(|tag| tag.split(['-', '_']).next()) {
            Some("ru" | "be" | "uk" | "kk") => Self::Russian,
            _ => Self::English,
        }
    }
}
