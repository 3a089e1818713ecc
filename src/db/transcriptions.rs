//! Repository of transcriptions: one row per recording or file. It holds the money while a worker asks the
//! service, and proves the charge afterwards. A request that was stopped has a row of its own, which proves its
//! charge. Rows are locked before threads and users.

mod forgetting;
mod stopped;
mod unheard;

use rust_decimal::Decimal;
use serde_json::Value;

pub(crate) use self::forgetting::{forget_words, release_abandoned};
pub(crate) use self::stopped::{StoppedRequest, forgive, stop};
pub(crate) use self::unheard::unheard;
use super::{Db, DbError, Tx};
use crate::domain::ids::{ThreadKey, UserId};
use crate::domain::money::Usd;
use crate::domain::speech::{RecordingId, TranscriptionId};
use crate::domain::turn::TurnPayer;

/// How long a worker owns a transcription without renewing that, in seconds.
const LEASE_S: f64 = 10.0;

/// A transcription as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct StoredTranscription {
    /// How far it is.
    pub state: TranscriptionState,
    /// The user who pays.
    pub user: UserId,
    /// What is reserved for it.
    pub held: Usd,
    /// What was said; `None` before it is known and after it has expired.
    pub text: Option<String>,
    /// Their language, as far as the service has reported it.
    pub language: Option<String>,
    /// The duration in seconds.
    pub duration: u32,
}

/// How far a transcription is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TranscriptionState {
    /// The worker with this lease asks the service, or has vanished a moment ago.
    Leased(i64),
    /// The worker has vanished: nobody renews the lease.
    Abandoned,
    /// The words are known and paid.
    Done,
    /// The last attempt failed; nothing is held.
    Failed,
}

/// Locks a transcription until the transaction ends. Returns `None` if there is none.
pub(crate) async fn lock(
    tx: &mut Tx<'_>,
    id: TranscriptionId,
) -> Result<Option<StoredTranscription>, DbError> {
    let row = sqlx::query!(
        r#"SELECT state, user_id, held, text, language, duration, lease, leased_until > now() AS "leased!"
           FROM transcriptions WHERE key = $1 FOR NO KEY UPDATE"#,
        id.to_string(),
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::lock"))?;
    Ok(row.map(|row| {
        let state = match row.state.as_str() {
            "done" => TranscriptionState::Done,
            "failed" => TranscriptionState::Failed,
            _ if row.leased => TranscriptionState::Leased(row.lease),
            _ => TranscriptionState::Abandoned,
        };
        StoredTranscription {
            state,
            user: UserId(row.user_id),
            held: Usd(row.held),
            text: row.text,
            language: row.language,
            duration: u32::try_from(row.duration).unwrap_or_default(),
        }
    }))
}

/// A transcription that begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewTranscription<'a> {
    /// What is transcribed.
    pub id: TranscriptionId,
    /// Where it was asked for.
    pub key: ThreadKey,
    /// Who pays.
    pub payer: TurnPayer,
    /// Telegram's id of the content.
    pub unique_id: &'a str,
    /// The duration in seconds, as Telegram reports it or estimated.
    pub duration: u32,
    /// What is reserved, by [`hold`](super::holds::take_beside_turns) in the same transaction.
    pub held: Usd,
    /// The lease of the worker.
    pub lease: i64,
}

/// Stores that a worker begins. Returns `false` if another one was faster; the transaction must then be
/// dropped.
pub(crate) async fn begin(tx: &mut Tx<'_>, new: NewTranscription<'_>) -> Result<bool, DbError> {
    let NewTranscription { id, key, payer, unique_id, duration, held, lease } = new;
    let recording = if let TranscriptionId::Recording(recording) = id { Some(recording) } else { None };
    let begun = sqlx::query!(
        "INSERT INTO transcriptions AS old (key, chat_id, message_id, replied, user_id, topic_id, unique_id, duration,
           state, held, lease, leased_until, sponsored_in)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, now() + make_interval(secs => $11), $12)
         ON CONFLICT (key) DO UPDATE
           SET user_id = excluded.user_id, topic_id = excluded.topic_id, state = 'pending', held = excluded.held,
               lease = excluded.lease, leased_until = excluded.leased_until, attempts = old.attempts + 1,
               sponsored_in = excluded.sponsored_in, failure = NULL, settled_at = NULL
           WHERE old.state = 'failed'",
        id.to_string(),
        recording.map(|recording| recording.chat.0),
        recording.map(|recording| recording.message.0),
        recording.map(|recording| recording.replied),
        payer.user.0,
        key.topic.map(|topic| topic.0),
        unique_id,
        i32::try_from(duration).unwrap_or(i32::MAX),
        held.0,
        lease,
        LEASE_S,
        payer.sponsored_in.map(|group| group.0),
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::begin"))?;
    Ok(begun.rows_affected() == 1)
}

