//! PostgreSQL: the pool, transactions, and one repository a table. The only place that knows SQL.
//! Query functions take `&mut Tx` or a pool and return domain types; a service opens and commits.

pub mod audit;
pub mod balance;
pub mod dialogs;
mod error;
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
pub mod settings;
pub mod threads;
pub mod turns;

use std::future::Future;
use std::time::Duration;

pub use error::DbError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres};
use tokio_util::sync::CancellationToken;

use crate::telemetry::metrics::Metrics;

/// How long one operation waits for a free connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// The first and the longest pause between tries while the server is away.
const RETRY_PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// No statement of ours takes longer on a healthy server.
const STATEMENT_LIMIT: &str = "15s";
/// No operation takes longer, also when the server has vanished without a word.
const OPERATION_LIMIT: Duration = Duration::from_secs(20);

/// A transaction: committed by the function that opened it, rolled back when dropped.
pub type Tx<'a> = sqlx::Transaction<'a, Postgres>;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
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
        ]);
        let pool = PgPoolOptions::new()
            .max_connections(pool_size)
            .min_connections(2)
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self { pool, metrics })
    }

    /// Opens a transaction.
    pub(crate) async fn begin(&self) -> Result<Tx<'static>, DbError> {
        self.pool.begin().await.map_err(DbError::at("db::begin"))
    }

    /// Makes a transaction's work last.
    pub(crate) async fn commit(tx: Tx<'static>) -> Result<(), DbError> {
        tx.commit().await.map_err(DbError::at("db::commit"))
    }

    /// For single statements.
    pub(crate) fn pool(&self) -> &PgPool {
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

    /// The same for an operation that may take longer than usual.
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
            // A server that has vanished without a word does not even refuse.
            let settled = tokio::time::timeout(limit, operation()).await;
            match settled.unwrap_or_else(|_| Err(DbError::at(at)(sqlx::Error::PoolTimedOut))) {
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

    /// Closes all connections; waits for running statements.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}
