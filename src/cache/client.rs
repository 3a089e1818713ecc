//! The way to Redis: connections with limits, the breaker in front of them, and what is counted and logged about both.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::TcpSettings;
use redis::{ErrorKind, IntoConnectionInfo, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};
use secrecy::{ExposeSecret, SecretString};

use super::breaker::{Breaker, CallFailure, PERIOD, Transition};
use super::keys::{Keys, Origin};
use crate::telemetry::metrics::Metrics;

/// How long an answer of Redis is waited for. With it the breaker opens at once, so a slow Redis costs at most one
/// such wait a breaker period.
const RESPONSE_LIMIT: Duration = Duration::from_millis(250);
/// How long an answer with a large value is waited for; these have a connection of their own.
const BULK_LIMIT: Duration = Duration::from_secs(2);
/// How long a connection may take to be made. Nobody waits longer than for a response.
const CONNECTION_LIMIT: Duration = RESPONSE_LIMIT;

/// Why there is no answer. Readers take it for a miss; the write-behind takes another way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CacheError {
    /// There is no Redis, or it is left alone for the moment. It was not asked.
    #[error("Redis is not asked")]
    Away,
    /// It was asked and did not answer; what was asked may have been done all the same.
    #[error("Redis did not answer")]
    Failed,
    /// It answered that it does not do this, for lack of memory or for good.
    #[error("Redis refused")]
    Refused,
}

/// Which connection a call takes, and how patient it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Priority {
    /// Small values, in somebody's way.
    Quick,
    /// The same where nobody waits.
    Background,
    /// Large values, which must not stand in the way of the small ones.
    Bulk,
}

/// The cache. Cheap to clone; without Redis every read is a miss and every write is nothing.
#[derive(Clone)]
pub struct Cache(Option<Arc<Inner>>);

struct Inner {
    quick: ConnectionManager,
    bulk: ConnectionManager,
    breaker: Breaker,
    /// Whether Redis refuses writes for lack of memory.
    full: AtomicBool,
    keys: Keys,
    metrics: Metrics,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Cache(Redis)" } else { "Cache(none)" })
    }
}

/// A client whose connections send at once: docs/decisions/0001-tcp-nodelay.md.
pub(super) fn client(url: &SecretString) -> RedisResult<redis::Client> {
    let server = url.expose_secret().into_connection_info()?;
    redis::Client::open(server.set_tcp_settings(TcpSettings::default().set_nodelay(true)))
}

impl Cache {
    /// A cache without Redis.
    pub fn disabled() -> Self {
        Self(None)
    }

    /// Connects lazily: the first call finds out whether Redis is there. `origin` names the database whose rows are
    /// cached, so that entries of another one, or of one from before a restore, are never taken for its own.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub fn open(url: &SecretString, origin: &Origin, metrics: Metrics) -> Result<Self, RedisError> {
        let client = client(url)?;
        let connect = |limit: Duration| {
            // No retries behind our back: the breaker decides when to try again.
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECTION_LIMIT))
                .set_response_timeout(Some(limit))
                .set_number_of_retries(0);
            ConnectionManager::new_lazy_with_config(client.clone(), config)
        };
        Ok(Self(Some(Arc::new(Inner {
            quick: connect(RESPONSE_LIMIT)?,
            bulk: connect(BULK_LIMIT)?,
            breaker: Breaker::default(),
            full: AtomicBool::new(false),
            keys: Keys::of(origin),
            metrics,
        }))))
    }

    /// Whether there is a Redis at all.
    pub fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// The names of entries; none without Redis.
    pub(super) fn keys(&self) -> Result<&Keys, CacheError> {
        self.0.as_ref().map(|inner| &inner.keys).ok_or(CacheError::Away)
    }

    /// Sends commands in one round trip; one result for each, in order.
    pub(super) async fn ask(
        &self,
        priority: Priority,
        commands: &mut Pipeline,
    ) -> Result<Vec<Result<Value, CacheError>>, CacheError> {
        let Some(inner) = &self.0 else { return Err(CacheError::Away) };
        inner.ask(priority, commands.ignore_errors()).await
    }

    /// Sends one command.
    pub(super) async fn ask_one(
        &self,
        priority: Priority,
        commands: &mut Pipeline,
    ) -> Result<Value, CacheError> {
        self.ask(priority, commands).await?.pop().unwrap_or(Err(CacheError::Failed))
    }

    /// Counts a read.
    pub(super) fn count(&self, cache: &'static str, hit: bool) {
        if let Some(inner) = &self.0 {
            let Metrics { redis_cache_hits, redis_cache_misses, .. } = &inner.metrics;
            let counter = if hit { redis_cache_hits } else { redis_cache_misses };
            counter.with_label_values(&[cache]).inc();
        }
    }
}

