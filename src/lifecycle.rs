//! Start and stop: every task of the process is spawned here, and shutdown waits for all of them.
//! The first signal stops new work. The end of the grace time or a second signal cuts, keeps and settles what
//! runs.

pub mod fence;
pub mod holdings;
pub mod kill_point;
pub(crate) mod process_identity;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::fence::Fence;
use self::holdings::Holdings;
pub(crate) use self::kill_point::kill_point;

/// How long cancelled work may take to store and settle its results, after the grace time.
const SETTLE_TIME: Duration = Duration::from_secs(20);

/// The tasks of the process and the two signals that end them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    tasks: TaskTracker,
    /// Cancelled when the service is to stop. While other instances can take its buckets, it gives them away first,
    /// and takes work as before in those in which something runs.
    pub leaving: CancellationToken,
    /// Cancelled when nothing is left to give away, or nobody can take it.
    pub parted: CancellationToken,
    /// Cancelled when the service takes no new work; always later than `leaving`.
    pub drain: CancellationToken,
    /// Cancelled when running work must end; always later than `drain`, although it is not a child token of
    /// it.
    pub abort: CancellationToken,
    /// Whether this instance may act.
    pub fence: Fence,
    /// The buckets of chats that this instance holds.
    pub holdings: Holdings,
    crashed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// Runs a task that shutdown waits for. A panic is logged and changes the exit code.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let this = self.clone();
        // Boxed, because a block that captures a future and then awaits it has room for it twice.
        let task = Box::pin(AssertUnwindSafe(task).catch_unwind());
        self.tasks.spawn(async move {
            if task.await.is_err() {
                this.crashed.store(true, Ordering::Relaxed);
                tracing::error!(task = name, "the task {name} panicked");
            }
        });
    }

    /// Runs a task that the service cannot do without: when it ends, shutdown starts.
    pub fn spawn_vital(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let this = self.clone();
        self.spawn(name, async move {
            let guard = this.drain.clone().drop_guard();
            task.await;
            if !this.drain.is_cancelled() {
                this.crashed.store(true, Ordering::Relaxed);
                tracing::error!(task = name, "the task {name} ended early, shutting down");
            }
            drop(guard);
        });
    }

    /// Returns whether the service is to stop.
    pub(crate) fn stops(&self) -> bool {
        self.leaving.is_cancelled() || self.drain.is_cancelled()
    }

    /// Waits until the service is to stop. A start that fails drains without leaving.
    pub(crate) async fn stopped(&self) {
        tokio::select! {
            () = self.leaving.cancelled() => {}
            () = self.drain.cancelled() => {}
        }
    }

    /// Ends the service at once, as after a crash: nothing more may be asked of anybody. Running work is cut.
    pub(crate) fn fail(&self) {
        self.fence.close();
        self.crashed.store(true, Ordering::Relaxed);
        self.leaving.cancel();
        self.drain.cancel();
        self.abort.cancel();
    }

    /// Waits for the end of the service: `signal` is awaited for the first and again for the second signal.
    /// Returns whether everything ended without a crash.
    pub async fn run(&self, mut signal: impl AsyncFnMut(), grace: Duration) -> bool {
        tokio::select! {
            () = signal() => tracing::info!("signal received, finishing what runs"),
            () = self.drain.cancelled() => {}
        }
        self.leaving.cancel();
        let is_over = tokio::time::sleep(grace);
        tokio::pin!(is_over);
        let finished = async {
            if self.fence.has_peers() {
                tokio::select! {
                    () = self.parted.cancelled() => {}
                    () = self.drain.cancelled() => {}
                }
            }
            self.drain.cancel();
            self.tasks.close();
            self.tasks.wait().await;
        };
        tokio::select! {
            () = finished => {}
            () = self.abort.cancelled() => {}
            () = signal() => tracing::warn!("second signal, cutting what runs"),
            () = &mut is_over => {
                tracing::warn!(grace_s = grace.as_secs(), "the grace time is over, cutting what runs");
            }
        }
        self.drain.cancel();
        self.tasks.close();
        self.abort.cancel();
        if tokio::time::timeout(SETTLE_TIME, self.tasks.wait()).await.is_err() {
            tracing::error!(tasks = self.tasks.len(), "tasks did not end in time");
            return false;
        }
        !self.crashed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
