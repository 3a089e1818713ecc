//! Repository of the import: writes pages of rows that came from the predecessor. Each statement may run again
//! with the same rows and then changes nothing.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

use super::predecessor::Place;
use super::{Db, DbError, Tx};
use crate::domain::ids::UserId;
use crate::domain::money::Usd;
use crate::domain::people::Person;

/// Begins a transaction that may last as long as the predecessor's database takes to answer.
pub(crate) async fn begin(db: &Db) -> Result<Tx<'static>, DbError> {
    let mut tx = db.begin().await?;
    let limits = "SET LOCAL statement_timeout = '600s'; SET LOCAL idle_in_transaction_session_timeout = 0";
    sqlx::raw_sql(limits).execute(&mut *tx).await.map_err(DbError::at("imports::begin"))?;
    Ok(tx)
}

/// A person to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct NewPerson {
    #[serde(flatten)]
    pub person: Person,
    pub model_id: Option<String>,
    pub personality: Option<String>,
    pub first_seen_at: DateTime<Utc>,
    pub last_seen_at: DateTime<Utc>,
}

/// Creates the people who are unknown, without a balance, and returns their ids. The caller books a first
/// operation for each.
pub(crate) async fn create_people(tx: &mut Tx<'_>, people: &[NewPerson]) -> Result<BTreeSet<i64>, DbError> {
    let ids = sqlx::query_scalar!(
        "INSERT INTO users (id, first_name, last_name, username, language_code, is_bot, is_premium, model_id,
                            personality, first_seen_at, last_seen_at)
         SELECT id, first_name, last_name, username, language_code, is_bot, is_premium, model_id, personality,
                first_seen_at, last_seen_at
         FROM jsonb_to_recordset($1)
           AS new (id bigint, first_name text, last_name text, username text, language_code text, is_bot boolean,
                   is_premium boolean, model_id text, personality text, first_seen_at timestamptz,
                   last_seen_at timestamptz)
         ON CONFLICT (id) DO NOTHING RETURNING id",
        Json(people) as _,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("imports::create_people"))?;
    Ok(ids.into_iter().collect())
}

/// Returns the imported balances among some operations, by their keys.
pub(crate) async fn openings(tx: &mut Tx<'_>, keys: &[String]) -> Result<Vec<(UserId, Usd)>, DbError> {
    let rows = sqlx::query!("SELECT user_id, amount FROM balance_operations WHERE key = ANY($1)", keys)
        .fetch_all(&mut **tx)
        .await
        .map_err(DbError::at("imports::openings"))?;
    Ok(rows.into_iter().map(|row| (UserId(row.user_id), Usd(row.amount))).collect())
}

/// Returns what was credited for some charges of Telegram: charge, person, amount.
pub(crate) async fn credits(
    tx: &mut Tx<'_>,
    charges: &[String],
) -> Result<Vec<(String, UserId, Usd)>, DbError> {
    let rows =
        sqlx::query!("SELECT charge_id, user_id, credit FROM payments WHERE charge_id = ANY($1)", charges)
            .fetch_all(&mut **tx)
            .await
            .map_err(DbError::at("imports::credits"))?;
    Ok(rows.into_iter().map(|row| (row.charge_id, UserId(row.user_id), Usd(row.credit))).collect())
}

/// A chat to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct NewChat {
    pub id: i64,
    pub kind: &'static str,
    pub title: Option<String>,
    pub username: Option<String>,
    pub is_forum: bool,
}

/// Creates the chats that are unknown and returns their number.
pub(crate) async fn create_chats(tx: &mut Tx<'_>, chats: &[NewChat]) -> Result<u64, DbError> {
    sqlx::query!(
        "INSERT INTO chats (id, kind, title, username, is_forum)
         SELECT id, kind, title, username, is_forum
         FROM jsonb_to_recordset($1) AS new (id bigint, kind text, title text, username text, is_forum boolean)
         ON CONFLICT (id) DO NOTHING",
        Json(chats) as _,
    )
    .execute(&mut **tx)
    .await
    .map(|done| done.rows_affected())
    .map_err(DbError::at("imports::create_chats"))
}

/// The key of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub(crate) struct ConversationKey {
    #[serde(rename = "chat_id")]
    pub chat: i64,
    #[serde(rename = "user_id")]
    pub user: i64,
    #[serde(rename = "topic_id")]
    pub topic: Option<i32>,
}

/// What became of a conversation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConversationFate {
    /// It was created.
    Created,
    /// It existed.
    Known,
    /// Its person or its chat is unknown.
    Orphan,
}

