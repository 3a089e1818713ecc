//! Transactions, and counting of their statements.

use std::ops::{Deref, DerefMut};

use sqlx::{PgConnection, Postgres};

use super::DbError;
use crate::telemetry::metrics::Counter;

/// A transaction: committed by the function that opened it, rolled back when dropped.
#[derive(Debug)]
pub struct Tx<'a> {
    inner: sqlx::Transaction<'a, Postgres>,
    statements: Counter,
}

impl Tx<'_> {
    pub(super) fn new(inner: sqlx::Transaction<'_, Postgres>, statements: Counter) -> Tx<'_> {
        Tx { inner, statements }
    }

    pub(super) async fn commit(self) -> Result<(), DbError> {
        self.inner.commit().await.map_err(DbError::at("db::commit"))
    }
}

impl Deref for Tx<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for Tx<'_> {
    /// Every statement borrows the connection once, so counting borrows counts statements.
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.statements.inc();
        &mut self.inner
    }
}
