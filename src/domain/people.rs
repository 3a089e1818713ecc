//! Persons and chats, as Telegram describes them in every message.

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::domain::ids::{ChatId, UserId};

/// A person's profile at the moment of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Telegram's user id.
    pub id: UserId,
    /// The first name; never empty in Telegram's data.
    pub first_name: String,
    /// The optional last name.
    pub last_name: Option<String>,
    /// The username without the `@`. Not unique over time: names move between accounts.
    pub username: Option<String>,
    /// The IETF language tag of the person's app, such as `ru` or `pt-br`.
    pub language_code: Option<String>,
    /// Whether the account is a bot (anonymous admins and channels write as bots).
    pub is_bot: bool,
    /// Whether the account has Telegram Premium.
    pub is_premium: bool,
}

impl Person {
    /// Returns the name that the history shows for this person: `@username`, or else first and last name.
    pub fn display_name(&self) -> String {
        match (&self.username, &self.last_name) {
            (Some(username), _) => format!("@{username}"),
            (None, Some(last)) => format!("{} {last}", self.first_name),
            (None, None) => self.first_name.clone(),
        }
    }
}

/// The longest name in a prompt, in code points.
const NAME_CHARS: usize = 64;

/// Returns the name of a person or a chat for use in prompts. People choose these names, so a name must not
/// look like anything else there: it becomes one line of at most 64 code points without Markdown, colons,
/// square brackets or invisible characters. If nothing is left, it is `unnamed`.
pub fn plain_name(name: &str) -> String {
    let mut plain = String::new();
    let mut before = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let after = rest.peek().copied();
        match c {
            '[' | '{' | '［' | '｛' | '【' | '〔' | '⟦' => plain.push('('),
            ']' | '}' | '］' | '｝' | '】' | '〕' | '⟧' => plain.push(')'),
            // Usernames may contain them.
            '_' if [before, after].iter().all(|c| c.is_some_and(char::is_alphanumeric)) => plain.push('_'),
            '*' | '_' | '`' | '~' | '#' | '<' | '>' | '|' | '\\' => {}
            c if is_invisible(c) => {}
            ':' | '：' => plain.push(' '),
            c if c.is_whitespace() || c.is_control() => plain.push(' '),
            c => plain.push(c),
        }
        before = Some(c);
    }
    let mut plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = plain.char_indices().nth(NAME_CHARS - 1)
        && plain.chars().nth(NAME_CHARS).is_some()
    {
        plain.truncate(end);
        plain.truncate(plain.trim_end_matches(['_', ' ']).len());
        plain.push('…');
    }
    if plain.is_empty() { "unnamed".to_owned() } else { plain }
}

/// Returns whether a character takes no space or changes the direction of others.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// Telegram's kinds of chat.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "lowercase")]
pub enum ChatKind {
    /// A private chat of one person with the bot.
    Private,
    /// A small group; becomes a supergroup when it grows, with another id.
    Group,
    /// A large group, possibly with topics.
    Supergroup,
    /// A channel.
    Channel,
}

impl ChatKind {
    /// Returns the name in Telegram's data, columns and labels.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A chat's description at the moment of a message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chat {
    /// Telegram's chat id.
    pub id: ChatId,
    /// The kind of chat.
    pub kind: ChatKind,
    /// The title of a group or channel.
    pub title: Option<String>,
    /// The public username without the `@`.
    pub username: Option<String>,
    /// Whether the chat is divided into topics.
    pub is_forum: bool,
}

/// A language of the bot's own sentences.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, strum::VariantArray)]
pub enum Language {
    /// English, the default for languages without texts.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
    /// Russian.
    Russian,
}

impl Language {
    /// Returns the two-letter code (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Russian => "ru",
        }
    }

    /// Returns the name of the language in itself.
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::Spanish => "Español",
            Self::Russian => "Русский",
        }
    }

    /// Returns the language with this code.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::VARIANTS.iter().copied().find(|language| language.code() == code)
    }

    /// Selects a language by the language tag of the person's app. A tag without texts is shortened from its
    /// end (`de-AT-1996`, `de-AT`, `de`), in upper or lower case; in the end it is English.
    pub fn from_tag(tag: Option<&str>) -> Self {
        let tag = tag.unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        let mut rest = tag.as_str();
        loop {
            let known = match rest {
                // Where many people read Russian.
                "be" | "kk" | "uk" => Some(Self::Russian),
                code => Self::of_code(code),
            };
            match (known, rest.rsplit_once('-')) {
                (Some(language), _) => return language,
                (None, Some((shorter, _))) => rest = shorter,
                (None, None) => return Self::default(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
