//! A few connections beside the pool, for statements that many share. The one that was used last is used first, because
//! what it needs is still at hand in its server process, and nothing is asked between two uses.

use std::mem;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::DbError;

/// How long one operation waits for a free connection.
pub(super) const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// A connection that was not used for so long is not trusted any more: something on the way may have forgotten it.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// The connections.
#[derive(Debug)]
pub(super) struct Lanes {
    number: u32,
    free: Semaphore,
    server: PgConnectOptions,
    /// Connections that nobody uses, and since when.
    idle: Mutex<Vec<(PgConnection, Instant)>>,
}

/// The right to use one connection, until this is dropped.
#[derive(Debug)]
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    _right: SemaphorePermit<'a>,
}

impl Lanes {
    /// Up to so many connections, made when they are needed.
    pub(super) fn new(server: PgConnectOptions, number: u32) -> Self {
        let free = Semaphore::new(usize::try_from(number).unwrap_or(1));
        Self { number, free, server, idle: Mutex::default() }
    }

    /// Waits for a lane; none when they are closed.
    pub(super) async fn enter(&self) -> Option<Lane<'_>> {
        Some(Lane { lanes: self, _right: self.free.acquire().await.ok()? })
    }

    /// A lane that is free at this moment, if nobody waits for it.
    pub(super) fn try_enter(&self) -> Option<Lane<'_>> {
        Some(Lane { lanes: self, _right: self.free.try_acquire().ok()? })
    }

    /// Ends the connections; waits for running statements.
    pub(super) async fn close(&self) {
        let all = self.free.acquire_many(self.number).await;
        self.free.close();
        drop(all);
        let idle = mem::take(&mut *self.idle());
        for (connection, _) in idle {
            if let Err(error) = connection.close().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "a connection did not end well");
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(PgConnection, Instant)>> {
        // Nothing that holds it can panic half-way.
        self.idle.lock()
    }
}

impl Lane<'_> {
    /// A connection. Only one that has answered may be given back.
    pub(super) async fn connection(&self) -> Result<PgConnection, DbError> {
        let idle = {
            let mut idle = self.lanes.idle();
            idle.retain(|(_, since)| since.elapsed() < IDLE_LIMIT);
            idle.pop()
        };
        if let Some((connection, _)) = idle {
            return Ok(connection);
        }
        let connected = timeout(ACQUIRE_LIMIT, PgConnection::connect_with(&self.lanes.server)).await;
        match connected {
            Ok(connected) => connected.map_err(DbError::at("lanes::connection")),
            Err(_elapsed) => Err(DbError::Deadline { limit: ACQUIRE_LIMIT }),
        }
    }

    /// Keeps the connection for the next use.
    pub(super) fn give_back(&self, connection: PgConnection) {
        self.lanes.idle().push((connection, Instant::now()));
    }
}
