//! What can go wrong with the database, sorted by what the caller does next.

/// A failed operation.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The server is away, restarting or busy: the same operation may work in a moment.
    #[error("the database is unavailable during {at}")]
    Unavailable {
        /// The operation.
        at: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A statement took longer than it may. Trying again may help if the server was busy, but not if the statement has too
    /// much to do.
    #[error("{at} took too long")]
    TooSlow {
        /// The operation.
        at: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// The operation itself is wrong; trying again cannot help.
    #[error("{at} failed")]
    Failed {
        /// The operation.
        at: &'static str,
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },
    /// A stored row breaks a rule that the code relies on.
    #[error("the row {row} of {table} is inconsistent: {what}")]
    Inconsistent {
        /// Its table.
        table: &'static str,
        /// Its key.
        row: i64,
        /// The broken rule.
        what: &'static str,
    },
    /// The wait was cut by shutdown.
    #[error("{at} was given up at shutdown")]
    Cancelled {
        /// The operation.
        at: &'static str,
    },
}

impl DbError {
    /// Classifies the driver's error of an operation.
    pub(super) fn at(at: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| {
            if is_transient(&source) {
                Self::Unavailable { at, source }
            } else if is_timeout(&source) {
                Self::TooSlow { at, source }
            } else {
                Self::Failed { at, source }
            }
        }
    }

    /// The same for an insert that an earlier run of the same operation may still be about to finish: its row is found
    /// when the operation is repeated.
    pub(super) fn at_race(at: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| match &source {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                Self::Unavailable { at, source }
            }
            _ => Self::at(at)(source),
        }
    }

    /// Whether the same operation may work in a moment.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::TooSlow { .. })
    }

    /// Whether a statement took longer than it may.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TooSlow { .. })
    }
}

/// A statement that the server has cancelled, as it does when `statement_timeout` is over.
fn is_timeout(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(database) if database.code().as_deref() == Some("57014"))
}

/// SQLSTATE classes and codes: connection (08), resources (53), shutdown and crash (57P0x), a transaction that took too
/// long (25P03), a server that became read-only in a failover (25006), serialization and deadlock
/// (40001, 40P01), and a lock that was not to be had (55P03).
fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(database) => database.code().is_some_and(|code| {
            code.starts_with("08")
                || code.starts_with("53")
                || code.starts_with("57P0")
                || matches!(code.as_ref(), "25P03" | "25006" | "40001" | "40P01" | "55P03")
        }),
        _ => false,
    }
}
