//! Telegram's menus of commands: one for private chats, one for groups and one for the private chat of each
//! administrator, in all languages. A menu is set only if Telegram has another one.

use std::time::Duration;

use strum::VariantArray;

use super::commands::Asker;
use super::text::commands;
use crate::bot_api::methods::{CommandScope, GetMyCommands, SetMyCommands};
use crate::bot_api::{Api, ApiError};
use crate::domain::backoff::Backoff;
use crate::domain::ids::{ChatId, UserId};
use crate::domain::people::{ChatKind, Language};

/// The most attempts to set one menu.
const TRIES: u32 = 5;
/// The first and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Brings all menus up to date. A failure is logged and repaired by the next start.
pub(crate) async fn publish(api: Api, administrators: Vec<UserId>) {
    let everyone = Asker { is_administrator: false, chat: ChatKind::Private };
    let group = Asker { chat: ChatKind::Supergroup, ..everyone };
    for (scope, asker) in [(CommandScope::Default, everyone), (CommandScope::AllGroupChats, group)] {
        if let Err(error) = in_all_languages(&api, scope, asker).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the menu of commands is not set");
        }
    }
    for administrator in administrators {
        for_administrator(&api, administrator).await;
    }
}

/// Brings the menu in the private chat of an administrator up to date. Telegram does not know that chat before
/// the administrator has written to the bot.
pub(crate) async fn for_administrator(api: &Api, user: UserId) {
    let scope = CommandScope::Chat { chat_id: ChatId(user.0) };
    let asker = Asker { is_administrator: true, chat: ChatKind::Private };
    if let Err(error) = in_all_languages(api, scope, asker).await {
        let error = &error as &dyn std::error::Error;
        tracing::info!(user.id = user.0, error, "the menu of the administrator {user} is not set");
    }
}

async fn in_all_languages(api: &Api, scope: CommandScope, asker: Asker) -> Result<(), ApiError> {
    for &language in Language::VARIANTS {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut tries = 1;
        while let Err(error) = set(api, scope, asker, language).await {
            if !error.is_passing() || tries == TRIES {
                return Err(error);
            }
            tries += 1;
            let pause = if let ApiError::Flood(wait) = error { wait } else { backoff.next() };
            tokio::time::sleep(pause).await;
        }
    }
    Ok(())
}

async fn set(api: &Api, scope: CommandScope, asker: Asker, language: Language) -> Result<(), ApiError> {
    // The default language is also that of all languages without texts.
    let language_code = (language != Language::default()).then(|| language.code());
    let commands = commands::menu(language, asker);
    if api.call(&GetMyCommands { scope, language_code }).await? == commands {
        return Ok(());
    }
    api.call(&SetMyCommands { commands: &commands, scope, language_code }).await?;
    Ok(())
}
