//! Stopping: a signal with a reason, and the only place that waits on the model.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

use crate::domain::turn::Interruption;
use crate::llm::LlmError;

/// The stop signal of one turn. Cheap to clone; the first reason counts.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<Interruption>>,
}

impl Stop {
    /// A signal that also fires when the service aborts.
    pub(crate) fn new(abort: &CancellationToken) -> Self {
        Self { token: abort.child_token(), reason: Arc::default() }
    }

    /// Cuts the turn.
    pub(crate) fn cut(&self, reason: Interruption) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// The reason, once the turn is cut.
    pub(crate) fn reason(&self) -> Option<Interruption> {
        // Without a reason of its own, the signal came from the abort above it.
        self.token.is_cancelled().then(|| *self.reason.get_or_init(|| Interruption::Shutdown))
    }

    /// Runs something until it is done or the turn is cut; what is cut is dropped.
    pub(crate) async fn or_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => None,
            done = work => Some(done),
        }
    }
}

/// A stream under watch; a cut, a silent peer and an early end all are errors here.
pub(crate) struct Watched<'a, S> {
    stream: S,
    idle_limit: Duration,
    heard: Instant,
    /// Rings when nothing can have been heard for `idle_limit`; what is heard does not move it, which would cost more
    /// than to look at `heard` when it rings.
    alarm: Pin<Box<Sleep>>,
    cut: Pin<Box<WaitForCancellationFuture<'a>>>,
}

impl<'a, S, T> Watched<'a, S>
where
    S: Stream<Item = Result<T, LlmError>> + Unpin,
{
    /// Watches a stream that may be silent for `idle_limit`.
    pub(crate) fn new(stream: S, idle_limit: Duration, stop: &'a Stop) -> Self {
        let alarm = Box::pin(tokio::time::sleep(idle_limit));
        let cut = Box::pin(stop.token.cancelled());
        Self { stream, idle_limit, heard: Instant::now(), alarm, cut }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Result<T, LlmError> {
        self.heard = Instant::now();
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<T, LlmError>> {
        if self.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(LlmError::Cancelled));
        }
        if let Poll::Ready(event) = self.stream.poll_next_unpin(context) {
            return Poll::Ready(event.unwrap_or(Err(LlmError::BrokenOff)));
        }
        while self.alarm.as_mut().poll(context).is_ready() {
            let silent_at = self.heard + self.idle_limit;
            if silent_at <= Instant::now() {
                return Poll::Ready(Err(LlmError::Silent(self.idle_limit)));
            }
            self.alarm.as_mut().reset(silent_at);
        }
        Poll::Pending
    }
}
