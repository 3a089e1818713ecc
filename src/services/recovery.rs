//! Decides about turns that a crash or a fault left open. A crash with much in flight blames nobody. Work
//! that was in flight in several crashes is a suspect, and only work that was alone in flight in several is
//! to blame.

use std::time::Duration;

use crate::db::turns::{self, LeftOpen};
use crate::db::{Db, DbError, outbox, records};
use crate::domain::blank::is_blank;
use crate::domain::turn::{Interruption, Outcome, TurnFailure, TurnReport};

/// The number of crashes after which work that was in flight runs alone.
pub const ALONE_AFTER: i32 = 2;
/// The number of crashes alone in flight after which work is abandoned.
pub const GIVEN_UP_AFTER: i32 = 3;

/// How long work that was alone in flight in one crash, and in two, waits before it runs again. The latter
/// doubles with each further crash, if there are any, up to the longest. All other work is served first, and
/// kills that follow each other quickly hit the pause and are not counted as its crashes.
const PAUSES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(600)];

/// Returns how long a suspect waits before it runs alone again, by the number of crashes in which it was
/// alone in flight.
pub fn pause(crashes_alone: i32) -> Duration {
    let [once, twice, longest] = PAUSES;
    match u32::try_from(crashes_alone) {
        Err(_) | Ok(0) => Duration::ZERO,
        Ok(1) => once,
        Ok(more) => twice.saturating_mul(2_u32.saturating_pow(more - 2)).min(longest),
    }
}

/// The facts about an interrupted turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Whether some of its answer can be kept: parts or files that were enqueued, or a checkpoint.
    pub shown: bool,
    /// The number of crashes counted for it (`db::crashes`).
    pub crashes: i32,
    /// The number of crashes in which it was alone in flight.
    pub crashes_alone: i32,
}

/// What else may be in flight during the turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Company {
    /// Any other work.
    Others,
    /// Nothing: the turn may crash the process.
    Nobody,
}

/// The decision about a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing can be kept: run it again.
    Again(Company),
    /// Keep what exists and close the turn as cut.
    Finish(Company),
    /// The turn crashes the process: close it and notify its user.
    GiveUp,
}

/// Decides from the facts alone.
pub fn judge(Facts { shown, crashes, crashes_alone }: Facts) -> Verdict {
    let company = if crashes >= ALONE_AFTER { Company::Nobody } else { Company::Others };
    match (crashes_alone >= GIVEN_UP_AFTER, shown) {
        (true, _) => Verdict::GiveUp,
        (false, true) => Verdict::Finish(company),
        (false, false) => Verdict::Again(company),
    }
}

/// The decision about one turn, with the data needed to carry it out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// Run it again.
    Again(Company),
    /// Close it.
    Close(Company, Box<Rest>),
}

/// What is left of a turn that is not run again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rest {
    /// The report for settlement, built from the enqueued parts alone.
    pub report: TurnReport,
    /// The number of answer parts that were enqueued for the chat.
    pub parts: usize,
    /// The last checkpoint of the growing answer; its end may not have been enqueued yet.
    pub checkpoint: Option<String>,
}

/// Decides what to do with an interrupted turn. If any of its answer was shown, that part is kept and the
/// turn is not run again.
pub async fn decide(db: &Db, left: &LeftOpen) -> Result<Recovery, DbError> {
    let parts = outbox::enqueued_parts(db, left.turn).await?;
    let mark = records::checkpoint(db, left.turn).await?.filter(|mark| mark.attempt == left.attempt);
    let checkpoint = mark.map(|mark| mark.text).filter(|text| !is_blank(text));
    let shown = !parts.texts.is_empty() || parts.files || checkpoint.is_some();
    let rest = |outcome, checkpoint| {
        let report = TurnReport::without_work(parts.texts.join("\n"), outcome);
        Box::new(Rest { report, parts: parts.texts.len(), checkpoint })
    };
    let (crashes, crashes_alone) = (left.crashes, left.crashes_alone);
    Ok(match judge(Facts { shown, crashes, crashes_alone }) {
        Verdict::Again(company) => Recovery::Again(company),
        Verdict::Finish(company) => {
            Recovery::Close(company, rest(Outcome::Interrupted(Interruption::Crashed), checkpoint))
        }
        // The text saved after the parts may be what cannot be shown.
        Verdict::GiveUp => {
            Recovery::Close(Company::Others, rest(Outcome::Failed(TurnFailure::Internal), None))
        }
    })
}

/// Marks a turn as in flight while what is left of it is delivered and it is closed. Returns the epoch under
/// which this instance does that, or `None` if the turn was closed meanwhile or another instance has it.
pub(crate) async fn finish(db: &Db, left: &LeftOpen, company: Company) -> Result<Option<i64>, DbError> {
    let epoch = db.epoch_of(left.key.chat)?;
    let taken = turns::take_up(db, left, company == Company::Nobody, epoch).await?;
    Ok(taken.then_some(epoch))
}

#[cfg(test)]
mod tests;
