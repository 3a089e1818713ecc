//! A few connections beside the pool, for shared statements. The connection used last is taken first, because
//! its server process has the warmest caches. A connection is not checked before each use.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sqlx::{Connection, PgConnection, SqlStr};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::DbError;
use super::servers::Servers;
use super::session::Purpose;

/// How long an operation waits for a free connection.
pub(super) const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// Idle time after which a connection is discarded, because a firewall or proxy may have dropped it silently.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// A fixed number of lanes, each with a connection while it is in use.
#[derive(Debug)]
pub(super) struct Lanes {
    number: u32,
    free: Semaphore,
    servers: Arc<Servers>,
    begin: Option<SqlStr>,
    /// Idle connections, and since when each is idle.
    idle: Mutex<Vec<(LaneConnection, Instant)>>,
}

/// A connection of a lane.
#[derive(Debug)]
pub(super) struct LaneConnection {
    pub(super) inner: PgConnection,
    /// The generation of the server that it leads to.
    generation: u64,
}

/// The right to use one connection, released on drop.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    _right: SemaphorePermit<'a>,
}

impl Lanes {
    /// Creates `number` lanes. Connections are opened on demand.
    pub(super) fn new(servers: Arc<Servers>, has_pooler: bool, number: u32) -> Self {
        let free = Semaphore::new(usize::try_from(number).unwrap_or(1));
        let begin = has_pooler.then(|| Purpose::Shared.begin());
        Self { number, free, servers, begin, idle: Mutex::default() }
    }

    /// Waits for a free lane. Returns `None` once the lanes are closed.
    pub(super) async fn enter(&self) -> Option<Lane<'_>> {
        Some(Lane { lanes: self, _right: self.free.acquire().await.ok()? })
    }

    /// Returns a lane if one is free and nobody waits for it.
    pub(super) fn try_enter(&self) -> Option<Lane<'_>> {
        Some(Lane { lanes: self, _right: self.free.try_acquire().ok()? })
    }

    /// Closes all connections after waiting for running statements.
    pub(super) async fn close(&self) {
        let all = self.free.acquire_many(self.number).await;
        self.free.close();
        drop(all);
        let idle = mem::take(&mut *self.idle());
        for (connection, _) in idle {
            if let Err(error) = connection.inner.close().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection could not be closed");
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(LaneConnection, Instant)>> {
        // No code panics while holding the lock.
        self.idle.lock()
    }
}

impl Lane<'_> {
    /// Returns a connection. Only one whose last statement has returned may be given back.
    pub(super) async fn connection(&self) -> Result<LaneConnection, DbError> {
        let servers = &self.lanes.servers;
        let idle = {
            let mut idle = self.lanes.idle();
            idle.retain(|(connection, since)| {
                since.elapsed() < IDLE_LIMIT && servers.is_current(connection.generation)
            });
            idle.pop()
        };
        if let Some((connection, _)) = idle {
            return Ok(connection);
        }
        let (server, generation) = servers.connect(Purpose::Shared);
        let connected = timeout(ACQUIRE_LIMIT, PgConnection::connect_with(&server)).await;
        match connected {
            Ok(connected) => {
                let inner = connected.map_err(DbError::at("lanes::connection"))?;
                Ok(LaneConnection { inner, generation })
            }
            Err(_elapsed) => Err(DbError::Deadline { limit: ACQUIRE_LIMIT }),
        }
    }

    /// Returns what begins a statement's transaction; `None` if it needs none.
    pub(super) fn begin(&self) -> Option<SqlStr> {
        self.lanes.begin.clone()
    }

    /// Keeps the connection for the next use.
    pub(super) fn give_back(&self, connection: LaneConnection) {
        self.lanes.idle().push((connection, Instant::now()));
    }
}
