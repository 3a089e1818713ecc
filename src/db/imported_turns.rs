//! Repository of imported conversations: their last turns, and the messages that continue them.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

use super::imports::ConversationKey;
use super::{DbError, Tx};

/// What an imported turn has in `turns.detail`.
const IMPORTED: &str = "imported";

/// A turn to create or to continue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct ImportedTurn {
    pub id: i64,
    pub thread_id: i64,
    /// The number of the newest question.
    pub question_id: i32,
    pub model_id: String,
    pub is_answered: bool,
    pub opened_at: DateTime<Utc>,
    pub closed_at: DateTime<Utc>,
    /// The number of its questions.
    #[serde(skip)]
    pub questions: i64,
}

/// A conversation and how far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Continued {
    /// Its key.
    pub key: ConversationKey,
    /// Its row.
    pub thread: i64,
    /// Its last turn, if that was imported.
    pub last: Option<ImportedTurn>,
    /// Whether a turn was opened here: what is older does not belong behind it.
    pub has_moved_on: bool,
}

/// Finds conversations with their last turns.
pub(crate) async fn find(tx: &mut Tx<'_>, keys: &[ConversationKey]) -> Result<Vec<Continued>, DbError> {
    let rows = sqlx::query!(
        r#"SELECT threads.id, threads.chat_id, threads.user_id, threads.topic_id, last.id AS "turn?",
                  last.question_id AS "question_id?", last.model_id AS "model_id?",
                  last.state = 'answered' AS "is_answered?", last.opened_at AS "opened_at?", last.closed_at,
                  last.detail IS NOT DISTINCT FROM $2 AS "is_imported!",
                  (SELECT count(*) FROM messages WHERE messages.turn_id = last.id AND role = 'user') AS "questions!"
           FROM jsonb_to_recordset($1) AS wanted (chat_id bigint, user_id bigint, topic_id integer)
           JOIN threads ON threads.chat_id = wanted.chat_id AND threads.user_id = wanted.user_id
             AND threads.topic_id IS NOT DISTINCT FROM wanted.topic_id
           LEFT JOIN LATERAL (
             SELECT * FROM turns WHERE turns.thread_id = threads.id
             -- Not by the key itself, which a plan made for an empty table would walk.
             ORDER BY turns.id + 0 DESC LIMIT 1) AS last ON TRUE"#,
        Json(keys) as _,
        IMPORTED,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("imported_turns::find"))?;
    let found = rows.into_iter().map(|row| {
        let key = ConversationKey { chat: row.chat_id, user: row.user_id, topic: row.topic_id };
        let last = row.turn.filter(|_| row.is_imported).map(|id| ImportedTurn {
            id,
            thread_id: row.id,
            question_id: row.question_id.unwrap_or_default(),
            model_id: row.model_id.unwrap_or_default(),
            is_answered: row.is_answered.unwrap_or_default(),
            opened_at: row.opened_at.unwrap_or_default(),
            closed_at: row.closed_at.unwrap_or_default(),
            questions: row.questions,
        });
        Continued { key, thread: row.id, last, has_moved_on: row.turn.is_some() && !row.is_imported }
    });
    Ok(found.collect())
}

/// Returns which of some messages (chat and number) are stored.
pub(crate) async fn stored(
    tx: &mut Tx<'_>,
    messages: &[(i64, i32)],
) -> Result<BTreeSet<(i64, i32)>, DbError> {
    let (chats, numbers): (Vec<i64>, Vec<i32>) = messages.iter().copied().unzip();
    let rows = sqlx::query!(
        r#"SELECT messages.chat_id, messages.message_id AS "message_id!"
           FROM unnest($1::bigint[], $2::integer[]) AS wanted (chat_id, message_id)
           JOIN messages ON messages.chat_id = wanted.chat_id AND messages.message_id = wanted.message_id"#,
        &chats,
        &numbers,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("imported_turns::stored"))?;
    Ok(rows.into_iter().map(|row| (row.chat_id, row.message_id)).collect())
}

/// Returns ids for new turns, in ascending order.
pub(crate) async fn ids(tx: &mut Tx<'_>, count: usize) -> Result<Vec<i64>, DbError> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let mut ids = sqlx::query_scalar!(
        r#"SELECT nextval(pg_get_serial_sequence('turns', 'id')) AS "id!" FROM generate_series(1, $1::bigint)"#,
        count,
    )
    .fetch_all(&mut **tx)
    .await
    .map_err(DbError::at("imported_turns::ids"))?;
    ids.sort_unstable();
    Ok(ids)
}

/// A message of an imported turn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(crate) struct ImportedMessage {
    pub thread_id: i64,
    pub turn_id: i64,
    pub chat_id: i64,
    /// `None` for an answer.
    pub message_id: Option<i32>,
    pub role: &'static str,
    pub text: String,
    pub sender: Option<String>,
    pub reply_to: Option<i32>,
    pub reply_sender: Option<String>,
    pub reply_snippet: Option<String>,
    pub quote: Option<String>,
    pub forwarded_from: Option<String>,
    pub edits: i32,
    pub original_text: Option<String>,
    pub sent_at: DateTime<Utc>,
}

/// Stores turns, or what has changed about them, and their messages in order. They count as created when they
/// were sent, so that they are kept no longer than others.
pub(crate) async fn store(
    tx: &mut Tx<'_>,
    turns: &[ImportedTurn],
    messages: &[ImportedMessage],
) -> Result<(), DbError> {
    sqlx::query!(
        "INSERT INTO turns (id, thread_id, question_id, model_id, state, detail, opened_at, closed_at, counted, in_flight)
         OVERRIDING SYSTEM VALUE
         SELECT id, thread_id, question_id, model_id, CASE WHEN is_answered THEN 'answered' ELSE 'interrupted' END, $2,
                opened_at, closed_at, TRUE, FALSE
         FROM jsonb_to_recordset($1)
           AS turn (id bigint, thread_id bigint, question_id integer, model_id text, is_answered boolean,
                    opened_at timestamptz, closed_at timestamptz)
         ORDER BY id
         ON CONFLICT (id) DO UPDATE SET question_id = excluded.question_id, model_id = excluded.model_id,
           state = excluded.state, closed_at = excluded.closed_at",
        Json(turns) as _,
        IMPORTED,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("imported_turns::store"))?;
    sqlx::query!(
        "WITH said AS (
           SELECT * FROM ROWS FROM (jsonb_to_recordset($1) AS (
               thread_id bigint, turn_id bigint, chat_id bigint, message_id integer, role text, text text, sender text,
               reply_to integer, reply_sender text, reply_snippet text, quote text, forwarded_from text, edits integer,
               original_text text, sent_at timestamptz))
             WITH ORDINALITY AS said (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to,
               reply_sender, reply_snippet, quote, forwarded_from, edits, original_text, sent_at, place)
         ), stored AS (
           INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to, reply_sender,
                                 reply_snippet, quote, forwarded_from, edits, original_text, sent_at, created_at)
           SELECT thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to, reply_sender, reply_snippet,
                  quote, forwarded_from, edits, original_text, sent_at, sent_at
           FROM said ORDER BY place RETURNING thread_id
         )
         UPDATE threads SET history_version = history_version + 1 WHERE id IN (SELECT thread_id FROM stored)",
        Json(messages) as _,
    )
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(DbError::at("imported_turns::store"))
}
