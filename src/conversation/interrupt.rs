//! Stopping: a signal with a reason, and the only place that waits on the model.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;

use crate::domain::turn::Interruption;
use crate::llm::LlmError;

/// The stop signal of one turn. Cheap to clone; the first reason counts.
#[derive(Clone, Debug)]
pub struct Stop {
    token: CancellationToken,
    reason: Arc<OnceLock<Interruption>>,
}

impl Stop {
    /// A signal that also fires when the service aborts.
    pub fn new(abort: &CancellationToken) -> Self {
        Self { token: abort.child_token(), reason: Arc::default() }
    }

    /// Cuts the turn.
    pub fn cut(&self, reason: Interruption) {
        self.reason.get_or_init(|| reason);
        self.token.cancel();
    }

    /// The reason, once the turn is cut.
    pub fn reason(&self) -> Option<Interruption> {
        // Without a reason of its own, the signal came from the abort above it.
        self.token.is_cancelled().then(|| *self.reason.get_or_init(|| Interruption::Shutdown))
    }

    /// Waits for the cut.
    pub async fn cancelled(&self) {
        self.token.cancelled().await;
    }

    /// Runs something until it is done or the turn is cut; what is cut is dropped.
    pub async fn or_cut<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.token.cancelled() => None,
            done = work => Some(done),
        }
    }
}

/// The next event of a stream; a cut, a silent peer and an early end all are errors here.
pub async fn next_event<S, T>(stream: &mut S, idle_limit: Duration, stop: &Stop) -> Result<T, LlmError>
where
    S: Stream<Item = Result<T, LlmError>> + Unpin,
{
    match stop.or_cut(tokio::time::timeout(idle_limit, stream.next())).await {
        None => Err(LlmError::Cancelled),
        Some(Err(_elapsed)) => Err(LlmError::Silent(idle_limit)),
        Some(Ok(None)) => Err(LlmError::BrokenOff),
        Some(Ok(Some(event))) => event,
    }
}
