//! Access to Redis: connections with time limits, the breaker in front of them, and their metrics and log
//! lines.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use redis::{ErrorKind, Pipeline, RedisError, RedisResult, ServerErrorKind, Value};

use super::breaker::{Breaker, CallFailure, PERIOD, Transition};
use super::keys::{Keys, Origin};
use super::link::Link;
use super::server::Server;
use crate::config::Redis;
use crate::telemetry::metrics::Metrics;

/// Time limit for a response. Exceeding it opens the breaker, so a slow Redis delays the calls under way
/// once, and then one per breaker period.
const RESPONSE_LIMIT: Duration = Duration::from_millis(250);
/// Time limit for a response with a large value; these use a connection of their own.
const BULK_LIMIT: Duration = Duration::from_secs(2);

/// Why there is no response. Readers treat it as a miss; write-behind goes directly to the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CacheError {
    /// Redis is not configured, or the breaker is open. Nothing was sent.
    #[error("Redis is not asked")]
    Away,
    /// Redis was called and did not respond; the command may have taken effect.
    #[error("Redis did not answer")]
    Failed,
    /// Redis refused the command, for lack of memory or for good.
    #[error("Redis refused")]
    Refused,
}

/// The connection that a call uses, and its time limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Priority {
    /// Small values that somebody waits for.
    Quick,
    /// Small values, in background work.
    Background,
    /// Large values, which must not delay the small ones.
    Bulk,
}

/// The cache. Cheap to clone. Without Redis every read is a miss and every write does nothing.
#[derive(Clone)]
pub struct Cache(Option<Arc<Inner>>);

struct Inner {
    quick: Link,
    bulk: Link,
    server: Arc<Server>,
    breaker: Breaker,
    /// Whether Redis refuses writes for lack of memory.
    full: AtomicBool,
    keys: RwLock<Arc<Keys>>,
    metrics: Metrics,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Cache(Redis)" } else { "Cache(none)" })
    }
}

impl Cache {
    /// Creates a cache without Redis.
    pub fn disabled() -> Self {
        Self(None)
    }

    /// Creates a client that connects on the first call. `origin` identifies the database whose rows are
    /// cached, so that entries of another database, or from before a restore, are never used.
    ///
    /// # Errors
    /// Returns an error if an address or a certificate is invalid.
    pub fn open(redis: &Redis, origin: &Origin, metrics: Metrics) -> Result<Self, RedisError> {
        let server = Arc::new(Server::of(redis)?);
        Ok(Self(Some(Arc::new(Inner {
            quick: Link::new(server.clone(), RESPONSE_LIMIT),
            bulk: Link::new(server.clone(), BULK_LIMIT),
            server,
            breaker: Breaker::default(),
            full: AtomicBool::new(false),
            keys: RwLock::new(Arc::new(Keys::of(origin))),
            metrics,
        }))))
    }

    /// Uses the entries of another database from now on.
    pub(crate) fn turn_to(&self, origin: &Origin) {
        if let Some(inner) = &self.0 {
            *inner.keys.write() = Arc::new(Keys::of(origin));
        }
    }

    /// Returns whether Redis is configured.
    pub fn is_enabled(&self) -> bool {
        self.0.is_some()
    }

    /// Returns the server, for a connection of its own; `None` without Redis.
    pub(super) fn server(&self) -> Option<Arc<Server>> {
        self.0.as_ref().map(|inner| inner.server.clone())
    }

    /// Returns the names of entries, or an error without Redis.
    pub(super) fn keys(&self) -> Result<Arc<Keys>, CacheError> {
        self.0.as_ref().map(|inner| inner.keys.read().clone()).ok_or(CacheError::Away)
    }

    /// Sends commands in one round trip and returns one result per command, in order.
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
        let (link, limit) = match priority {
            Priority::Quick | Priority::Background => (&self.quick, RESPONSE_LIMIT),
            Priority::Bulk => (&self.bulk, BULK_LIMIT),
        };
        self.metrics.redis_round_trips.inc();
        let connecting = link.current();
        // The connection has limits of its own; this one also covers making it and the two together.
        let answer = tokio::time::timeout(limit, async {
            let mut connection = connecting.clone().await?;
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
        // The server may have been replaced: the next call looks for it.
        link.forget(&connecting);
        // A large value on a slow link does not prove that small ones are slow.
        let weight = if priority == Priority::Bulk { CallFailure::Failure } else { fault.0 };
        self.note(permit.failed(weight), &fault.1);
        Err(CacheError::Failed)
    }

    /// Classifies the response of a reachable server. A refusal for lack of memory is logged once, until
    /// writes work again.
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

    /// Logs a state change of the breaker, once.
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
    /// Records that a write worked: there is memory again.
    pub(super) fn wrote(&self) {
        if let Some(inner) = &self.0
            && inner.full.swap(false, Ordering::Relaxed)
        {
            tracing::info!("Redis takes writes again");
        }
    }
}

/// Returns whether the server responds but cannot serve now: it is loading its data, is a replica after a
/// failover, or has lost its primary.
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
