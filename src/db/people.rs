//! Repository of users and chats, refreshed with every message so that profiles stay current.

use chrono::{DateTime, Utc};

use super::dialogs::{Dialog, OpenDialog};
use super::{Db, DbError, Tx, preferences};
use crate::domain::ids::{ChatId, OwnerId, ThreadId, TopicId, UpdateId, UserId};
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
    pub dialog: Option<OpenDialog>,
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
    /// Whose conversation it is there.
    pub owner: OwnerId,
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
    Contact { person, chat, topic, owner, starter }: Contact<'_>,
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
        owner.0,
    )
    .fetch_one(database)
    .await
    .map_err(DbError::at("people::meet"))?;
    let known = KnownUser {
        is_new: row.is_new,
        preferences: preferences::read(
            (row.model_id, row.effort, row.turn_limit),
            (row.shows_cost, row.shows_thinking, row.announcements),
            row.personality,
        ),
        language: Language::from_tag(row.language.as_deref()),
        dialog: row.dialog.as_deref().and_then(|name| name.parse::<Dialog>().ok()).map(|dialog| OpenDialog {
            dialog,
            opened_by: UpdateId(row.dialog_opened_by.unwrap_or_default()),
        }),
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

/// Returns whether a user is known.
pub(crate) async fn exists(tx: &mut Tx<'_>, user: UserId) -> Result<bool, DbError> {
    sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM users WHERE id = $1) AS "known!""#, user.0)
        .fetch_one(&mut **tx)
        .await
        .map_err(DbError::at("people::exists"))
}

/// Finds users by id or by the name that they were last seen with. Returns each with the position of what was
/// wanted; a name may belong to several.
pub(crate) async fn find_all(
    tx: &mut Tx<'_>,
    wanted: &[(Option<UserId>, Option<String>)],
) -> Result<Vec<(usize, UserId)>, DbError> {
    let (ids, names): (Vec<Option<i64>>, Vec<Option<String>>) =
        wanted.iter().map(|(id, name)| (id.map(|id| id.0), name.clone())).unzip();
    let rows = sqlx::query!(
        r#"WITH wanted AS (
             SELECT * FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS wanted (id, name, position)
           )
           SELECT position AS "position!", users.id AS "user!" FROM wanted JOIN users ON users.id = wanted.id
           UNION ALL
           SELECT position, users.id FROM wanted JOIN users ON lower(users.username) = lower(wanted.name)"#,
        &ids as _,
        &names as _,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("people::find_all"))?;
    let position = |number: i64| usize::try_from(number - 1).unwrap_or(usize::MAX);
    Ok(rows.into_iter().map(|row| (position(row.position), UserId(row.user))).collect())
}

/// Records whether a user takes announcements.
pub(crate) async fn set_announcements(tx: &mut Tx<'_>, user: UserId, takes: bool) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET announcements = $2 WHERE id = $1 AND announcements <> $2", user.0, takes)
        .execute(&mut **tx)
        .await
        .map_err(DbError::at("people::set_announcements"))?;
    Ok(())
}

/// Records Telegram's report that since `date` the bot is no longer in a group, or is in it again. Ignores
/// older reports and unknown chats.
pub(crate) async fn set_removed(
    tx: &mut Tx<'_>,
    chat: ChatId,
    removed: bool,
    date: DateTime<Utc>,
) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE chats SET removed_at = CASE WHEN $2 THEN now() END, membership_at = $3
         WHERE id = $1 AND (membership_at IS NULL OR membership_at <= $3)",
        chat.0,
        removed,
        date,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("people::set_removed"))?;
    Ok(())
}

/// Marks a group that refuses our messages as one that the bot was removed from, until somebody writes there.
pub(crate) async fn found_removed(db: &Db, chat: ChatId) -> Result<(), DbError> {
    sqlx::query!("UPDATE chats SET removed_at = coalesce(removed_at, now()) WHERE id = $1", chat.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("people::found_removed"))?;
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
