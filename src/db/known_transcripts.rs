//! Repository of transcripts that exist or are being made, by their content: the same recording or file of a
//! user is paid once, under whatever id it comes.

use super::{Db, DbError, Tx};
use crate::domain::ids::UserId;
use crate::domain::speech::TranscriptionId;

/// A transcript that exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct KnownTranscript {
    /// The words; empty if nothing is said.
    pub text: String,
    /// Their language, as far as the service has reported it.
    pub language: Option<String>,
    /// The duration in seconds.
    pub duration: u32,
}

/// Returns the transcript that is stored under an id, or that the user has paid for under another one, unless
/// its words have expired.
pub(crate) async fn known(
    db: &Db,
    id: TranscriptionId,
    user: UserId,
    unique_id: &str,
) -> Result<Option<KnownTranscript>, DbError> {
    let row = sqlx::query!(
        r#"SELECT text AS "text!", language, duration FROM transcriptions
           WHERE (key = $1 OR (user_id = $2 AND unique_id = $3 AND unique_id <> '')) AND state = 'done'
             AND text IS NOT NULL
           ORDER BY key = $1 DESC LIMIT 1"#,
        id.to_string(),
        user.0,
        unique_id,
    )
    .fetch_optional(db.pool())
    .await
    .map_err(DbError::at("known_transcripts::known"))?;
    Ok(row.map(|row| transcript(row.text, row.language, row.duration)))
}

fn transcript(text: String, language: Option<String>, duration: i32) -> KnownTranscript {
    KnownTranscript { text, language, duration: u32::try_from(duration).unwrap_or_default() }
}

/// Returns the transcript of this content that a user has paid for, under whatever id.
pub(crate) async fn paid_before(
    tx: &mut Tx<'_>,
    user: UserId,
    unique_id: &str,
) -> Result<Option<KnownTranscript>, DbError> {
    let row = sqlx::query!(
        r#"SELECT text AS "text!", language, duration FROM transcriptions
           WHERE user_id = $1 AND unique_id = $2 AND unique_id <> '' AND state = 'done' AND text IS NOT NULL LIMIT 1"#,
        user.0,
        unique_id,
    )
    .fetch_optional(&mut **tx)
    .await
    .map_err(DbError::at("known_transcripts::paid_before"))?;
    Ok(row.map(|row| transcript(row.text, row.language, row.duration)))
}

/// Returns whether a worker is transcribing this content for a user under another id.
pub(crate) async fn is_begun_elsewhere(
    tx: &mut Tx<'_>,
    user: UserId,
    unique_id: &str,
    id: TranscriptionId,
) -> Result<bool, DbError> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT 1 FROM transcriptions
             WHERE state = 'pending' AND leased_until > now() AND user_id = $1 AND unique_id = $2 AND unique_id <> ''
               AND key <> $3) AS "begun!""#,
        user.0,
        unique_id,
        id.to_string(),
    )
    .fetch_one(&mut **tx)
    .await
    .map_err(DbError::at("known_transcripts::is_begun_elsewhere"))
}
