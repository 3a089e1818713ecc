//! Checks that Redis is reachable and configured so that it can lose nothing but the cache.

use std::time::Duration;

use redis::InfoDict;

use super::server::Server;
use crate::config::Redis;

/// Time limit of the check.
const LIMIT: Duration = Duration::from_secs(5);

/// The state and configuration that a Redis server reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Health {
    /// Its version.
    pub version: String,
    /// The eviction policy (`maxmemory-policy`); `None` if the server does not report it.
    pub policy: Option<String>,
    /// Whether it persists writes to an append-only file, and so keeps them across a restart.
    pub append_only: bool,
    /// The address of the master that the Sentinels have named; `None` without Sentinel.
    pub master: Option<String>,
}

impl Health {
    /// Returns whether it also evicts keys without an expiry time, which write-behind must keep.
    pub(crate) fn evicts_everything(&self) -> bool {
        self.policy.as_deref().is_some_and(|policy| policy.starts_with("allkeys"))
    }
}

/// Queries a Redis server for its state and configuration.
///
/// # Errors
/// Returns a description of the problem, without the address, which may hold a password.
pub(crate) async fn examine(redis: &Redis) -> Result<Health, String> {
    match tokio::time::timeout(LIMIT, ask(redis)).await {
        Ok(asked) => asked.map_err(|error| error.to_string()),
        Err(_) => Err("no answer".to_owned()),
    }
}

async fn ask(redis: &Redis) -> redis::RedisResult<Health> {
    let (mut connection, address) = Server::of(redis)?.connect(LIMIT).await?;
    let info: InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
    Ok(Health {
        version: info.get("redis_version").unwrap_or_else(|| "of unknown version".to_owned()),
        policy: info.get("maxmemory_policy"),
        append_only: info.get::<u8>("aof_enabled") == Some(1),
        master: redis.sentinel.is_some().then_some(address),
    })
}
