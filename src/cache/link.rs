//! A connection to Redis that many callers share. It is opened when the first of them needs it, and again after
//! a failure.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use parking_lot::Mutex;
use redis::RedisResult;
use redis::aio::MultiplexedConnection;

use super::server::Server;

/// A connection that is open or being opened, by all who wait for it.
pub(super) type Connecting = Shared<BoxFuture<'static, RedisResult<MultiplexedConnection>>>;

/// The connection of the moment.
pub(super) struct Link {
    server: Arc<Server>,
    /// The time limit for a response, and for opening the connection.
    limit: Duration,
    current: Mutex<Option<Connecting>>,
}

impl Link {
    /// Creates a link that is not connected yet.
    pub(super) fn new(server: Arc<Server>, limit: Duration) -> Self {
        Self { server, limit, current: Mutex::default() }
    }

    /// Returns the connection of the moment, or a new one.
    pub(super) fn current(&self) -> Connecting {
        let mut current = self.current.lock();
        let connect = || {
            let (server, limit) = (self.server.clone(), self.limit);
            let connect = async move { Ok(server.connect(limit).await?.0) };
            connect.boxed().shared()
        };
        current.get_or_insert_with(connect).clone()
    }

    /// Gives up a connection that has failed, unless that has been done already. Callers that wait for a
    /// response of it still get theirs.
    pub(super) fn forget(&self, failed: &Connecting) {
        let mut current = self.current.lock();
        current.take_if(|current| current.ptr_eq(failed));
    }
}
