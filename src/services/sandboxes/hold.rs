//! The right to use a sandbox: a lease, and the task that renews it, extends the life of the sandbox and ends
//! what runs in it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{EXTENSION, LIFE, RENEWAL, Sandboxes};
use crate::db::Db;
use crate::db::sandboxes::{self, SandboxLease};
use crate::sandbox::{Connection, SandboxError};

/// How long interrupted code may take to end before its sandbox is killed.
const INTERRUPTION_LIMIT: Duration = Duration::from_secs(2);

/// The right to use a sandbox. A task beside it renews the lease and the life of the sandbox, and ends the
/// lease when this value is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) lease: SandboxLease,
    db: Db,
    /// Cancelled when the sandbox is taken away.
    pub(super) lost: CancellationToken,
    shared: Arc<Shared>,
    _end: DropGuard,
}

#[derive(Debug, Default)]
struct Shared {
    /// Whether code was begun and has not ended.
    running: AtomicBool,
    connection: Mutex<Option<Connection>>,
}

impl Hold {
    pub(super) fn new(sandboxes: &Sandboxes, lease: SandboxLease) -> Self {
        let (end, lost, shared) = (CancellationToken::new(), CancellationToken::new(), Arc::default());
        let keeper =
            Keeper { sandboxes: sandboxes.clone(), lease, lost: lost.clone(), shared: Arc::clone(&shared) };
        sandboxes.life.spawn("sandbox lease", keeper.run(end.clone()));
        Self { lease, db: sandboxes.db.clone(), lost, shared, _end: end.drop_guard() }
    }

    /// Asks the database whether the sandbox was taken away. Returns `false` if that cannot be found out.
    pub(super) async fn is_taken_away(&self) -> bool {
        matches!(timeout(RENEWAL, sandboxes::renew(&self.db, self.lease)).await, Ok(Ok(false)))
    }

    /// Names the sandbox, whose life is extended from now on.
    pub(super) fn holds(&self, connection: &Connection) {
        *self.shared.connection.lock() = Some(connection.clone());
    }

    /// Notes whether code was begun and has not ended.
    pub(super) fn set_running(&self, is_running: bool) {
        self.shared.running.store(is_running, Ordering::Relaxed);
    }
}

/// The task beside an open sandbox.
struct Keeper {
    sandboxes: Sandboxes,
    lease: SandboxLease,
    lost: CancellationToken,
    shared: Arc<Shared>,
}

impl Keeper {
    async fn run(self, end: CancellationToken) {
        if end.run_until_cancelled(self.keep()).await.is_some() {
            // Taken away: whatever runs in it belongs to nobody.
            self.lost.cancel();
            end.cancelled().await;
        }
        let connection = self.shared.connection.lock().clone();
        if let Some(connection) = connection.filter(|_| self.shared.running.load(Ordering::Relaxed)) {
            self.end_code(&connection).await;
        }
        let (db, lease) = (&self.sandboxes.db, self.lease);
        if let Err(error) = db.persist(|| sandboxes::release(db, lease)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the lease of a sandbox ends by itself");
        }
    }

    /// Keeps the lease and the sandbox alive. Returns when either is lost.
    async fn keep(&self) {
        let db = &self.sandboxes.db;
        let mut extended = Instant::now();
        loop {
            tokio::time::sleep(RENEWAL).await;
            match timeout(RENEWAL, sandboxes::renew(db, self.lease)).await {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return,
                // The next renewal may work; otherwise the lease ends by itself.
                Ok(Err(error)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the lease of a sandbox is not renewed");
                }
                Err(_elapsed) => tracing::warn!("the lease of a sandbox is not renewed in time"),
            }
            let connection = self.shared.connection.lock().clone();
            let Some(connection) = connection.filter(|_| extended.elapsed() >= EXTENSION) else { continue };
            match timeout(RENEWAL, self.sandboxes.client.extend(&connection.id, LIFE)).await {
                Ok(Ok(())) => extended = Instant::now(),
                Ok(Err(SandboxError::Gone)) => return,
                Ok(Err(error)) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the life of a sandbox is not extended"
                    );
                }
                Err(_elapsed) => tracing::warn!("the life of a sandbox is not extended in time"),
            }
        }
    }

    /// Makes sure that code whose connection was closed has ended: an interpreter that takes up other work
    /// has been interrupted. Otherwise the sandbox is killed.
    async fn end_code(&self, connection: &Connection) {
        let probe = async {
            let mut execution = self.sandboxes.client.execute(connection, "None", None).await?;
            while execution.next().await?.is_some() {}
            Ok::<(), SandboxError>(())
        };
        if let Ok(Ok(())) = timeout(INTERRUPTION_LIMIT, probe).await {
            return;
        }
        tracing::info!("code did not end when it was interrupted, its sandbox is killed");
        let (db, lease) = (&self.sandboxes.db, self.lease);
        if let Err(error) = db.persist(|| sandboxes::drop(db, lease)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a sandbox ends by itself");
        }
        self.sandboxes.look_for_unwanted();
    }
}
