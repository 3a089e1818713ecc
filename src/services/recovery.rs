//! What to do with the turns that a crash or a fault left open. Crashes that hit much at once are nobody's fault; what was
//! in flight in several is suspected, and only what was alone in flight in several is to blame.

use std::time::Duration;

use crate::db::crashes::{self, Crash};
use crate::db::turns::{self, LeftOpen};
use crate::db::{Db, DbError, outbox, records};
use crate::domain::blank::is_blank;
use crate::domain::turn::{Interruption, Outcome, TurnFailure, TurnReport};

/// Whatever was in flight in so many crashes runs with nothing else in flight from then on.
pub const ALONE_AFTER: i32 = 2;
/// Whatever was alone in flight in so many crashes is given up.
pub const GIVEN_UP_AFTER: i32 = 3;

/// How long whatever was alone in flight in one crash waits before it runs again, and in two; the latter doubles with each
/// further crash, as far as anything gets there, up to the longest. Everybody else is served first, and a few kills from
/// outside in quick succession are not taken for crashes of its own.
const PAUSES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(600)];

/// How long work waits before it runs alone that was alone in flight in so many crashes.
pub fn pause(crashes_alone: i32) -> Duration {
    let [once, twice, longest] = PAUSES;
    match u32::try_from(crashes_alone) {
        Err(_) | Ok(0) => Duration::ZERO,
        Ok(1) => once,
        Ok(more) => twice.saturating_mul(2_u32.saturating_pow(more - 2)).min(longest),
    }
}

/// What is known of a turn that was cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Whether something of its answer was shown for good.
    pub shown: bool,
    /// In how many crashes it was in flight.
    pub crashes: i32,
    /// In how many of them nothing else was.
    pub crashes_alone: i32,
}

/// What else may be in flight meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Company {
    /// Anything.
    Others,
    /// Nothing: it may crash the process.
    Nobody,
}

/// The decision on a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Nothing lasting was shown: ask again.
    Again(Company),
    /// What was shown stands, and is closed as cut.
    Finish(Company),
    /// It crashes the process; whoever asked is told.
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

/// The decision on one turn, with what is needed to carry it out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Recovery {
    /// Ask again.
    Again(Company),
    /// Close it.
    Close(Company, Rest),
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
    let parts = outbox::promised_parts(db, left.turn).await?;
    let mark = records::checkpoint(db, left.turn).await?.filter(|mark| mark.attempt == left.attempt);
    let checkpoint = mark.map(|mark| mark.text).filter(|text| !is_blank(text));
    let shown = !parts.is_empty() || checkpoint.is_some();
    let rest = |outcome, checkpoint| {
        let report = TurnReport::without_work(parts.join("\n"), outcome);
        Rest { report, parts: parts.len(), checkpoint }
    };
    let (crashes, crashes_alone) = (left.crashes, left.crashes_alone);
    Ok(match judge(Facts { shown, crashes, crashes_alone }) {
        Verdict::Again(company) => Recovery::Again(company),
        Verdict::Finish(company) => {
            Recovery::Close(company, rest(Outcome::Interrupted(Interruption::Crashed), checkpoint))
        }
        // Whatever was written down behind the parts may be what cannot be shown.
        Verdict::GiveUp => {
            Recovery::Close(Company::Others, rest(Outcome::Failed(TurnFailure::Internal), None))
        }
    })
}

/// Counts the crash that ended the last process, if one did. Once at start, before anything is taken up.
pub async fn count_crash(db: &Db) -> Result<Crash, DbError> {
    crashes::count(db).await
}

/// Notes at the end of an orderly stop that what is left was in flight in no crash.
pub async fn stopped(db: &Db) -> Result<(), DbError> {
    crashes::none(db).await
}

/// Notes that a turn is being closed with what is left of it.
pub async fn finish(db: &Db, left: &LeftOpen, company: Company) -> Result<(), DbError> {
    turns::take_up(db, left.turn, company == Company::Nobody).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_often_it_was_alone_the_longer_it_waits_but_not_for_ever() {
        for (crashes_alone, seconds) in [(0, 0), (1, 2), (2, 10), (3, 20), (4, 40), (9, 600), (i32::MAX, 600)]
        {
            assert_eq!(pause(crashes_alone), Duration::from_secs(seconds), "{crashes_alone}");
        }
    }

    #[test]
    fn only_what_was_alone_in_flight_in_three_crashes_is_given_up() {
        use Company::{Nobody, Others};
        for (crashes, crashes_alone, again, finish) in [
            (0, 0, Verdict::Again(Others), Verdict::Finish(Others)),
            (1, 0, Verdict::Again(Others), Verdict::Finish(Others)),
            (1, 1, Verdict::Again(Others), Verdict::Finish(Others)),
            (2, 0, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
            (2, 2, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
            (1_000, 0, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
            (1_000, 2, Verdict::Again(Nobody), Verdict::Finish(Nobody)),
            (3, 3, Verdict::GiveUp, Verdict::GiveUp),
            (9, 7, Verdict::GiveUp, Verdict::GiveUp),
        ] {
            let found = |shown| judge(Facts { shown, crashes, crashes_alone });
            assert_eq!((found(false), found(true)), (again, finish), "{crashes}, {crashes_alone} alone");
        }
    }
}
