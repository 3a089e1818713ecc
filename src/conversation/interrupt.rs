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
mod tests;
