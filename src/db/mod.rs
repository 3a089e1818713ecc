//! PostgreSQL: the pool, transactions, and one repository a table. The only place that knows SQL.
//! Query functions take `&mut Tx` or a pool and return domain types; a service opens and commits.

pub mod audit;
pub mod balance;
pub mod dead_letters;
pub mod dialogs;
mod error;
pub mod files;
pub mod holds;
pub mod inbox;
pub mod invoices;
pub mod messages;
pub mod migrate;
pub mod model_calls;
pub mod outbox;
pub mod payments;
pub mod people;
pub mod reconciliations;
pub mod records;
pub mod retention;
pub mod settings;
pub mod threads;
pub mod topics;
pub mod turns;
mod tx;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use error::DbError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
pub use tx::Tx;

use crate::telemetry::metrics::Metrics;

/// How long one operation waits for a free connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// The first and the longest pause between tries while the server is away.
const RETRY_PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// No statement of ours takes longer on a healthy server.
const STATEMENT_LIMIT: &str = "15s";
/// One connection of so many is for notes that nobody waits for.
const ASIDE: u32 = 4;
/// No operation takes longer, also when the server has vanished without a word.
const OPERATION_LIMIT: Duration = Duration::from_secs(20);

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    /// Room for operations that may wait for others.
    aside: Arc<Semaphore>,
    metrics: Metrics,
}

impl Db {
    /// Connects lazily: the first operation finds out whether the server is there.
    ///
    /// # Errors
    /// When the address cannot be understood.
    pub fn open(url: &SecretString, pool_size: u32, metrics: Metrics) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.expose_secret().parse().map_err(DbError::at("db::open"))?;
        let options = options.application_name("starling").options([
            ("statement_timeout", STATEMENT_LIMIT),
            ("idle_in_transaction_session_timeout", "30s"),
            // Making a plan costs more than running a statement that looks rows up by their keys, so each connection makes
            // one of each, for any values.
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            // That one is made when the tables may still be empty, and is good for large ones only if it uses keys.
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(pool_size)
            .min_connections(2)
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let aside = Arc::new(Semaphore::new(usize::try_from(pool_size / ASIDE).unwrap_or(1).max(1)));
        Ok(Self { pool, aside, metrics })
    }

    /// A database that nobody reaches, for tests of what does not need one. Wants a runtime.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let metrics = Metrics::new().expect("families have names of their own");
        Self::open(&"postgres://nobody@127.0.0.1:1/none".to_owned().into(), 1, metrics).expect("an address")
    }

    /// Opens a transaction.
    pub(crate) async fn begin(&self) -> Result<Tx<'static>, DbError> {
        // Boxed: waiting for a connection takes 14 KB, for which every caller would have room.
        let inner = Box::pin(self.pool.begin()).await.map_err(DbError::at("db::begin"))?;
        Ok(Tx::new(inner, self.metrics.db_queries.clone()))
    }

    /// Makes a transaction's work last.
    pub(crate) async fn commit(tx: Tx<'static>) -> Result<(), DbError> {
        tx.commit().await
    }

    /// For one single statement, which is counted.
    pub(crate) fn pool(&self) -> &PgPool {
        self.metrics.db_queries.inc();
        &self.pool
    }

    /// Runs `operation` until it works, is refused for good, or `stop` is cancelled; waits while the server is away.
    /// The operation may have taken effect although its answer was lost, so it must be harmless to repeat, and its
    /// answer must be the same then.
    ///
    /// # Errors
    /// Those of the operation that trying again cannot heal, and [`DbError::Cancelled`].
    pub async fn persist<T, F>(
        &self,
        at: &'static str,
        stop: &CancellationToken,
        operation: impl Fn() -> F,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        self.persist_within(OPERATION_LIMIT, at, stop, operation).await
    }

    /// [`Db::persist`] for a note that nobody waits for: when many people write or many answers end at once, only a part of the
    /// connections is busy with notes, and the answers have the others.
    ///
    /// # Errors
    /// As for [`Db::persist`].
    pub async fn persist_aside<T, F>(
        &self,
        at: &'static str,
        stop: &CancellationToken,
        operation: impl Fn() -> F,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let _room = tokio::select! {
            biased;
            room = self.aside.acquire() => room.ok(),
            // There is no later any more.
            () = stop.cancelled() => None,
        };
        self.persist(at, stop, operation).await
    }

    /// [`Db::persist`] for an operation that may take longer than usual.
    ///
    /// # Errors
    /// As for [`Db::persist`].
    pub async fn persist_within<T, F>(
        &self,
        limit: Duration,
        at: &'static str,
        stop: &CancellationToken,
        operation: impl Fn() -> F,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let (mut pause, longest) = RETRY_PAUSES;
        loop {
            match within(limit, at, operation()).await {
                Err(error) if error.is_transient() => {
                    self.metrics.db_retries.inc();
                    tracing::warn!(
                        at,
                        error = &error as &dyn std::error::Error,
                        "the database is away, waiting"
                    );
                }
                settled => return settled,
            }
            tokio::select! {
                () = stop.cancelled() => return Err(DbError::Cancelled { at }),
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(longest),
            }
        }
    }

    /// Runs an operation once, within the time that any operation may take.
    ///
    /// # Errors
    /// Those of the operation; [`DbError::Unavailable`] when the time is over.
    pub async fn attempt<T>(
        &self,
        at: &'static str,
        operation: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        within(OPERATION_LIMIT, at, operation).await
    }

    /// Closes all connections; waits for running statements.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A server that has vanished without a word does not even refuse.
async fn within<T>(
    limit: Duration,
    at: &'static str,
    operation: impl Future<Output = Result<T, DbError>>,
) -> Result<T, DbError> {
    // Boxed, so that whoever does something else most of the time has no room for it.
    let settled = tokio::time::timeout(limit, Box::pin(operation)).await;
    settled.unwrap_or_else(|_| Err(DbError::at(at)(sqlx::Error::PoolTimedOut)))
}
