//! Telegram's menus of commands: one for private chats, one for groups and one for the private chat of each
//! administrator, in all languages, and one for the private chat of whoever chose a language. A menu is set only if
//! Telegram has another one.

use std::time::Duration;

use strum::VariantArray;

use super::commands::Asker;
use super::text::commands;
use crate::bot_api::methods::{CommandScope, DeleteMyCommands, GetMyCommands, SetMyCommands};
use crate::bot_api::{Api, ApiError};
use crate::domain::backoff::Backoff;
use crate::domain::ids::{ChatId, UserId};
use crate::domain::people::{ChatKind, Language};

/// The most attempts to set one menu.
const TRIES: u32 = 5;
/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Brings the menus that belong to nobody in particular up to date. A failure is logged and repaired by the next
/// start.
pub(crate) async fn publish(api: &Api) {
    let everyone = Asker { is_administrator: false, chat: ChatKind::Private };
    let group = Asker { chat: ChatKind::Supergroup, ..everyone };
    for (scope, asker) in [(CommandScope::Default, everyone), (CommandScope::AllGroupChats, group)] {
        if let Err(error) = in_all_languages(api, scope, asker, None).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the menu of commands is not set");
        }
    }
}

/// Brings the menu in the private chat of a person up to date: in the language that they `chose`, and with the
/// commands of administrators. Telegram does not know that chat before the person has written to the bot.
pub(crate) async fn of_person(api: &Api, user: UserId, chose: Option<Language>, is_administrator: bool) {
    let scope = CommandScope::Chat { chat_id: ChatId(user.0) };
    let asker = Asker { is_administrator, chat: ChatKind::Private };
    let done = match chose {
        _ if is_administrator => in_all_languages(api, scope, asker, chose).await,
        Some(language) => set(api, scope, asker, None, language).await,
        None => remove(api, scope).await,
    };
    if let Err(error) = done {
        let error = &error as &dyn std::error::Error;
        tracing::info!(user.id = user.0, error, "the menu of the user {user} is not set");
    }
}

/// Sets the menus of all languages of apps, with descriptions in that language or in the one that a person chose.
async fn in_all_languages(
    api: &Api,
    scope: CommandScope,
    asker: Asker,
    chose: Option<Language>,
) -> Result<(), ApiError> {
    for &app in Language::VARIANTS {
        // The default language is also that of all languages without texts.
        let code = (app != Language::default()).then(|| app.code());
        set(api, scope, asker, code, chose.unwrap_or(app)).await?;
    }
    Ok(())
}

async fn set(
    api: &Api,
    scope: CommandScope,
    asker: Asker,
    language_code: Option<&'static str>,
    language: Language,
) -> Result<(), ApiError> {
    let commands = commands::menu(language, asker);
    let (get, set) =
        (GetMyCommands { scope, language_code }, SetMyCommands { commands: &commands, scope, language_code });
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

async fn remove(api: &Api, scope: CommandScope) -> Result<(), ApiError> {
    let mut attempts = Attempts::new();
    while let Err(error) = api.call(&DeleteMyCommands { scope }).await {
        attempts.pause_after(error).await?;
    }
    Ok(())
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
