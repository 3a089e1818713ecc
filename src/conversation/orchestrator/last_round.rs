//! The last round of a turn that does not end by itself: why it is the last, what the model is told, and how
//! the turn ends.

use super::super::prompt;
use crate::domain::turn::{Outcome, TurnFailure};

/// Why a round is the last one of its turn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LastRound {
    /// The overdraft limit is reached.
    Money,
    /// The limit of one request is reached.
    Limit,
    /// The rounds with tools are used up.
    Rounds,
}

impl LastRound {
    pub(super) fn instruction(self) -> &'static str {
        match self {
            Self::Money => prompt::MONEY_IS_USED_UP,
            Self::Limit => prompt::LIMIT_IS_REACHED,
            Self::Rounds => prompt::ROUNDS_ARE_OVER,
        }
    }

    /// Returns the outcome of the turn if its last round ended with this one.
    pub(super) fn outcome(self, ended: Outcome) -> Outcome {
        match (self, ended) {
            (Self::Money, Outcome::Answered | Outcome::Truncated | Outcome::Failed(TurnFailure::Empty)) => {
                Outcome::OutOfFunds
            }
            (Self::Limit, Outcome::Answered | Outcome::Truncated | Outcome::Failed(TurnFailure::Empty)) => {
                Outcome::LimitReached
            }
            (_, ended) => ended,
        }
    }
}
