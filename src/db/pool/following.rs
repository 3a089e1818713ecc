//! Following the database to the server that takes writes, if it has several.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::sync::watch;
use tokio::time::timeout;

use super::super::error::DbError;
use super::super::lanes::ACQUIRE_LIMIT;
use super::super::servers::ServerState;
use super::super::session::Purpose;
use super::Db;

/// The pause between two searches for the server that takes writes.
const SEARCH_PAUSE: Duration = Duration::from_millis(250);

impl Db {
    /// Chooses the server that takes writes, if there are several. A program that does not [`follow`](Self::follow)
    /// the database calls it once.
    ///
    /// # Errors
    /// Returns an error if no server takes writes.
    pub(crate) async fn choose_server(&self) -> Result<(), DbError> {
        if self.servers.choose().await? {
            self.pool.set_connect_options(self.servers.connect(Purpose::Own).0);
        }
        Ok(())
    }

    /// Follows the database to another server after a failover. Never ends.
    pub(crate) async fn follow(&self) {
        loop {
            let mut is_told = false;
            while let Err(error) = self.choose_server().await {
                if !is_told {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "no server of the database takes writes"
                    );
                    is_told = true;
                }
                tokio::time::sleep(SEARCH_PAUSE).await;
            }
            self.found.send_modify(|times| *times += 1);
            self.servers.lost().await;
            tokio::time::sleep(SEARCH_PAUSE).await;
        }
    }

    /// Waits until [`Self::follow`] has chosen a server: until then, statements might go to a standby.
    pub(crate) async fn chosen(&self) {
        let mut found = self.found.subscribe();
        while *found.borrow_and_update() == 0 {
            if found.changed().await.is_err() {
                return;
            }
        }
    }

    /// Returns a channel that tells when the database may have been replaced by another server.
    pub(crate) fn found(&self) -> watch::Receiver<u64> {
        self.found.subscribe()
    }

    /// Asks every server whether it takes writes.
    pub(crate) async fn survey(&self) -> Vec<ServerState> {
        self.servers.survey().await
    }

    /// Opens a connection whose session is ours until it is closed, also behind a pooler.
    pub(in crate::db) async fn session(&self) -> Result<PgConnection, DbError> {
        let (server, _) = if let Some(direct) = &self.direct {
            direct.choose().await?;
            direct.connect(Purpose::Own)
        } else {
            self.choose_server().await?;
            self.servers.connect(Purpose::Own)
        };
        let connected = timeout(ACQUIRE_LIMIT, PgConnection::connect_with(&server)).await;
        connected.map_err(|_| DbError::Deadline { limit: ACQUIRE_LIMIT })?.map_err(DbError::at("db::session"))
    }
}
