//! Dead letters in the operator's hands: looking at them, and trying them again once the cause is mended.

use crate::db::dead_letters::{self, DeadLetter};
use crate::db::{Db, DbError, records};
use crate::domain::record::Record;
use crate::telemetry::logs::chain;

/// Letters that are looked at together.
const PAGE: i64 = 100;

/// What became of letters that were tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Replayed {
    /// Written and gone.
    pub written: usize,
    /// Refused once more, and kept.
    pub refused: usize,
}

/// All letters, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn all(db: &Db) -> Result<Vec<DeadLetter>, DbError> {
    let mut all: Vec<DeadLetter> = Vec::new();
    loop {
        let page = dead_letters::list(db, all.last().map_or(0, |letter| letter.id), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// Tries letters again, each in a transaction of its own together with its removal.
///
/// # Errors
/// When the database is away; what was written stays written.
pub async fn replay(db: &Db, letters: &[DeadLetter]) -> Result<Replayed, DbError> {
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
