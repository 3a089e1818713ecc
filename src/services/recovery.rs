//! What to do at start with the turns that a crash left open.

use crate::db::turns::LeftOpen;
use crate::db::{Db, DbError, outbox, records};
use crate::domain::blank::is_blank;
use crate::domain::turn::{Failure, Interruption, Outcome, TurnReport};

/// Tries of a turn that may be lost; a crash may not lead to crash after crash.
const ATTEMPTS: i32 = 2;

/// The decision on one turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// Nothing lasting was shown: ask again.
    Again,
    /// Something was shown or the tries are used up: close it.
    Close(Rest),
}

/// What is left of a turn that is not run again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rest {
    /// What the books get if nothing more than `parts` is known.
    pub report: TurnReport,
    /// How many parts of the answer were promised to the chat.
    pub parts: usize,
    /// The answer as far as it was written down while it grew; the end of it may not have been promised yet.
    pub checkpoint: Option<String>,
}

/// Decides on a turn. One that had shown some of its answer is not run again: what there is, stands.
pub async fn decide(db: &Db, left: &LeftOpen) -> Result<Recovery, DbError> {
    let parts = outbox::parts_of(db, left.turn).await?;
    let mark = records::checkpoint(db, left.turn).await?.filter(|mark| mark.attempt == left.attempt);
    let checkpoint = mark.map(|mark| mark.text).filter(|text| !is_blank(text));
    let close = |outcome, text| {
        let report = TurnReport::without_work(text, outcome);
        Recovery::Close(Rest { report, parts: parts.len(), checkpoint: checkpoint.clone() })
    };
    Ok(if !parts.is_empty() || checkpoint.is_some() {
        close(Outcome::Interrupted(Interruption::Crashed), parts.join("\n"))
    } else if left.lost >= ATTEMPTS {
        close(Outcome::Failed(Failure::Internal), String::new())
    } else {
        Recovery::Again
    })
}
