//! Is Redis there, and is it set up so that nothing but the cache can get lost in it?

use std::time::Duration;

use redis::InfoDict;
use secrecy::SecretString;

use super::client::client;

/// How long the check may take.
const LIMIT: Duration = Duration::from_secs(5);

/// What a Redis says about itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Health {
    /// Its version.
    pub version: String,
    /// What it removes when its memory is full; none if it does not tell.
    pub policy: Option<String>,
    /// Whether it writes what it is told to a file, and so survives its own end.
    pub append_only: bool,
}

impl Health {
    /// Whether it removes entries that have no lifetime, which the write-behind needs to stay.
    pub fn evicts_everything(&self) -> bool {
        self.policy.as_deref().is_some_and(|policy| policy.starts_with("allkeys"))
    }
}

/// Asks a Redis about itself.
///
/// # Errors
/// What is wrong, in words; never the address, which may hold a password.
pub async fn examine(url: &SecretString) -> Result<Health, String> {
    match tokio::time::timeout(LIMIT, ask(url)).await {
        Ok(asked) => asked.map_err(|error| error.to_string()),
        Err(_) => Err("no answer".to_owned()),
    }
}

async fn ask(url: &SecretString) -> redis::RedisResult<Health> {
    let client = client(url)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    let info: InfoDict = redis::cmd("INFO").query_async(&mut connection).await?;
    Ok(Health {
        version: info.get("redis_version").unwrap_or_else(|| "of unknown version".to_owned()),
        policy: info.get("maxmemory_policy"),
        append_only: info.get::<u8>("aof_enabled") == Some(1),
    })
}
