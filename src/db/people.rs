//! Repository of users and chats, refreshed with every message so that profiles stay current.

use chrono::{DateTime, Utc};

use super::dialogs::Dialog;
use super::{Db, DbError, Tx, preferences};
use crate::domain::ids::{ThreadId, TopicId, UserId};
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Language, Person};
use crate::domain::preferences::Preferences;

/// What the database knows of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownUser {
    /// Whether the user was created by this call.
    pub is_new: bool,
    /// What the user has chosen.
    pub preferences: Preferences,
    /// The language that the user chose, else that of the user's app.
    pub language: Language,
    /// The open dialog of this thread.
    pub dialog: Option<Dialog>,
    /// Version of the user's row.
    pub version: i64,
    /// Version of the chat's row.
    pub chat_version: i64,
}

/// The sender of a message and its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Contact<'a> {
    /// The sender.
    pub person: &'a Person,
    /// The chat of the message.
    pub chat: &'a Chat,
    /// The topic of the message, if any.
    pub topic: Option<TopicId>,
    /// The starter grant of a new user, in US dollars.
    pub starter: Usd,
}

/// A user together with the current thread.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserInThread {
    /// The user.
    pub known: KnownUser,
    /// The row of the thread.
    pub thread: ThreadId,
    /// Whether the thread was created by this call.
    pub is_new_thread: bool,
}

/// Creates or refreshes a user and a chat, and books the starter grant of a new user. Safe under concurrent
/// first messages. Also clears the user's "blocked" mark.
pub(crate) async fn meet(tx: &mut Tx<'_>, visit: Contact<'_>) -> Result<KnownUser, DbError> {
    Ok(write(&mut **tx, visit, false).await?.known)
}

/// Creates or refreshes a user, chat and thread in one statement.
pub(crate) async fn enter(db: &Db, visit: Contact<'_>) -> Result<UserInThread, DbError> {
    let UpsertedUser { known, thread } = write(db.pool(), visit, true).await?;
    let (thread, is_new_thread) = thread.ok_or_else(|| DbError::MissingRow { at: "people::enter" })?;
    Ok(UserInThread { known, thread, is_new_thread })
}

struct UpsertedUser {
    known: KnownUser,
    thread: Option<(ThreadId, bool)>,
}

async fn write(
    database: impl sqlx::PgExecutor<'_>,
    Contact { person, chat, topic, starter }: Contact<'_>,
    enters: bool,
) -> Result<UpsertedUser, DbError> {
    let row = sqlx::query_file!(
        "src/db/people_meet.sql",
        person.id.0,
        person.first_name,
        person.last_name,
        person.username,
        person.language_code,
        person.is_bot,
        person.is_premium,
        chat.id.0,
        chat.kind.name(),
        chat.title,
        chat.username,
        chat.is_forum,
        topic.map(|topic| topic.0),
        starter.0,
        enters,
    )
    .fetch_one(database)
    .await
    .map_err(DbError::at("people::meet"))?;
    let known = KnownUser {
        is_new: row.is_new,
        preferences: preferences::read(
            (row.model_id, row.effort, row.turn_limit),
            (row.shows_cost, row.shows_thinking),
            row.personality,
        ),
        language: Language::from_tag(row.language.as_deref()),
        dialog: row.dialog.as_deref().and_then(|name| name.parse::<Dialog>().ok()),
        version: row.version,
        chat_version: row.chat_version,
    };
    Ok(UpsertedUser { known, thread: row.thread.map(|id| (ThreadId(id), row.is_new_thread)) })
}

/// Returns the users last seen with a name (without the `@`). Names move between accounts, so there may be
/// several.
pub(crate) async fn named(tx: &mut Tx<'_>, username: &str) -> Result<Vec<UserId>, DbError> {
    sqlx::query_scalar!(
        "SELECT id FROM users WHERE lower(username) = lower($1) ORDER BY id LIMIT 10",
        username
    )
    .fetch_all(&mut **tx)
    .await
    .map(|ids| ids.into_iter().map(UserId).collect())
    .map_err(DbError::at("people::named"))
}

/// Records that a user blocked or unblocked the bot at `date`. Ignores older reports and unknown users.
pub(crate) async fn set_blocked(
    tx: &mut Tx<'_>,
    user: UserId,
    blocked: bool,
    date: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE users SET blocked_at = CASE WHEN $2 THEN $3::timestamptz END, membership_at = $3
         WHERE id = $1 AND (membership_at IS NULL OR membership_at <= $3)",
        user.0,
        blocked,
        date,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("people::set_blocked"))?;
    Ok(())
}

/// Marks a user who refuses our messages as having blocked the bot, until the user writes again.
pub(crate) async fn found_blocked(db: &Db, user: UserId) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET blocked_at = coalesce(blocked_at, now()) WHERE id = $1", user.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("people::found_blocked"))?;
    Ok(())
}

/// Returns the language of a user: the chosen one, else that of the app as last reported, or `None` if the user
/// is unknown.
pub(crate) async fn language(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Language>, DbError> {
    let tag =
        sqlx::query_scalar!("SELECT coalesce(language, language_code) FROM users WHERE id = $1", user.0)
            .fetch_optional(&mut **tx)
            .await
            .map_err(DbError::at("people::language"))?;
    Ok(tag.map(|tag| Language::from_tag(tag.as_deref())))
}

/// Returns the language that a user chose, or `None` without a choice.
pub(crate) async fn chosen_language(db: &Db, user: UserId) -> Result<Option<Language>, DbError> {
    choice(db.pool(), user).await
}

/// Returns the language that a user chose, in a transaction.
pub(crate) async fn chosen_language_in(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Language>, DbError> {
    choice(&mut **tx, user).await
}

async fn choice(database: impl sqlx::PgExecutor<'_>, user: UserId) -> Result<Option<Language>, DbError> {
    let code = sqlx::query_scalar!("SELECT language FROM users WHERE id = $1", user.0)
        .fetch_optional(database)
        .await
        .map_err(DbError::at("people::chosen_language"))?;
    Ok(code.flatten().and_then(|code| Language::of_code(&code)))
}

/// Sets the language of a user; `None` for that of the user's app. Returns the new version of the row.
pub(crate) async fn set_language(
    tx: &mut Tx<'_>,
    user: UserId,
    language: Option<Language>,
) -> Result<i64, DbError> {
    let code = language.map(Language::code);
    sqlx::query_scalar!("UPDATE users SET language = $2 WHERE id = $1 RETURNING version", user.0, code)
        .fetch_one(&mut **tx)
        .await
        .map_err(DbError::at("people::set_language"))
}

/// Records the campaign that brought a user. The first one counts.
pub(crate) async fn set_campaign(tx: &mut Tx<'_>, user: UserId, campaign: &str) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET campaign = $2 WHERE id = $1 AND campaign IS NULL", user.0, campaign)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("people::set_campaign"))?;
    Ok(())
}
