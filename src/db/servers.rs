//! The servers of PostgreSQL and which of them is used: one that takes writes. After a failover that is another one.

use std::io;
use std::time::Duration;

use futures::FutureExt;
use futures::future::select_ok;
use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, Executor, PgConnection, Row};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::DbError;
use super::session::Purpose;

/// How long one server may take to say whether it takes writes.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// After a server has refused writes, all connections are opened anew, but not more often than this.
const RENEWAL_PAUSE: Duration = Duration::from_secs(1);

/// The servers and the choice among them.
#[derive(Debug)]
pub(super) struct Servers {
    all: Vec<PgConnectOptions>,
    needs_writable: bool,
    has_pooler: bool,
    chosen: Mutex<Choice>,
    lost: Notify,
}

/// The server in use.
#[derive(Clone, Copy, Debug)]
struct Choice {
    index: usize,
    /// Counts what makes all open connections useless.
    generation: u64,
    /// When that happened last; connections from before are not used.
    since: Option<Instant>,
}

/// What a server says of itself.
#[derive(Debug)]
pub(crate) struct ServerState {
    /// Its host and port.
    pub address: String,
    /// Whether it takes writes, or why it does not say.
    pub writable: Result<bool, DbError>,
}

impl Servers {
    /// Reads addresses; connects to nothing.
    ///
    /// # Errors
    /// Returns [`DbError::Failed`] if an address is invalid, or if there is none.
    pub(super) fn of(
        addresses: &[SecretString],
        needs_writable: bool,
        has_pooler: bool,
    ) -> Result<Self, DbError> {
        let parse = |address: &SecretString| address.expose_secret().parse::<PgConnectOptions>();
        let servers = addresses.iter().map(parse).collect::<Result<Vec<_>, _>>();
        let servers = servers.map_err(|error| DbError::at("servers::of")(error))?;
        if servers.is_empty() {
            return Err(DbError::at("servers::of")(sqlx::Error::Configuration("no server is named".into())));
        }
        let chosen = Mutex::new(Choice { index: 0, generation: 0, since: None });
        Ok(Self { all: servers, needs_writable, has_pooler, chosen, lost: Notify::new() })
    }

    /// Returns what a connection to the server in use is opened with, and the generation of that connection.
    pub(super) fn connect(&self, purpose: Purpose) -> (PgConnectOptions, u64) {
        let Choice { index, generation, .. } = *self.chosen.lock();
        (purpose.connect(self.all[index].clone(), self.has_pooler), generation)
    }

    /// Returns whether connections of a generation are still good.
    pub(super) fn is_current(&self, generation: u64) -> bool {
        self.chosen.lock().generation == generation
    }

    /// Returns whether a connection of this age is still good.
    pub(super) fn is_good(&self, age: Duration) -> bool {
        self.chosen.lock().since.is_none_or(|since| since.elapsed() >= age)
    }

    /// Takes note of an error that may mean that the server in use has changed.
    pub(super) fn note(&self, error: &DbError) {
        if error.is_read_only() {
            let mut chosen = self.chosen.lock();
            if chosen.since.is_none_or(|since| since.elapsed() >= RENEWAL_PAUSE) {
                chosen.renew();
            }
        }
        if matches!(error, DbError::Unavailable { .. } | DbError::Deadline { .. }) {
            self.lost.notify_one();
        }
    }

    /// Waits for such an error.
    pub(super) async fn lost(&self) {
        self.lost.notified().await;
    }

    /// Chooses the server that takes writes; all are asked at once, and the first that does is taken. Returns
    /// whether it is another one than before. One server that need not take writes is not asked.
    ///
    /// # Errors
    /// Returns [`DbError::Unavailable`] or [`DbError::Deadline`] if there is none.
    pub(super) async fn choose(&self) -> Result<bool, DbError> {
        if !self.needs_writable {
            return Ok(false);
        }
        let ask = |(index, server): (usize, &PgConnectOptions)| {
            let writable = self.is_writable(server.clone());
            async move {
                if writable.await? {
                    return Ok(index);
                }
                Err(DbError::at("servers::choose")(sqlx::Error::Io(io::Error::other("it takes no writes"))))
            }
            .boxed()
        };
        let (index, _others) = select_ok(self.all.iter().enumerate().map(ask)).await?;
        let mut chosen = self.chosen.lock();
        let moved = chosen.index != index;
        if moved {
            chosen.index = index;
            chosen.renew();
            tracing::info!(server = address(&self.all[index]), "the database is on another server now");
        }
        Ok(moved)
    }

    /// Asks every server whether it takes writes.
    pub(super) async fn survey(&self) -> Vec<ServerState> {
        let ask = |server: &PgConnectOptions| {
            let (address, writable) = (address(server), self.is_writable(server.clone()));
            async { ServerState { address, writable: writable.await } }
        };
        futures::future::join_all(self.all.iter().map(ask)).await
    }

    async fn is_writable(&self, server: PgConnectOptions) -> Result<bool, DbError> {
        let server = Purpose::Own.connect(server, self.has_pooler);
        let ask = async {
            let mut connection = PgConnection::connect_with(&server).await?;
            // Without preparing, because of a pooler.
            let row = connection.fetch_one(sqlx::raw_sql("SHOW transaction_read_only")).await?;
            let read_only: String = row.try_get(0)?;
            connection.close().await?;
            Ok::<_, sqlx::Error>(read_only == "off")
        };
        match timeout(ANSWER_LIMIT, ask).await {
            Ok(answer) => answer.map_err(DbError::at("servers::is_writable")),
            Err(_elapsed) => Err(DbError::Deadline { limit: ANSWER_LIMIT }),
        }
    }
}

impl Choice {
    fn renew(&mut self) {
        self.generation += 1;
        self.since = Some(Instant::now());
    }
}

fn address(server: &PgConnectOptions) -> String {
    format!("{}:{}", server.get_host(), server.get_port())
}
