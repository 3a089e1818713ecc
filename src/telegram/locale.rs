//! The language in which the bot speaks to a person: the one that they chose with `/language`, else that of their
//! app. Turns and receipts take it from the rows that they read anyway (`KnownUser`, `User`, `LeftOpen`).

use std::time::Duration;

use super::context::BotContext;
use crate::db::{DbError, people};
use crate::domain::ids::UserId;
use crate::domain::people::{Language, Person};

/// How long an answer to a tap or a payment waits for the database.
const PATIENCE: Duration = Duration::from_secs(1);

/// Returns the language of a person.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn of(context: &BotContext, person: &Person) -> Result<Language, DbError> {
    Ok(chosen(context, person.id).await?.unwrap_or_else(|| of_app(person)))
}

/// Returns the language that a person chose, or `None` without a choice.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn chosen(context: &BotContext, user: UserId) -> Result<Option<Language>, DbError> {
    context.db.persist(|| people::chosen_language(&context.db, user)).await
}

/// Returns the language of a person for a sentence that cannot wait: if the database does not answer within
/// [`PATIENCE`], that of their app.
pub(crate) async fn soon(context: &BotContext, person: &Person) -> Language {
    let chosen = people::chosen_language(&context.db, person.id);
    let chosen = tokio::time::timeout(PATIENCE, chosen).await;
    chosen.ok().and_then(Result::ok).flatten().unwrap_or_else(|| of_app(person))
}

/// Returns the language of a person's app.
pub(crate) fn of_app(person: &Person) -> Language {
    Language::from_tag(person.language_code.as_deref())
}
