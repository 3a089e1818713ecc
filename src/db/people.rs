//! Repository of users and chats, written with every message so that profiles stay fresh.

use chrono::{DateTime, Utc};

use super::dialogs::Dialog;
use super::{Db, DbError, Tx};
use crate::domain::ids::{TopicId, UserId};
use crate::domain::model::ModelId;
use crate::domain::people::{Chat, Language, Person};

/// What the bot remembers of a user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Whether this is the first time that the user is seen.
    pub is_new: bool,
    /// Whether anything was ever booked for the user.
    pub has_books: bool,
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

/// Creates or refreshes a user and a chat; safe against any number of simultaneous first messages. Who writes has not
/// blocked the bot.
pub async fn meet(
    tx: &mut Tx<'_>,
    person: &Person,
    chat: &Chat,
    topic: Option<TopicId>,
) -> Result<Known, DbError> {
    let row = sqlx::query!(
        r#"WITH place AS (
             INSERT INTO chats (id, kind, title, username, is_forum) VALUES ($8, $9, $10, $11, $12)
             ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, title = excluded.title,
               username = excluded.username, is_forum = excluded.is_forum
             WHERE (chats.kind, chats.title, chats.username, chats.is_forum)
               IS DISTINCT FROM (excluded.kind, excluded.title, excluded.username, excluded.is_forum)
             RETURNING version
           )
           INSERT INTO users (id, first_name, last_name, username, language_code, is_bot, is_premium)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (id) DO UPDATE SET first_name = excluded.first_name, last_name = excluded.last_name,
             username = excluded.username,
             language_code = coalesce(excluded.language_code, users.language_code), is_bot = excluded.is_bot,
             is_premium = excluded.is_premium, last_seen_at = now(), blocked_at = NULL
           RETURNING (xmax = 0) AS "is_new!", last_operation IS NOT NULL AS "has_books!", model_id, language_code,
             (SELECT kind FROM dialogs WHERE dialogs.chat_id = $8 AND dialogs.user_id = $1
                AND dialogs.topic_id IS NOT DISTINCT FROM $13 AND dialogs.expires_at > now()) AS dialog, version,
             coalesce((SELECT version FROM place), (SELECT version FROM chats WHERE id = $8), 0) AS "chat_version!""#,
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
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("people::meet"))?;
    Ok(Known {
        is_new: row.is_new,
        has_books: row.has_books,
        model: row.model_id.map(ModelId),
        language: Language::from_tag(row.language_code.as_deref()),
        dialog: row.dialog.as_deref().and_then(Dialog::from_name),
        version: row.version,
        chat_version: row.chat_version,
    })
}

/// The users who were last seen with a name (without the `@`); names move between accounts, so there may be several.
pub async fn named(tx: &mut Tx<'_>, username: &str) -> Result<Vec<UserId>, DbError> {
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
pub async fn set_blocked(
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
pub async fn found_blocked(db: &Db, user: UserId) -> Result<(), DbError> {
    sqlx::query!("UPDATE users SET blocked_at = coalesce(blocked_at, now()) WHERE id = $1", user.0)
        .execute(db.pool())
        .await
        .map_err(DbError::at("people::found_blocked"))?;
    Ok(())
}

/// The language of a user's app as it was last told; none for somebody who was never seen.
pub async fn language(tx: &mut Tx<'_>, user: UserId) -> Result<Option<Language>, DbError> {
    let row = sqlx::query!("SELECT language_code FROM users WHERE id = $1", user.0)
        .fetch_optional(&mut **tx)
        .await
        .map_err(DbError::at("people::language"))?;
    Ok(row.map(|row| Language::from_tag(row.language_code.as_deref())))
}
