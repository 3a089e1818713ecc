//! Circuit breaker: after failures of Redis, calls pause for a while, and then one caller probes before all
//! others.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::time::Instant;

/// Consecutive failures that open the breaker. A timeout opens it at once, because a caller has already
/// waited for it.
const FAILURES: u32 = 3;
/// How long an open breaker rejects all calls.
pub(super) const PERIOD: Duration = Duration::from_secs(30);

/// Why a call failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallFailure {
    /// No response within the time limit.
    Timeout,
    /// A quick failure: no connection, or a server that cannot serve now.
    Failure,
}

/// The state change caused by a result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transition {
    /// No change.
    None,
    /// The breaker has opened: all calls are rejected.
    Opened,
    /// The breaker has closed: Redis works again.
    Closed,
}

#[derive(Clone, Copy, Debug)]
enum BreakerState {
    /// Calls pass; the number counts consecutive failures.
    Closed(u32),
    /// All calls are rejected until this time.
    Open(Instant),
    /// One call is probing; all others are rejected meanwhile.
    Probing,
}

/// Decides which calls may go to Redis.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<BreakerState>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(BreakerState::Closed(0)))
    }
}

impl Breaker {
    /// Admits one call. Returns `None` while the breaker is open.
    pub(super) fn admit(&self) -> Option<Permit<'_>> {
        let mut state = self.state();
        let probe = match *state {
            BreakerState::Closed(_) => false,
            BreakerState::Open(until) if Instant::now() >= until => {
                *state = BreakerState::Probing;
                true
            }
            BreakerState::Open(_) | BreakerState::Probing => return None,
        };
        Some(Permit { breaker: self, probe, told: false })
    }

    fn state(&self) -> MutexGuard<'_, BreakerState> {
        self.0.lock()
    }
}

/// One admitted call. If it is dropped without a result, it has proved nothing, and the next caller probes.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
    told: bool,
}

impl Permit<'_> {
    /// Records a response. A late response to a call from before the opening proves nothing about the
    /// present.
    pub(super) fn succeeded(mut self) -> Transition {
        self.told = true;
        let mut state = self.breaker.state();
        match *state {
            BreakerState::Closed(_) => *state = BreakerState::Closed(0),
            BreakerState::Probing if self.probe => {
                *state = BreakerState::Closed(0);
                return Transition::Closed;
            }
            BreakerState::Open(_) | BreakerState::Probing => {}
        }
        Transition::None
    }

    /// Records a failure.
    pub(super) fn failed(mut self, fault: CallFailure) -> Transition {
        self.told = true;
        let mut state = self.breaker.state();
        let until = Instant::now() + PERIOD;
        match *state {
            BreakerState::Closed(failures) if fault == CallFailure::Failure && failures + 1 < FAILURES => {
                *state = BreakerState::Closed(failures + 1);
            }
            BreakerState::Closed(_) => {
                *state = BreakerState::Open(until);
                return Transition::Opened;
            }
            BreakerState::Probing if self.probe => *state = BreakerState::Open(until),
            BreakerState::Open(_) | BreakerState::Probing => {}
        }
        Transition::None
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe && !self.told {
            *self.breaker.state() = BreakerState::Open(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests;
