//! Records the model calls of a running turn, together with those of other turns.

use super::model_calls::{PricedCall, RecordCalls};
use super::{Db, DbError};
use crate::domain::turn::TurnRef;

/// Records the calls of an open turn's attempt so far. Replaces what was recorded before, except calls that
/// have a payer. The calls of an abandoned attempt become the owner's loss, like all other work of that
/// attempt.
pub async fn note(db: &Db, turn: TurnRef, entries: &[PricedCall]) -> Result<(), DbError> {
    let op = RecordCalls::of(turn, entries)?;
    db.submit(&db.shared.notes, || op.clone()).await
}
