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
pub(super) enum Fault {
    /// No answer in time.
    Timeout,
    /// A quick refusal: no connection, or a server that cannot serve now.
    Failure,
}

/// What an outcome has changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// From now on nobody is let through.
    Opened,
    /// Redis is back.
    Closed,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Calls go through; so many in a row have failed.
    Closed(u32),
    /// Nobody goes through before the time.
    Open(Instant),
    /// One call is under way to find out; the others do not wait for it.
    Probing,
}

/// Decides who may ask Redis.
#[derive(Debug)]
pub(super) struct Breaker(Mutex<State>);

impl Default for Breaker {
    fn default() -> Self {
        Self(Mutex::new(State::Closed(0)))
    }
}

impl Breaker {
    /// Permission for one call; none while Redis is left alone.
    pub(super) fn admit(&self) -> Option<Permit<'_>> {
        let mut state = self.state();
        let probe = match *state {
            State::Closed(_) => false,
            State::Open(until) if Instant::now() >= until => {
                *state = State::Probing;
                true
            }
            State::Open(_) | State::Probing => return None,
        };
        Some(Permit { breaker: self, probe, told: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
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
    pub(super) fn succeeded(mut self) -> Change {
        self.told = true;
        let mut state = self.breaker.state();
        match *state {
            State::Closed(_) => *state = State::Closed(0),
            State::Probing if self.probe => {
                *state = State::Closed(0);
                return Change::Closed;
            }
            State::Open(_) | State::Probing => {}
        }
        Change::None
    }

    /// Redis has not answered.
    pub(super) fn failed(mut self, fault: Fault) -> Change {
        self.told = true;
        let mut state = self.breaker.state();
        let until = Instant::now() + PERIOD;
        match *state {
            State::Closed(failures) if fault == Fault::Failure && failures + 1 < FAILURES => {
                *state = State::Closed(failures + 1);
            }
            State::Closed(_) => {
                *state = State::Open(until);
                return Change::Opened;
            }
            State::Probing if self.probe => *state = State::Open(until),
            State::Open(_) | State::Probing => {}
        }
        Change::None
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.probe && !self.told {
            *self.breaker.state() = State::Open(Instant::now());
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
            assert_eq!(admitted(&breaker).failed(Fault::Failure), Change::None);
        }
        assert_eq!(admitted(&breaker).succeeded(), Change::None);
        for _ in 0..2 {
            assert_eq!(admitted(&breaker).failed(Fault::Failure), Change::None);
        }
        assert_eq!(admitted(&breaker).failed(Fault::Failure), Change::Opened);
        assert!(breaker.admit().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_timeout_opens_it_at_once_and_only_one_call_probes_afterwards() {
        let breaker = Breaker::default();
        let (early, slow) = (admitted(&breaker), admitted(&breaker));
        assert_eq!(slow.failed(Fault::Timeout), Change::Opened);
        assert_eq!(early.failed(Fault::Timeout), Change::None, "one line a change of state");
        tokio::time::advance(PERIOD.saturating_sub(Duration::from_millis(1))).await;
        assert!(breaker.admit().is_none());
        tokio::time::advance(Duration::from_millis(1)).await;
        let probe = admitted(&breaker);
        assert!(breaker.admit().is_none(), "the others do not wait for the probe");
        assert_eq!(probe.failed(Fault::Failure), Change::None);
        assert!(breaker.admit().is_none(), "a whole period again");
        tokio::time::advance(PERIOD).await;
        assert_eq!(admitted(&breaker).succeeded(), Change::Closed);
        assert_eq!(admitted(&breaker).succeeded(), Change::None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_is_cut_leaves_the_next_caller_to_probe() {
        let breaker = Breaker::default();
        assert_eq!(admitted(&breaker).failed(Fault::Timeout), Change::Opened);
        tokio::time::advance(PERIOD).await;
        drop(admitted(&breaker));
        assert_eq!(admitted(&breaker).succeeded(), Change::Closed);
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_answer_from_before_does_not_close_it() {
        let breaker = Breaker::default();
        let late = admitted(&breaker);
        assert_eq!(admitted(&breaker).failed(Fault::Timeout), Change::Opened);
        assert_eq!(late.succeeded(), Change::None);
        assert!(breaker.admit().is_none());
    }
}
