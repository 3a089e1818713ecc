//! Money for paid work of tools: reserved with the turn's hold or, for the tools of a sub-agent, taken from what
//! its task may still cost. The tool that has started the sub-agent has reserved that already.

use parking_lot::Mutex;
use serde_json::Value;

use super::failure::Failure;
use crate::domain::money::Usd;
use crate::services::metering::{PaidWork, Reservation, ReserveError, TurnMeter};

/// What the tools of a sub-agent may cost in one round, US dollars.
#[derive(Debug)]
pub(crate) struct Allowance(Mutex<Usd>);

impl Allowance {
    /// Creates an allowance of this amount; a negative one allows nothing that costs.
    pub(crate) fn new(left: Usd) -> Self {
        Self(Mutex::new(left))
    }

    /// Takes the most that work may cost. Returns what is left if that is too little.
    fn take(&self, most: Usd) -> Result<(), Usd> {
        let mut left = self.0.lock();
        if most > Usd::ZERO && *left < most {
            return Err(*left);
        }
        *left = *left - most;
        Ok(())
    }
}

/// Why paid work may not begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfunded {
    /// This amount of the balance is left to spend, which is too little.
    Balance(Usd),
    /// The task of the sub-agent may cost this much more, which is too little.
    Limit(Usd),
    /// The balance could not be checked.
    Unknown,
}

/// Reserves money for paid work until the result is dropped: from the allowance of a sub-agent, or in the turn's
/// hold.
pub(super) async fn reserve(
    allowance: Option<&Allowance>,
    meter: &TurnMeter,
    work: PaidWork,
) -> Result<Option<Reservation>, Unfunded> {
    match allowance {
        Some(allowance) => allowance.take(work.most).map(|()| None).map_err(Unfunded::Limit),
        None => meter.reserve(work).await.map(Some).map_err(|error| match error {
            ReserveError::Short(left) => Unfunded::Balance(left),
            ReserveError::Unknown => Unfunded::Unknown,
        }),
    }
}

/// Returns what a sub-agent is told about work that its task cannot pay for any more.
pub(super) fn over_limit(left: Usd, most: Usd) -> Failure {
    let message = format!(
        "Your task may cost ${} more, and this call up to ${}, so it was not run. Go on without it, or with a call that \
         costs less.",
        left.max(Usd::ZERO).0.normalize(),
        most.0.normalize()
    );
    Failure { error: "limit_reached", message }
}

/// Returns what the model is told if the balance could not be checked.
pub(super) fn no_books() -> Failure {
    Failure::unavailable("The books could not be asked, so this tool was not run. Answer without it.")
}

/// Returns why a call was refused, as metrics name it, if it was refused for lack of money.
pub(super) fn refusal(failure: &Value) -> Option<&'static str> {
    match failure["error"].as_str()? {
        "insufficient_balance" => Some("balance"),
        "limit_reached" => Some("limit"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