/// Creates the conversations that are unknown; returns what became of each.
pub(crate) async fn create_conversations(
    tx: &mut Tx<'_>,
    keys: &[ConversationKey],
) -> Result<Vec<ConversationFate>, DbError> {
    let rows = sqlx::query!(
        r#"WITH wanted AS (
             SELECT * FROM ROWS FROM (jsonb_to_recordset($1) AS (chat_id bigint, user_id bigint, topic_id integer))
               WITH ORDINALITY AS wanted (chat_id, user_id, topic_id, place)
           ), made AS (
             INSERT INTO threads (chat_id, user_id, topic_id)
             SELECT chat_id, user_id, topic_id FROM wanted
             WHERE EXISTS (SELECT 1 FROM users WHERE users.id = user_id)
               AND EXISTS (SELECT 1 FROM chats WHERE chats.id = chat_id)
             ORDER BY place
             ON CONFLICT (chat_id, user_id, topic_id) DO NOTHING RETURNING chat_id, user_id, topic_id
           )
           SELECT made.chat_id IS NOT NULL AS "made!", EXISTS (
             SELECT 1 FROM threads WHERE threads.chat_id = wanted.chat_id AND threads.user_id = wanted.user_id
               AND threads.topic_id IS NOT DISTINCT FROM wanted.topic_id) AS "known!"
           FROM wanted LEFT JOIN made ON made.chat_id = wanted.chat_id AND made.user_id = wanted.user_id
             AND made.topic_id IS NOT DISTINCT FROM wanted.topic_id
           ORDER BY wanted.place"#,
        Json(keys) as _,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("imports::create_conversations"))?;
    let fate = |made, known| match (made, known) {
        (true, _) => ConversationFate::Created,
        (false, true) => ConversationFate::Known,
        (false, false) => ConversationFate::Orphan,
    };
    Ok(rows.into_iter().map(|row| fate(row.made, row.known)).collect())
}

/// Returns the place up to which messages were read, or the default before the first, and keeps other imports
/// out until the transaction ends.
pub(crate) async fn progress(tx: &mut Tx<'_>) -> Result<Place, DbError> {
    let row = sqlx::query!(
        "WITH first AS (INSERT INTO imports (sent_s, chat_id, message_id) VALUES (0, 0, 0) ON CONFLICT DO NOTHING)
         SELECT sent_s, chat_id, message_id FROM imports FOR UPDATE"
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("imports::progress"))?;
    let place = row.map(|row| Place { sent_s: row.sent_s, chat: row.chat_id, message: row.message_id });
    Ok(place.unwrap_or_default())
}

/// Stores the place up to which messages were read.
pub(crate) async fn advance(tx: &mut Tx<'_>, to: Place) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE imports SET sent_s = $1, chat_id = $2, message_id = $3",
        to.sent_s,
        to.chat,
        to.message
    )
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(DbError::at("imports::advance"))
}

/// A file to create.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct NewFile {
    pub chat_id: i64,
    pub message_id: i32,
    pub kind: &'static str,
    pub telegram_id: String,
    pub unique_id: String,
    pub name: String,
    pub mime: String,
    pub size: i64,
    pub provider_id: Option<String>,
    pub provider_expires_at: Option<DateTime<Utc>>,
}

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FileFate {
    /// It was created.
    Created,
    /// It existed.
    Known,
    /// Its message is not stored.
    NoMessage,
    /// Its message has another file.
    Second,
}

/// Creates the files that are unknown; returns what became of each.
pub(crate) async fn create_files(tx: &mut Tx<'_>, files: &[NewFile]) -> Result<Vec<FileFate>, DbError> {
    let rows = sqlx::query!(
        r#"WITH wanted AS (
             SELECT * FROM ROWS FROM (jsonb_to_recordset($1) AS (
                 chat_id bigint, message_id integer, kind text, telegram_id text, unique_id text, name text, mime text,
                 size bigint, provider_id text, provider_expires_at timestamptz))
               WITH ORDINALITY AS wanted (chat_id, message_id, kind, telegram_id, unique_id, name, mime, size,
                                          provider_id, provider_expires_at, place)
           ), made AS (
             INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, fetched,
                                provider_id, provider_expires_at, created_at)
             SELECT messages.thread_id, wanted.chat_id, wanted.message_id, kind, telegram_id, unique_id, name, mime,
                    size, CASE WHEN provider_id IS NOT NULL THEN TRUE END, provider_id, provider_expires_at,
                    messages.sent_at
             FROM wanted JOIN messages ON messages.chat_id = wanted.chat_id
               AND messages.message_id = wanted.message_id
             ORDER BY place
             ON CONFLICT (chat_id, message_id, replied) DO NOTHING RETURNING chat_id, message_id, telegram_id
           )
           SELECT EXISTS (
               SELECT 1 FROM messages WHERE messages.chat_id = wanted.chat_id
                 AND messages.message_id = wanted.message_id) AS "has_message!",
             coalesce(made.telegram_id = wanted.telegram_id, FALSE) AS "made!", EXISTS (
               SELECT 1 FROM files WHERE files.chat_id = wanted.chat_id AND files.message_id = wanted.message_id
                 AND files.telegram_id = wanted.telegram_id) AS "known!"
           FROM wanted LEFT JOIN made ON made.chat_id = wanted.chat_id AND made.message_id = wanted.message_id
           ORDER BY wanted.place"#,
        Json(files) as _,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("imports::create_files"))?;
    let fate = |has_message, made, known| match (has_message, made, known) {
        (false, ..) => FileFate::NoMessage,
        (true, true, _) => FileFate::Created,
        (true, false, true) => FileFate::Known,
        (true, false, false) => FileFate::Second,
    };
    Ok(rows.into_iter().map(|row| fate(row.has_message, row.made, row.known)).collect())
}
