//! Repository of users and chats, written with every message so that profiles stay fresh.

use chrono::{DateTime, Utc};

use super::dialogs::Dialog;
use super::{Db, DbError, Tx};
use crate::domain::ids::{ThreadId, TopicId, UserId};
use crate::domain::model::ModelId;
use crate::domain::money::Usd;
use crate::domain::people::{Chat, Language, Person};

/// What the bot remembers of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownUser {
    /// Whether this is the first time that the user is seen.
    pub is_new: bool,
    /// The model that the user chose.
    pub model: Option<ModelId>,
    /// The language of the user's app, as far as it was ever told.
    pub language: Language,
    /// The question that waits for a text in this conversation.
    pub dialog: Option<Dialog>,
    /// How often the user's row had changed.
    pub version: i64,
    /// How often the chat's row had changed.
    pub chat_version: i64,
}

/// Somebody who writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Contact<'a> {
    /// Who.
    pub person: &'a Person,
    /// Where.
    pub chat: &'a Chat,
    /// The topic there.
    pub topic: Option<TopicId>,
    /// What the books of somebody new are opened with.
    pub starter: Usd,
}

/// A person in a conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserInThread {
    /// What is known of the person.
    pub known: KnownUser,
    /// The conversation's row.
    pub thread: ThreadId,
    /// Whether the conversation begins now.
    pub is_new_thread: bool,
}

/// Creates or refreshes a user and a chat, and opens the user's books: the first operation of each is the starter
/// balance. Safe against any number of simultaneous first messages. Who writes has not blocked the bot.
pub(crate) async fn meet(tx: &mut Tx<'_>, visit: Contact<'_>) -> Result<KnownUser, DbError> {
    Ok(write(&mut **tx, visit, false).await?.known)
}

/// The same together with the conversation, in one statement.
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
        model: row.model_id.map(ModelId),
        language: Language::from_tag(row.language_code.as_deref()),
        dialog: row.dialog.as_deref().and_then(|name| name.parse::<Dialog>().ok()),
        version: row.version,
        chat_version: row.chat_version,
    };
    Ok(UpsertedUser { known, thread: row.thread.map(|id| (ThreadId(id), row.is_new_thread)) })
}

/// The users who were last seen with a name (without the `@`); names move between accounts, so there may be several.
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

/// Takes over that a user has blocked the bot or takes messages again, as Telegram tells it; `date` is when that
/// changed. News that are older than what was taken over before change nothing, nor do those of an unknown user.
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

/// Marks a user who refuses our messages as one who has blocked the bot, until the user writes again.
pub(crate) async fn found_blocked(db: &Db, user: UserId) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET blocked_at = coalesce(blocked_at, now()) WHERE id = $1", user.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("people::found_blocked"))?;
    Ok(())
}

/// The language of a user's app as it was last told; none for somebody who was never seen.
pub(crate) async fn language(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Language>, DbError> {
    let row = sqlx::query!("SELECT language_code FROM users WHERE id = $1", user.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("people::language"))?;
    Ok(row.map(|row| Language::from_tag(row.language_code.as_deref())))
}
