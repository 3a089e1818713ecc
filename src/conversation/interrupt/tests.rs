//! Waiting for events: limits, slow callers, and a stop at any moment.

use futures::stream::{self, BoxStream};
use tokio::time::advance;

use super::*;

const LIMIT: Duration = Duration::from_secs(30);

/// Returns a stream that yields one number after each of these pauses, in seconds.
fn numbers(pauses: &'static [u64]) -> BoxStream<'static, Result<usize, LlmError>> {
    let number = |(number, &pause)| async move {
        sleep(Duration::from_secs(pause)).await;
        Ok(number)
    };
    stream::iter(pauses.iter().enumerate()).then(number).boxed()
}

#[tokio::test(start_paused = true)]
async fn each_event_may_take_as_long_as_the_limit_and_the_end_is_an_error() {
    let stop = Stop::new(&CancellationToken::new());
    let mut events = Watched::new(numbers(&[29, 29, 0]), LIMIT, &stop);
    for expected in 0..3 {
        assert_eq!(events.next().await.unwrap(), expected);
    }
    assert!(matches!(events.next().await, Err(LlmError::BrokenOff)));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_stream_after_the_limit_and_no_earlier() {
    let stop = Stop::new(&CancellationToken::new());
    let started = Instant::now();
    let mut events = Watched::new(numbers(&[1, 31]), LIMIT, &stop);
    assert_eq!(events.next().await.unwrap(), 0);
    assert!(matches!(events.next().await, Err(LlmError::Silent(limit)) if limit == LIMIT));
    assert_eq!(started.elapsed().as_secs(), 31);
}

#[tokio::test(start_paused = true)]
async fn a_slow_caller_is_no_silence_of_the_stream() {
    let stop = Stop::new(&CancellationToken::new());
    let mut events = Watched::new(numbers(&[1, 1]), LIMIT, &stop);
    assert_eq!(events.next().await.unwrap(), 0);
    advance(LIMIT * 2).await;
    assert_eq!(events.next().await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_wins_over_an_event_that_is_ready_and_wakes_a_caller_that_waits() {
    let stop = Stop::new(&CancellationToken::new());
    let mut events = Watched::new(numbers(&[29]), LIMIT, &stop);
    let cut = async {
        sleep(Duration::from_secs(1)).await;
        stop.cut(Interruption::Shutdown);
    };
    let started = Instant::now();
    let (event, ()) = tokio::join!(events.next(), cut);
    assert!(matches!(event, Err(LlmError::Cancelled)));
    assert_eq!(started.elapsed().as_secs(), 1);
    let mut ready = Watched::new(stream::iter([Ok(1)]), LIMIT, &stop);
    assert!(matches!(ready.next().await, Err(LlmError::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn an_event_is_not_lost_when_the_caller_gives_up_waiting_for_it() {
    let stop = Stop::new(&CancellationToken::new());
    let mut events = Watched::new(numbers(&[5, 5]), LIMIT, &stop);
    assert!(tokio::time::timeout(Duration::from_secs(4), events.next()).await.is_err());
    assert_eq!(events.next().await.unwrap(), 0);
}
