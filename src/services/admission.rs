//! Whether a turn may cost something: the gate before its first request.

use tokio_util::sync::CancellationToken;

use super::books::Books;
use super::people;
use crate::db::groups;
use crate::db::holds::{self, Gate};
use crate::domain::ids::{ChatId, UserId};
use crate::domain::turn::{TurnFailure, TurnRequest};

/// What the gate decides about a turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Admission {
    /// It may begin: its hold is open.
    Admitted,
    /// Not yet: what the user has is reserved, which may end.
    Reserved,
    /// It is refused.
    Refused(TurnFailure),
}

/// Asks the gate about a turn that has no hold yet; a turn that is admitted has one. To be called while
/// nothing else of the user runs.
pub(crate) async fn admit(books: &Books, request: &TurnRequest) -> Admission {
    let (user, turn) = (request.payer.user, request.turn);
    let (db, free) = (&books.db, books.is_privileged(user));
    let take = || async {
        let gate = holds::take(db, turn, user, request.reserve, free).await?;
        if gate != Gate::Unopened {
            return Ok(gate);
        }
        // The turn was left open by a version without books, and nothing has come from its user since.
        people::grant_starter(books, user).await?;
        holds::take(db, turn, user, request.reserve, free).await
    };
    match db.persist(take).await {
        Ok(Gate::Held) => Admission::Admitted,
        Ok(Gate::Reserved) => Admission::Reserved,
        Ok(Gate::Short | Gate::Unopened) => Admission::Refused(TurnFailure::NoFunds),
        Ok(Gate::Banned) => Admission::Refused(TurnFailure::Banned),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(turn.id = turn.0, error, "the gate of the turn {turn} failed");
            Admission::Refused(TurnFailure::Internal)
        }
    }
}

/// Whether it is likely that a user is answered, so that it is worth fetching a file. The gate decides for
/// good.
pub(crate) async fn may_spend(
    books: &Books,
    stop: &CancellationToken,
    (user, chat): (UserId, ChatId),
) -> bool {
    let (db, free) = (&books.db, books.is_privileged(user));
    let may_spend = || async {
        // In a group somebody else may pay.
        Ok(holds::may_spend(db, user, free).await? || groups::has_solvent_sponsor(db, chat).await?)
    };
    let asked = db.until(stop).persist(may_spend).await;
    asked.unwrap_or_else(|error| {
        tracing::warn!(
            user.id = user.0,
            error = &error as &dyn std::error::Error,
            "a balance could not be read"
        );
        true
    })
}
