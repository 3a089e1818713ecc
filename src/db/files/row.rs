//! The columns of a file, as several queries read them.

use chrono::{DateTime, Utc};

use crate::db::{DbError, made_files};
use crate::domain::file::{KnownFile, Refusal, known_size};
use crate::domain::ids::FileId;
use crate::domain::speech::Spoken;

/// The columns of a file, all NULL if there is none; `id` tells the cases apart.
pub(in crate::db) struct FileRow {
    pub(in crate::db) id: Option<i64>,
    pub(in crate::db) kind: Option<String>,
    pub(in crate::db) name: Option<String>,
    pub(in crate::db) mime: Option<String>,
    pub(in crate::db) size: Option<i64>,
    /// Also `None` if the copy is about to expire.
    pub(in crate::db) provider_id: Option<String>,
    pub(in crate::db) at: Option<DateTime<Utc>>,
    pub(in crate::db) replied: Option<bool>,
    pub(in crate::db) fetched: Option<bool>,
    /// The duration in seconds and the words of a recording that was transcribed.
    pub(in crate::db) spoken: Option<(i32, String)>,
    /// The public id, as text.
    pub(in crate::db) public_id: Option<String>,
    pub(in crate::db) preview: Option<String>,
    pub(in crate::db) fault: Option<String>,
    /// The name and the limit of a refusal.
    pub(in crate::db) refusal: Option<(String, Option<i64>)>,
}

impl FileRow {
    /// Returns the file, or `None` if the columns are NULL.
    pub(in crate::db) fn read(self) -> Result<Option<KnownFile>, DbError> {
        let (Some(id), Some(kind), Some(name), Some(mime), Some(size), Some(at), Some(public_id)) =
            (self.id, self.kind, self.name, self.mime, self.size, self.at, self.public_id)
        else {
            return Ok(None);
        };
        let wrong = |what| DbError::Inconsistent { table: "files", row: id, what };
        let kind = kind.parse().map_err(|_| wrong("unknown kind"))?;
        let size = u64::try_from(size).map_err(|_| wrong("size below zero"))?;
        let fault = self.fault.map(|fault| fault.parse()).transpose().map_err(|_| wrong("unknown fault"))?;
        let refusal = read_refusal(id, self.refusal)?;
        Ok(Some(KnownFile {
            id: FileId(id),
            public_id: made_files::read_id(&public_id)?,
            kind,
            name,
            mime,
            size: known_size(size, self.fetched),
            provider_id: self.provider_id,
            at,
            replied: self.replied.unwrap_or_default(),
            not_fetched: self.fetched == Some(false),
            spoken: self
                .spoken
                .map(|(seconds, text)| Spoken { seconds: u32::try_from(seconds).unwrap_or_default(), text }),
            preview: self.preview,
            fault,
            refusal,
        }))
    }
}

fn read_refusal(row: i64, columns: Option<(String, Option<i64>)>) -> Result<Option<Refusal>, DbError> {
    let Some((name, limit)) = columns else { return Ok(None) };
    let wrong = DbError::Inconsistent { table: "files", row, what: "unknown refusal" };
    Refusal::from_columns(&name, limit.map(i64::unsigned_abs)).map(Some).ok_or(wrong)
}
