//! The database: its pool, its transactions, and how an operation is repeated while the server is away.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::sync::CancellationToken;

use super::error::DbError;
use super::group_commit::{BatchOp, GroupCommit};
use super::lanes::{ACQUIRE_LIMIT, Lanes};
use super::model_calls::RecordCalls;
use super::outbox_rows::MarkSent;
use super::turns::close_turn::CloseTurn;
use super::turns::open_turn::OpenTurn;
use super::tx::Tx;
use crate::telemetry::metrics::Metrics;

/// The first and the longest pause between tries while the server is away.
const RETRY_PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// No statement of ours takes longer on a healthy server.
const STATEMENT_LIMIT: &str = "15s";
/// So many connections open and close turns, if that is not more than a third of all.
const TURNS: u32 = 2;
/// So many are for notes that nobody waits for.
const ASIDE: u32 = 1;
/// How long those who do something together wait for a row that somebody has locked. Then each waits alone, so that one
/// such row does not stop all. Our own transactions hold none that long.
const LOCK_LIMIT: &str = "250ms";
/// No operation takes longer, also when the server has vanished without a word.
pub(crate) const OPERATION_LIMIT: Duration = Duration::from_secs(20);

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    pub(super) shared: Arc<GroupCommits>,
    metrics: Metrics,
}

/// Statements that many share, with connections of their own.
#[derive(Debug)]
pub(super) struct GroupCommits {
    /// Of those who open a turn.
    pub(super) openings: GroupCommit<OpenTurn>,
    /// Of those who close one.
    pub(super) closings: GroupCommit<CloseTurn>,
    /// Of those who write something down for which nobody waits: that does not take the connections of those for whom
    /// somebody does.
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
    /// Connects lazily: the first operation finds out whether the server is there. Some of the `pool_size` connections (at
    /// least 3) are for statements that many share.
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
        let turns = (pool_size / 3).clamp(1, TURNS);
        let shared = Arc::new(GroupCommits::new(&options, turns, &metrics));
        let pool_size = pool_size.saturating_sub(turns + ASIDE).max(1);
        let pool = PgPoolOptions::new()
            .max_connections(pool_size)
            .min_connections(pool_size.min(2))
            .acquire_timeout(ACQUIRE_LIMIT)
            .test_before_acquire(false)
            .connect_lazy_with(options);
        Ok(Self { pool, shared, metrics })
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

    /// Has an operation carried out together with others, and alone if that does not work.
    ///
    /// # Errors
    /// Those of the statement.
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
        outputs.pop().ok_or_else(|| DbError::at("group_commit::submit")(sqlx::Error::RowNotFound))
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
        self.repeat(limit, at, stop, operation, DbError::is_transient).await
    }

    /// [`Db::persist_within`] for a job that nobody waits for: waits while the server is away, but does not repeat a
    /// statement that takes too long, which would take too long again.
    ///
    /// # Errors
    /// As for [`Db::persist`], and [`DbError::TooSlow`].
    pub async fn run_job<T, F>(
        &self,
        limit: Duration,
        at: &'static str,
        stop: &CancellationToken,
        operation: impl Fn() -> F,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let heals = |error: &DbError| error.is_transient() && !error.is_timeout();
        self.repeat(limit, at, stop, operation, heals).await
    }

    async fn repeat<T, F>(
        &self,
        limit: Duration,
        at: &'static str,
        stop: &CancellationToken,
        operation: impl Fn() -> F,
        heals: impl Fn(&DbError) -> bool,
    ) -> Result<T, DbError>
    where
        F: Future<Output = Result<T, DbError>>,
    {
        let (mut pause, longest) = RETRY_PAUSES;
        loop {
            match within(limit, at, operation()).await {
                Err(error) if heals(&error) => {
                    self.metrics.db_retries.inc();
                    let slow = error.is_timeout();
                    let error = &error as &dyn std::error::Error;
                    if slow {
                        tracing::warn!(at, error, "the database is slow, trying again");
                    } else {
                        tracing::warn!(at, error, "the database is away, waiting");
                    }
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
        tokio::join!(self.pool.close(), self.shared.close());
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

#[cfg(test)]
mod tests {
    use std::any::Any;

    use sqlx_core::net::{Socket, WithSocket, connect_tcp};
    use tokio::net::{TcpListener, TcpStream};

    /// Takes a socket as a connection to PostgreSQL gets it, and tells whether it sends at once.
    struct SendsAtOnce;

    impl WithSocket for SendsAtOnce {
        type Output = bool;

        async fn with_socket<S: Socket>(self, socket: S) -> bool {
            let socket: &dyn Any = &socket;
            socket.downcast_ref::<TcpStream>().expect("a socket of tokio").nodelay().unwrap()
        }
    }

    #[tokio::test]
    async fn what_is_sent_to_postgresql_leaves_at_once() {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = server.local_addr().unwrap().port();
        assert!(connect_tcp("127.0.0.1", port, SendsAtOnce).await.unwrap());
    }
}
