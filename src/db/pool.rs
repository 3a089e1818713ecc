//! The database: its connections and transactions.

use std::future::Future;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::sync::CancellationToken;

use super::error::DbError;
use super::group_commit::{BatchOp, GroupCommit};
use super::lanes::{ACQUIRE_LIMIT, Lanes};
use super::model_calls::RecordCalls;
use super::outbox_rows::MarkSent;
use super::persistence::{OPERATION_LIMIT, Persistence, within};
use super::turns::close_turn::CloseTurn;
use super::turns::open_turn::OpenTurn;
use super::tx::Tx;
use crate::lifecycle::fence::Fence;
use crate::telemetry::metrics::Metrics;

/// Server-side limit of each statement, far above the duration of any statement on a healthy server.
const STATEMENT_LIMIT: &str = "15s";
/// Connections for opening and closing turns, but at most a third of all.
const TURNS: u32 = 2;
/// Connections for background writes.
const ASIDE: u32 = 1;
/// Connections for heartbeats, beside all others.
const BEATS: u32 = 1;
/// How long a shared statement waits for a locked row. After that each operation runs alone, so one locked
/// row cannot block the group. Our own transactions hold locks for less.
const LOCK_LIMIT: &str = "250ms";

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    pub(super) shared: Arc<GroupCommits>,
    metrics: Metrics,
    stop: CancellationToken,
    /// Whether this instance may act, and the epoch of its turns.
    fence: Fence,
    /// The connection for heartbeats, which must not wait for others.
    pub(super) beats: Arc<Lanes>,
}

/// Shared statements, with connections of their own.
#[derive(Debug)]
pub(super) struct GroupCommits {
    /// Opens turns.
    pub(super) openings: GroupCommit<OpenTurn>,
    /// Closes turns.
    pub(super) closings: GroupCommit<CloseTurn>,
    /// Background writes. They have a connection of their own and never delay a question or an answer.
    pub(super) notes: GroupCommit<RecordCalls>,
    pub(super) marks: GroupCommit<MarkSent>,
    lanes: [Arc<Lanes>; 2],
}

impl GroupCommits {
    fn new(server: &PgConnectOptions, turns: u32, metrics: &Metrics) -> Self {
        let server = server.clone().options([("lock_timeout", LOCK_LIMIT)]);
        let (busy, aside) =
            (Arc::new(Lanes::new(server.clone(), turns)), Arc::new(Lanes::new(server, ASIDE)));
        Self {
            openings: GroupCommit::new(busy.clone(), metrics.db_queries.clone()),
            closings: GroupCommit::new(busy.clone(), metrics.db_queries.clone()),
            notes: GroupCommit::new(aside.clone(), metrics.db_queries.clone()),
            marks: GroupCommit::new(aside.clone(), metrics.db_queries.clone()),
            lanes: [busy, aside],
        }
    }

    async fn close(&self) {
        let [busy, aside] = &self.lanes;
        tokio::join!(busy.close(), aside.close());
    }
}

