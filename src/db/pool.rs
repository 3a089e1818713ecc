//! The database: its connections and transactions.

mod following;

use std::future::Future;
use std::sync::Arc;

use secrecy::SecretString;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, SqlStr};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::DbError;
use super::group_commit::{BatchOp, GroupCommit};
use super::lanes::{ACQUIRE_LIMIT, Lanes};
use super::model_calls::RecordCalls;
use super::outbox_rows::MarkSent;
use super::persistence::{OPERATION_LIMIT, Persistence, within};
use super::servers::Servers;
use super::session::Purpose;
use super::single::Single;
use super::turns::close_turn::CloseTurn;
use super::turns::open_turn::OpenTurn;
use super::tx::Tx;
use crate::config::{Database, Postgres};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, InstanceId};
use crate::lifecycle::fence::Fence;
use crate::lifecycle::holdings::Holdings;
use crate::telemetry::metrics::Metrics;

/// Connections for opening and closing turns, but at most a third of all.
const TURNS: u32 = 2;
/// Connections for background writes.
const ASIDE: u32 = 1;
/// Connections for heartbeats, beside all others.
const BEATS: u32 = 1;

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    pub(super) servers: Arc<Servers>,
    /// Behind a pooler, the servers for work that needs a session of its own.
    direct: Option<Arc<Servers>>,
    /// What begins a transaction; `None` where a session keeps its settings.
    begin: Option<SqlStr>,
    /// Counts how often the server was looked for and found.
    found: watch::Sender<u64>,
    pub(super) shared: Arc<GroupCommits>,
    metrics: Metrics,
    stop: CancellationToken,
    /// Whether this instance may act.
    fence: Fence,
    /// The buckets that it holds.
    holdings: Holdings,
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
    fn new(servers: &Arc<Servers>, has_pooler: bool, turns: u32, metrics: &Metrics) -> Self {
        let lanes = |number| Arc::new(Lanes::new(servers.clone(), has_pooler, number));
        let (busy, aside) = (lanes(turns), lanes(ASIDE));
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
    /// Returns [`DbError::Failed`] if an address is invalid.
    pub(crate) fn of(database: &Database, metrics: Metrics) -> Result<Self, DbError> {
        Self::open_at(&database.postgres, database.pool_size, metrics)
    }

    /// Creates the pool for one server.
    ///
    /// # Errors
    /// Returns [`DbError::Failed`] if the address is invalid.
    pub fn open(url: &SecretString, pool_size: u32, metrics: Metrics) -> Result<Self, DbError> {
        Self::open_at(&Postgres::at(url.clone()), pool_size, metrics)
    }

    fn open_at(postgres: &Postgres, pool_size: u32, metrics: Metrics) -> Result<Self, DbError> {
        let Postgres { servers, needs_writable, has_pooler, .. } = postgres;
        let servers = Arc::new(Servers::of(servers, *needs_writable, *has_pooler)?);
        let direct = has_pooler.then(|| Servers::of(&postgres.direct, postgres.direct.len() > 1, false));
        let direct = direct.transpose()?.map(Arc::new);
        let turns = (pool_size / 3).clamp(1, TURNS);
        let shared = Arc::new(GroupCommits::new(&servers, *has_pooler, turns, &metrics));
        let beats = Arc::new(Lanes::new(servers.clone(), *has_pooler, BEATS));
        let pool_size = pool_size.saturating_sub(turns + ASIDE).max(1);
        let good = servers.clone();
        let pool = PgPoolOptions::new()
            .max_connections(pool_size)
            .min_connections(pool_size.min(2))
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .before_acquire(move |_, connection| {
                let is_good = good.is_good(connection.age);
                Box::pin(async move { Ok(is_good) })
            })
            .connect_lazy_with(servers.connect(Purpose::Own).0);
        let begin = has_pooler.then(|| Purpose::Own.begin());
        let found = watch::Sender::new(0);
        let (stop, fence, holdings) = (CancellationToken::new(), Fence::default(), Holdings::default());
        Ok(Self { pool, servers, direct, begin, found, shared, metrics, stop, fence, holdings, beats })
    }

    /// Ends the repetition of operations with [`DbError::Cancelled`] at `stop`. Without it they are repeated
    /// until they succeed.
    #[must_use]
    pub(crate) fn stopped_by(self, stop: CancellationToken) -> Self {
        Self { stop, ..self }
    }

    /// Sets the fence behind which this instance acts, and the buckets in which it opens turns.
    #[must_use]
    pub(crate) fn behind(self, fence: Fence, holdings: Holdings) -> Self {
        Self { fence, holdings, ..self }
    }

    /// Returns the epoch under which this instance opens and takes over turns of a chat.
    ///
    /// # Errors
    /// Returns [`DbError::Fenced`] if it does not hold the bucket of the chat.
    pub(crate) fn epoch_of(&self, chat: ChatId) -> Result<i64, DbError> {
        self.holdings.epoch(Bucket::of(chat)).ok_or(DbError::Fenced)
    }

    /// Returns the id of this instance; 0 for a program that is none.
    pub(crate) fn instance(&self) -> InstanceId {
        self.holdings.instance()
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
        let inner = match &self.begin {
            None => Box::pin(self.pool.begin()).await,
            Some(begin) => Box::pin(self.pool.begin_with(begin.clone())).await,
        };
        let inner = inner.map_err(DbError::at("db::begin"))?;
        Ok(Tx::new(inner, self.metrics.db_queries.clone()))
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

    /// Returns what executes a single statement, which is counted.
    pub(crate) fn pool(&self) -> Single<'_> {
        self.metrics.db_queries.inc();
        Single { pool: &self.pool, begin: self.begin.as_ref() }
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
        Persistence { metrics: &self.metrics, servers: &self.servers, stop }
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
