//! When the breaker opens, who probes, and when it closes again.

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
