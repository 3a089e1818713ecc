//! Records the model calls of a running turn, together with those of other turns.

use super::model_calls::{PricedCall, RecordCalls};
use super::{Db, DbError};
use crate::domain::turn::TurnRef;

/// Records the calls of a turn's attempt so far. Replaces what was recorded before, except calls that have a
/// payer. The calls of an abandoned attempt become the operator's loss, like all other work of that attempt; so
/// do those of an instance from which the turn was taken, also after its end.
pub async fn note(db: &Db, turn: TurnRef, entries: &[PricedCall]) -> Result<(), DbError> {
    if entries.is_empty() {
        return Ok(());
    }
    let op = RecordCalls::of(turn, entries)?;
    db.submit(&db.shared.notes, || op.clone()).await
}