impl Inner {
    async fn ask(
        &self,
        priority: Priority,
        commands: &Pipeline,
    ) -> Result<Vec<Result<Value, CacheError>>, CacheError> {
        let Some(permit) = self.breaker.admit() else { return Err(CacheError::Away) };
        let (connection, limit) = match priority {
            Priority::Quick | Priority::Background => (&self.quick, RESPONSE_LIMIT),
            Priority::Bulk => (&self.bulk, BULK_LIMIT),
        };
        self.metrics.redis_round_trips.inc();
        let mut connection = connection.clone();
        // The connection has limits of its own; this one also covers making it and the two together.
        let answer = tokio::time::timeout(limit, async {
            commands.query_async::<Vec<RedisResult<Value>>>(&mut connection).await
        });
        let fault = match answer.await {
            Err(_) => (CallFailure::Timeout, "no answer in time".to_owned()),
            Ok(Err(error)) if error.is_timeout() => (CallFailure::Timeout, error.to_string()),
            Ok(Err(error)) => (CallFailure::Failure, error.to_string()),
            Ok(Ok(results)) => {
                let away = results.iter().filter_map(|result| result.as_ref().err()).find(|e| is_away(e));
                let Some(error) = away else {
                    self.note(permit.succeeded(), "");
                    return Ok(results.into_iter().map(|result| self.judge(result)).collect());
                };
                (CallFailure::Failure, error.to_string())
            }
        };
        let kind = match fault.0 {
            CallFailure::Timeout if priority == Priority::Background => "background_timeout",
            CallFailure::Timeout => "timeout",
            CallFailure::Failure => "connection",
        };
        self.metrics.redis_failures.with_label_values(&[kind]).inc();
        // A large value on a slow way is no proof that small ones are slow.
        let weight = if priority == Priority::Bulk { CallFailure::Failure } else { fault.0 };
        self.note(permit.failed(weight), &fault.1);
        Err(CacheError::Failed)
    }

    /// A result of a server that is there. A refusal for lack of memory is told once, until writes work again.
    fn judge(&self, result: RedisResult<Value>) -> Result<Value, CacheError> {
        let error = match result {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        self.metrics.redis_failures.with_label_values(&["refused"]).inc();
        let text = error.to_string();
        if !text.contains("OOM") {
            tracing::warn!(error = text, "Redis refused a command");
        } else if !self.full.swap(true, Ordering::Relaxed) {
            tracing::warn!("Redis is at its memory limit and refuses writes, going on without them");
        }
        Err(CacheError::Refused)
    }

    /// The one log line of a change.
    fn note(&self, change: Transition, reason: &str) {
        match change {
            Transition::None => {}
            Transition::Opened => {
                self.metrics.redis_circuit_open.set(1);
                self.metrics.redis_circuit_opened.inc();
                let period_s = PERIOD.as_secs();
                tracing::warn!(reason, period_s, "Redis is away, going on without it");
            }
            Transition::Closed => {
                self.metrics.redis_circuit_open.set(0);
                tracing::info!("Redis is back");
            }
        }
    }
}

impl Cache {
    /// A write has worked: there is memory again.
    pub(super) fn wrote(&self) {
        if let Some(inner) = &self.0
            && inner.full.swap(false, Ordering::Relaxed)
        {
            tracing::info!("Redis takes writes again");
        }
    }
}

/// Whether a server that answers cannot serve now: it loads its data, is a replica after a failover, or has lost its
/// primary.
fn is_away(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => matches!(
            kind,
            ServerErrorKind::BusyLoading
                | ServerErrorKind::ReadOnly
                | ServerErrorKind::MasterDown
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::TryAgain
        ),
        ErrorKind::Extension => matches!(error.code(), Some("MISCONF" | "BUSY" | "NOREPLICAS")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_to_redis_leaves_at_once() {
        for url in ["redis://127.0.0.1", "redis://:secret@redis:6380/3", "unix:///run/redis.sock"] {
            let client = client(&url.to_owned().into()).unwrap();
            assert!(client.get_connection_info().tcp_settings().nodelay(), "{url}");
        }
    }
}