/// Gives an abandoned transcription, which is locked, to another worker. The hold stays; what the lost
/// attempt may have cost is recorded.
pub(crate) async fn take_over(tx: &mut Tx<'_>, id: TranscriptionId, lease: i64) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE transcriptions SET lease = $2, leased_until = now() + make_interval(secs => $3), attempts = attempts + 1,
           lost = lost + held
         WHERE key = $1",
        id.to_string(),
        lease,
        LEASE_S,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::take_over"))?;
    Ok(())
}

/// Renews a lease.
pub(crate) async fn renew(db: &Db, id: TranscriptionId, lease: i64) -> Result<(), DbError> {
    sqlx::query!(
        "UPDATE transcriptions SET leased_until = now() + make_interval(secs => $3)
         WHERE key = $1 AND lease = $2 AND state = 'pending'",
        id.to_string(),
        lease,
        LEASE_S,
    )
    .execute(db.pool())
    .await
    .map_err(DbError::at("transcriptions::renew"))?;
    Ok(())
}

/// What is stored of a transcript.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewTranscript<'a> {
    /// The words.
    pub text: &'a str,
    /// Their language.
    pub language: Option<&'a str>,
    /// The duration in seconds, in full ones.
    pub duration: u32,
    /// The duration that is paid, in seconds.
    pub seconds: Decimal,
    /// The prices used.
    pub prices: &'a Value,
    /// What it costs the user.
    pub cost: Usd,
    /// The service's id of the request.
    pub request_id: Option<&'a str>,
}

/// Stores a transcript, whose row is locked, and ends its hold there.
pub(crate) async fn finish(
    tx: &mut Tx<'_>,
    id: TranscriptionId,
    transcript: NewTranscript<'_>,
) -> Result<(), DbError> {
    let NewTranscript { text, language, duration, seconds, prices, cost, request_id } = transcript;
    sqlx::query!(
        "UPDATE transcriptions SET state = 'done', held = 0, text = $2, language = $3, duration = $4, seconds = $5,
           prices = $6, cost = $7, request_id = $8, failure = NULL, settled_at = now()
         WHERE key = $1",
        id.to_string(),
        text,
        language,
        i32::try_from(duration).unwrap_or(i32::MAX),
        seconds,
        prices,
        cost.0,
        request_id,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::finish"))?;
    Ok(())
}

/// Gives the conversation of a recording a new history version: its prompts now contain the words. Changes
/// nothing if its message is not stored yet.
pub(crate) async fn note_in_history(tx: &mut Tx<'_>, recording: RecordingId) -> Result<(), DbError> {
    if recording.replied {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE threads SET history_version = history_version + 1 FROM messages
         WHERE messages.chat_id = $1 AND messages.message_id = $2 AND threads.id = messages.thread_id",
        recording.chat.0,
        recording.message.0,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::note_in_history"))?;
    Ok(())
}

/// Stores that the worker with this lease has failed, and releases what was held. `lost` says whether a
/// request may have been made whose result is lost. Returns `false` and changes nothing if another worker has the
/// transcription, or it is over.
pub(crate) async fn fail(
    tx: &mut Tx<'_>,
    id: TranscriptionId,
    lease: i64,
    (failure, lost): (&str, bool),
) -> Result<bool, DbError> {
    let failed = sqlx::query!(
        "WITH ours AS (
           SELECT key, user_id, held FROM transcriptions
           WHERE key = $1 AND lease = $2 AND state = 'pending' FOR NO KEY UPDATE
         ), failed AS (
           UPDATE transcriptions AS old SET state = 'failed', failure = $3, held = 0, settled_at = now(),
             lost = old.lost + CASE WHEN $4 THEN ours.held ELSE 0 END
           FROM ours WHERE old.key = ours.key
         )
         UPDATE users SET held = users.held - ours.held FROM ours WHERE users.id = ours.user_id",
        id.to_string(),
        lease,
        failure,
        lost,
    )
    .execute(&mut **tx)
    .await
    .map_err(DbError::at("transcriptions::fail"))?;
    Ok(failed.rows_affected() == 1)
}
