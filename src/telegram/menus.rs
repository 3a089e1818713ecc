//! Telegram's menus of commands: one for private chats, one for groups and one for the administrators of groups, in all
//! languages, which belong to nobody in particular and are set if Telegram has others; and those of single private
//! chats, for whoever chose a language and for the bot's administrators (`personal_menus.rs`).

use std::time::Duration;

use strum::VariantArray;

use super::commands::MenuReader;
use super::text::commands;
use crate::bot_api::methods::{BotCommand, CommandScope, DeleteMyCommands, GetMyCommands, SetMyCommands};
use crate::bot_api::{Api, ApiError};
use crate::domain::backoff::Backoff;
use crate::domain::digest::{ContentDigest, DigestBuilder};
use crate::domain::ids::{ChatId, UserId};
use crate::domain::people::Language;

/// The most attempts to set one menu that belongs to nobody in particular.
const TRIES: u32 = 5;
/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Brings the menus that belong to nobody in particular up to date. A failure is logged and repaired by the next
/// start.
pub(crate) async fn publish(api: &Api) {
    for (scope, reader) in [
        (CommandScope::Default, MenuReader::Person),
        (CommandScope::AllGroupChats, MenuReader::Member),
        (CommandScope::AllChatAdministrators, MenuReader::GroupAdministrator),
    ] {
        if let Err(error) = in_all_languages(api, scope, reader).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the menu of commands is not set");
        }
    }
}

/// The menu of one private chat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct PersonalMenu {
    /// Whether it has the commands of administrators.
    pub of_administrator: bool,
    /// The commands for each language of apps; the one without a code is for all other languages.
    lists: Vec<(Option<&'static str>, Vec<BotCommand>)>,
}

impl PersonalMenu {
    /// Returns the menu of whoever chose this language or is an administrator of the bot; `None` if the menu that
    /// belongs to nobody in particular is right.
    pub(crate) fn of(chose: Option<Language>, is_administrator: bool) -> Option<Self> {
        let lists = match chose {
            _ if is_administrator => {
                let list = |&app: &Language| {
                    (code(app), commands::menu(chose.unwrap_or(app), MenuReader::Administrator))
                };
                Language::VARIANTS.iter().map(list).collect()
            }
            Some(language) => vec![(None, commands::menu(language, MenuReader::Person))],
            None => return None,
        };
        Some(Self { of_administrator: is_administrator, lists })
    }

    /// Returns the digest of all its commands with their descriptions.
    pub(crate) fn digest(&self) -> ContentDigest {
        let mut digest = DigestBuilder::default();
        let mut add = |part: &str| {
            digest.add(part.as_bytes());
            // Occurs in no part.
            digest.add(&[0]);
        };
        for (code, commands) in &self.lists {
            add(code.unwrap_or_default());
            for command in commands {
                add(&command.command);
                add(&command.description);
            }
        }
        digest.finish()
    }
}

/// Sets the menu of a person's private chat, or removes it. `had_all` says that Telegram may have one for each language
/// of apps there. Telegram does not know that chat before the person has written to the bot.
///
/// # Errors
/// Returns the first error. Repeating the call is harmless.
pub(crate) async fn set_personal(
    api: &Api,
    user: UserId,
    menu: Option<&PersonalMenu>,
    had_all: bool,
) -> Result<(), ApiError> {
    let scope = CommandScope::Chat { chat_id: ChatId(user.0) };
    for &app in Language::VARIANTS {
        let language_code = code(app);
        let list = menu.and_then(|menu| menu.lists.iter().find(|(code, _)| *code == language_code));
        if let Some((_, commands)) = list {
            api.call(&SetMyCommands { commands, scope, language_code }).await?;
        } else if had_all || language_code.is_none() {
            api.call(&DeleteMyCommands { scope, language_code }).await?;
        }
    }
    Ok(())
}

/// Returns the code of an app's language. The default language is also that of all languages without texts.
fn code(app: Language) -> Option<&'static str> {
    (app != Language::default()).then(|| app.code())
}

/// Sets the menus of all languages of apps.
async fn in_all_languages(api: &Api, scope: CommandScope, reader: MenuReader) -> Result<(), ApiError> {
    for &app in Language::VARIANTS {
        set(api, scope, code(app), &commands::menu(app, reader)).await?;
    }
    Ok(())
}

async fn set(
    api: &Api,
    scope: CommandScope,
    language_code: Option<&'static str>,
    commands: &[BotCommand],
) -> Result<(), ApiError> {
    let (get, set) =
        (GetMyCommands { scope, language_code }, SetMyCommands { commands, scope, language_code });
    let mut attempts = Attempts::new();
    loop {
        let error = match api.call(&get).await {
            Ok(menu) if menu == commands => return Ok(()),
            Ok(_) => match api.call(&set).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            },
            Err(error) => error,
        };
        attempts.pause_after(error).await?;
    }
}

/// The attempts to set one menu.
#[derive(Debug)]
struct Attempts {
    failed: u32,
    pauses: Backoff,
}

impl Attempts {
    fn new() -> Self {
        Self { failed: 0, pauses: Backoff::new(PAUSES.0, PAUSES.1) }
    }

    /// Waits before the next attempt. Returns the error if it will not pass, or after [`TRIES`].
    async fn pause_after(&mut self, error: ApiError) -> Result<(), ApiError> {
        self.failed += 1;
        if !error.is_passing() || self.failed == TRIES {
            return Err(error);
        }
        let pause = if let ApiError::Flood(wait) = error { wait } else { self.pauses.next() };
        tokio::time::sleep(pause).await;
        Ok(())
    }
}
