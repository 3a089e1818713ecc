//! What to do at start with the turns that a crash left open.

use crate::db::turns::LeftOpen;
use crate::db::{Db, DbError, outbox};
use crate::domain::turn::{Failure, Interruption, Outcome, TurnReport};

/// Tries of a turn that may be lost; a crash may not lead to crash after crash.
const ATTEMPTS: i32 = 2;

/// The decision on one turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// Nothing lasting was shown: ask again.
    Again,
    /// Something was shown or the tries are used up: close it with this.
    Close(TurnReport),
}

/// Decides on a turn. A turn that had delivered parts of its answer is not run again: what was delivered stands.
pub async fn decide(db: &Db, left: &LeftOpen) -> Result<Recovery, DbError> {
    let parts = outbox::parts_of(db, left.turn).await?;
    if !parts.is_empty() {
        let outcome = Outcome::Interrupted(Interruption::Crashed);
        return Ok(Recovery::Close(TurnReport { text: parts.join("\n"), outcome, calls: Vec::new() }));
    }
    if left.lost >= ATTEMPTS {
        let outcome = Outcome::Failed(Failure::Internal);
        return Ok(Recovery::Close(TurnReport { text: String::new(), outcome, calls: Vec::new() }));
    }
    Ok(Recovery::Again)
}
