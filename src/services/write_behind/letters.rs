//! Dead letters for the operator: listing them, and retrying them once the cause is fixed.

use crate::db::dead_letters::{self, DeadLetter};
use crate::db::{Db, DbError, records};
use crate::domain::record::Record;
use crate::telemetry::logs::chain;

/// Dead letters read per query.
const PAGE: i64 = 100;

/// The result of retrying dead letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Replayed {
    /// Written and removed.
    pub written: usize,
    /// Refused again and kept.
    pub refused: usize,
}

/// Returns all dead letters, oldest first.
///
/// # Errors
/// Returns an error if the database is away.
pub(crate) async fn all(db: &Db) -> Result<Vec<DeadLetter>, DbError> {
    let mut all: Vec<DeadLetter> = Vec::new();
    loop {
        let page = dead_letters::list(db, all.last().map_or(0, |letter| letter.id), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Retries dead letters, each in one transaction together with its removal.
///
/// # Errors
/// Returns an error if the database is away; letters already written stay written.
pub(crate) async fn replay(db: &Db, letters: &[DeadLetter]) -> Result<Replayed, DbError> {
    let mut replayed = Replayed::default();
    for letter in letters {
        let refusal = match serde_json::from_str(&letter.payload) {
            Err(error) => error.to_string(),
            Ok(record) => match write(db, letter.id, record).await {
                Ok(()) => {
                    replayed.written += 1;
                    continue;
                }
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => chain(&error),
            },
        };
        dead_letters::put(db, &letter.item, &letter.payload, &refusal).await?;
        replayed.refused += 1;
    }
    Ok(replayed)
}

async fn write(db: &Db, letter: i64, record: Record) -> Result<(), DbError> {
    let mut tx = db.begin().await?;
    records::apply(&mut tx, &[record]).await?;
    dead_letters::remove(&mut tx, letter).await?;
    Db::commit(tx).await
}