impl Db {
    /// Creates the pool. Connections are opened by the first operations. Of the `pool_size` connections (at
    /// least 3), some are reserved for shared statements. One more, for heartbeats, is not counted.
    ///
    /// # Errors
    /// Returns [`DbError::Failed`] if the URL is invalid.
    pub fn open(url: &SecretString, pool_size: u32, metrics: Metrics) -> Result<Self, DbError> {
        let options: PgConnectOptions = url.expose_secret().parse().map_err(DbError::at("db::open"))?;
        let options = options.application_name("starling").options([
            ("statement_timeout", STATEMENT_LIMIT),
            ("idle_in_transaction_session_timeout", "30s"),
            // Planning costs more than executing a lookup by key, so each connection plans a statement once,
            // for any parameters.
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            // The generic plan may be made while the tables are empty. It suits large tables only if it uses
            // indexes.
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
        let turns = (pool_size / 3).clamp(1, TURNS);
        let shared = Arc::new(GroupCommits::new(&options, turns, &metrics));
        let beats = Arc::new(Lanes::new(options.clone(), BEATS));
        let pool_size = pool_size.saturating_sub(turns + ASIDE).max(1);
        let pool = PgPoolOptions::new()
            .max_connections(pool_size)
            .min_connections(pool_size.min(2))
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        let (stop, fence) = (CancellationToken::new(), Fence::default());
        Ok(Self { pool, shared, metrics, stop, fence, beats })
    }

    /// Ends the repetition of operations with [`DbError::Cancelled`] at `stop`. Without it they are repeated
    /// until they succeed.
    #[must_use]
    pub(crate) fn stopped_by(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// Sets the fence behind which this instance opens, answers and closes turns.
    #[must_use]
    pub(crate) fn behind(self, fence: Fence) -> Self {
        Self { fence, ..self }
    }

    /// Returns the epoch under which this instance opens and closes turns.
    pub(crate) fn epoch(&self) -> i64 {
        self.fence.epoch()
    }

    /// Checks that this instance may begin something.
    ///
    /// # Errors
    /// Returns [`DbError::Fenced`], which passes unless another instance has taken over.
    pub(super) fn check_fence(&self) -> Result<(), DbError> {
        if self.fence.is_open() { Ok(()) } else { Err(DbError::Fenced) }
    }

    /// Creates a database that nobody reaches, for tests; operations are not repeated. Needs a runtime.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let metrics = Metrics::new().expect("families have names of their own");
        let stop = CancellationToken::new();
        stop.cancel();
        let url = "postgres://nobody@127.0.0.1:1/none".to_owned().into();
        Self::open(&url, 1, metrics).expect("an address").stopped_by(stop)
    }

    /// Opens a transaction.
    pub(crate) async fn begin(&self) -> Result<Tx<'static>, DbError> {
        // Boxed: the future that waits for a connection has 14 KB, which every caller's future would contain.
        let inner = Box::pin(self.pool.begin()).await.map_err(DbError::at("db::begin"))?;
        Ok(Tx::new(inner, self.metrics.db_queries.clone(), self.epoch()))
    }

    /// Commits a transaction.
    pub(crate) async fn commit(tx: Tx<'static>) -> Result<(), DbError> {
        tx.commit().await
    }

    /// Executes an operation together with others, or alone if that fails.
    ///
    /// # Errors
    /// Returns the errors of the statement.
    pub(super) async fn submit<W: BatchOp>(
        &self,
        group: &GroupCommit<W>,
        op: impl Fn() -> W,
    ) -> Result<W::Output, DbError> {
        if let Some(output) = group.try_submit(op()).await {
            return Ok(output);
        }
        let mut tx = self.begin().await?;
        let mut outputs = W::execute(&mut tx, vec![op()]).await?;
        Self::commit(tx).await?;
        outputs.pop().ok_or_else(|| DbError::MissingRow { at: "group_commit::submit" })
    }

    /// Returns the pool for a single statement, which is counted.
    pub(crate) fn pool(&self) -> &PgPool {
        self.metrics.db_queries.inc();
        &self.pool
    }

    /// Repeats an operation until it succeeds, fails permanently, or the service stops; see
    /// [`Persistence::persist`].
    ///
    /// # Errors
    /// Returns the errors that a repetition cannot heal, and [`DbError::Cancelled`].
    #[track_caller]
    pub fn persist<T, F>(&self, operation: impl Fn() -> F) -> impl Future<Output = Result<T, DbError>>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        self.until(&self.stop).persist(operation)
    }

    /// Returns a handle that repeats operations until `stop`, which may come before the stop of the database
    /// itself.
    pub fn until<'a>(&'a self, stop: &'a CancellationToken) -> Persistence<'a> {
        Persistence { metrics: &self.metrics, stop }
    }

    /// Runs an operation once, within `OPERATION_LIMIT`.
    ///
    /// # Errors
    /// Returns the errors of the operation, and [`DbError::Deadline`] after the time limit.
    pub async fn attempt<T>(
        &self,
        operation: impl Future<Output = Result<T, DbError>>,
    ) -> Result<T, DbError> {
        within(OPERATION_LIMIT, operation).await
    }

    /// Returns how many connections of the pool are in use, and how many are idle.
    pub(crate) fn connections(&self) -> (i64, i64) {
        let idle = i64::try_from(self.pool.num_idle()).unwrap_or(i64::MAX);
        ((i64::from(self.pool.size()) - idle).max(0), idle)
    }

    /// Closes all connections after waiting for running statements.
    pub async fn close(&self) {
        tokio::join!(self.pool.close(), self.shared.close(), self.beats.close());
    }
}

#[cfg(test)]
mod tests;
