//! Calls of a turn that runs are written down as far as they have come, together with those of other turns.

use super::model_calls::{PricedCall, RecordCalls};
use super::{Db, DbError};
use crate::domain::turn::TurnRef;

/// Writes calls of an open turn's attempt down as far as they have come; what was written before is replaced, unless it is
/// decided. Those of an attempt that is given up are the owner's loss, as everything that it did before.
pub async fn note(db: &Db, turn: TurnRef, entries: &[PricedCall]) -> Result<(), DbError> {
    let op = RecordCalls::of(turn, entries)?;
    db.submit(&db.shared.notes, || op.clone()).await
}
