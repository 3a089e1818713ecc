//! Circuit breaker: a Redis that fails is left alone for a while, and then asked by one caller before all others.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open the breaker. A timeout opens it at once, because it has cost somebody's time already.
const FAILURES: u32 = 3;
/// How long an open breaker lets nobody through.
pub(super) const PERIOD: Duration = Duration::from_secs(30);

/// What a call came to grief by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallFailure {
    /// No answer in time.
    Timeout,
    /// A quick refusal: no connection, or a server that cannot serve now.
    Failure,
}

/// What an outcome has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Transition {
    /// Nothing.
    None,
    /// From now on nobody is let through.
    Opened,
    /// Redis is back.
    Closed,
}

#[derive(Clone, Copy, Debug)]
enum BreakerState {
    /// Calls go through; so many in a row have failed.
    Closed(u32),
    /// Nobody goes through before the time.
    Open(Instant),
    /// One call is under way to find out; the others do not wait for it.
    Probing,
}

/// Decides who may ask Redis.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<BreakerState>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(BreakerState::Closed(0)))
    }
}

impl Breaker {
    /// Permission for one call; none while Redis is left alone.
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
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call that was let through. Dropped without an outcome, it has proved nothing: the next caller probes.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    probe: bool,
    told: bool,
}

impl Permit<'_> {
    /// Redis has answered. A late answer to a call from before the opening proves nothing about now.
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

    /// Redis has not answered.
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
