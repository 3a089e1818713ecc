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
mod tests {
    use super::*;

    fn admitted(breaker: &Breaker) -> Permit<'_> {
        breaker.admit().expect("a call goes through")
    }

    #[tokio::test(start_paused = true)]
    async fn three_failures_in_a_row_open_it_and_a_success_starts_the_count_again() {
        let breaker = Breaker::default();
        for _ in 0..2 {
            assert_eq!(admitted(&breaker).failed(CallFailure::Failure), Transition::None);
        }
        assert_eq!(admitted(&breaker).succeeded(), Transition::None);
        for _ in 0..2 {
            assert_eq!(admitted(&breaker).failed(CallFailure::Failure), Transition::None);
        }
        assert_eq!(admitted(&breaker).failed(CallFailure::Failure), Transition::Opened);
        assert!(breaker.admit().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_opens_it_at_once_and_only_one_call_probes_afterwards() {
        let breaker = Breaker::default();
        let (early, slow) = (admitted(&breaker), admitted(&breaker));
        assert_eq!(slow.failed(CallFailure::Timeout), Transition::Opened);
        assert_eq!(early.failed(CallFailure::Timeout), Transition::None, "one line a change of state");
        tokio::time::advance(PERIOD.saturating_sub(Duration::from_millis(1))).await;
        assert!(breaker.admit().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = admitted(&breaker);
        assert!(breaker.admit().is_none(), "the others do not wait for the probe");
        assert_eq!(probe.failed(CallFailure::Failure), Transition::None);
        assert!(breaker.admit().is_none(), "a whole period again");
        tokio::time::advance(PERIOD).await;
        assert_eq!(admitted(&breaker).succeeded(), Transition::Closed);
        assert_eq!(admitted(&breaker).succeeded(), Transition::None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_cut_leaves_the_next_caller_to_probe() {
        let breaker = Breaker::default();
        assert_eq!(admitted(&breaker).failed(CallFailure::Timeout), Transition::Opened);
        tokio::time::advance(PERIOD).await;
        drop(admitted(&breaker));
        assert_eq!(admitted(&breaker).succeeded(), Transition::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_from_before_does_not_close_it() {
        let breaker = Breaker::default();
        let late = admitted(&breaker);
        assert_eq!(admitted(&breaker).failed(CallFailure::Timeout), Transition::Opened);
        assert_eq!(late.succeeded(), Transition::None);
        assert!(breaker.admit().is_none());
    }
}
