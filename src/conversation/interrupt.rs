//! The stop signal of a turn, and the only place that waits for the model.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep, sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::domain::turn::Interruption;
use crate::llm::LlmError;

/// The stop signal of one turn. Cheap to clone. The first reason counts.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<Interruption>>,
}

impl Stop {
    /// Creates a signal that also fires when the service aborts.
    pub(crate) fn new(abort: &CancellationToken) -> Self {
        Self { token: abort.child_token(), reason: Arc::default() }
    }

    /// Stops the turn. Later calls do not change the reason.
    pub(crate) fn cut(&self, reason: Interruption) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// Returns the reason if the turn is stopped, otherwise `None`.
    pub(crate) fn reason(&self) -> Option<Interruption> {
        // Without its own reason, the signal came from the abort of the service.
        self.token.is_cancelled().then(|| *self.reason.get_or_init(|| Interruption::Shutdown))
    }

    /// Runs a future until it is done. If the turn is stopped first, drops the future and returns `None`.
    pub(crate) async fn or_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => None,
            done = work => Some(done),
        }
    }
}

/// A model's event stream with a limit on silence. A stop, a silent peer and an early end are errors of
/// [`Self::next`].
pub(crate) struct Watched<'a, S> {
    stream: S,
    idle_limit: Duration,
    /// Rings when the peer may have been silent for `idle_limit`. Events do not move it: moving a timer for
    /// each event costs more than looking at the time when it rings.
    alarm: Pin<Box<Sleep>>,
    stopped: Pin<Box<WaitForCancellationFuture<'a>>>,
}

impl<'a, S, T> Watched<'a, S>
where
    S: Stream<Item = Result<T, LlmError>> + Unpin,
{
    /// Watches a stream that may be silent for `idle_limit`.
    pub(crate) fn new(stream: S, idle_limit: Duration, stop: &'a Stop) -> Self {
        let (alarm, stopped) = (Box::pin(sleep(idle_limit)), Box::pin(stop.token.cancelled()));
        Self { stream, idle_limit, alarm, stopped }
    }

    /// Returns the next event. Only the time spent waiting here counts as silence, so a slow caller ends no
    /// stream.
    ///
    /// # Errors
    /// Returns [`LlmError::Cancelled`] after a stop, even if an event is ready; [`LlmError::Silent`] after
    /// the limit; [`LlmError::BrokenOff`] at the end of the stream; and the errors of the stream.
    pub(crate) async fn next(&mut self) -> Result<T, LlmError> {
        let silent_at = Instant::now() + self.idle_limit;
        loop {
            tokio::select! {
                biased;
                () = &mut self.stopped => return Err(LlmError::Cancelled),
                event = self.stream.next() => return event.unwrap_or(Err(LlmError::BrokenOff)),
                () = &mut self.alarm => {}
            }
            if silent_at <= Instant::now() {
                return Err(LlmError::Silent(self.idle_limit));
            }
            self.alarm.as_mut().reset(silent_at);
        }
    }
}

#[cfg(test)]
mod tests {
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
}
