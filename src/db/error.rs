//! Database errors, sorted by what the caller does next.

use std::time::Duration;

use crate::telemetry::statements;

/// Why a database operation failed.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The server is unavailable, restarting or out of resources: the same operation may succeed later.
    #[error("the database is unavailable during {at}")]
    Unavailable {
        /// The operation.
        at: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// Another transaction was in the way: a locked row, a deadlock, or a concurrent insert of the same row.
    /// The same operation may succeed at once.
    #[error("{at} collided with another transaction")]
    Contended {
        /// The operation.
        at: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// The server cancelled a statement because it took too long. A repetition helps if the server was busy,
    /// but not if the statement has too much to do.
    #[error("{at} took too long")]
    TooSlow {
        /// The operation.
        at: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// Our own time limit passed without an answer from the server, which may be unreachable.
    #[error("the database did not answer within {} s", limit.as_secs())]
    Deadline {
        /// The time limit.
        limit: Duration,
    },
    /// The operation itself is wrong; a repetition cannot help.
    #[error("{at} failed")]
    Failed {
        /// The operation.
        at: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// A statement that returns a row for each input left one out.
    #[error("{at} did not return a row")]
    MissingRow {
        /// The operation.
        at: &'static str,
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
    /// A newer binary has migrated the database to a schema with which this one does not work.
    #[error(
        "its schema {version} works with binaries that know version {oldest}, and this one knows {known}; start a newer \
         one, or restore the backup from before the upgrade"
    )]
    NewerSchema {
        /// The version of the schema.
        version: i64,
        /// The oldest version whose binaries work with it.
        oldest: i64,
        /// The version of this binary.
        known: i64,
    },
    /// This instance has sent no heartbeat for too long: others may be about to take over.
    #[error("no heartbeat has arrived for too long")]
    Fenced,
    /// The service stops, so the operation is no longer repeated.
    #[error("given up at shutdown")]
    Cancelled,
}

impl DbError {
    /// Returns a function that classifies the driver's error of the operation `at`. Call it when the operation
    /// has returned, whether it succeeded or failed: the debug event logged here names the operation inside the
    /// span of its turn or update, and `telemetry::statements` observes the operation's duration under that name.
    pub(super) fn at(at: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        tracing::debug!(target: statements::OPERATION, operation = at, "a database operation returned");
        move |source| match Class::of(&source) {
            Class::Unavailable => Self::Unavailable { at, source },
            Class::Contended => Self::Contended { at, source },
            Class::TooSlow => Self::TooSlow { at, source },
            Class::Permanent => Self::Failed { at, source },
        }
    }

    /// Classifies the driver's error of an insert whose earlier run may still be committing: a unique
    /// violation is contention, because a repetition finds the row.
    pub(super) fn at_race(at: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        let classified = Self::at(at);
        move |source| match &source {
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                Self::Contended { at, source }
            }
            _ => classified(source),
        }
    }

    /// Returns whether the same operation may succeed if it is repeated.
    pub fn is_transient(&self) -> bool {
        self.obstacle().is_some()
    }

    /// Returns whether the server cancelled a statement because it took too long.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TooSlow { .. })
    }

    /// Returns whether the server has refused to write, as a standby does.
    pub(super) fn is_read_only(&self) -> bool {
        let Self::Unavailable { source, .. } = self else { return false };
        source.as_database_error().is_some_and(|error| error.code().is_some_and(|code| code == "25006"))
    }

    /// Returns why the server does not let us in; `None` for any other error.
    pub(crate) fn refusal(&self) -> Option<LoginRefusal> {
        let (Self::Unavailable { source, .. } | Self::Failed { source, .. }) = self else { return None };
        match source.as_database_error()?.code()?.as_ref() {
            "28000" | "28P01" => Some(LoginRefusal::Credentials),
            "3D000" => Some(LoginRefusal::NoDatabase),
            _ => None,
        }
    }

    /// Returns the obstacle that a repetition may find gone, as the log names it; `None` for an error that
    /// stays.
    pub(super) fn obstacle(&self) -> Option<&'static str> {
        match self {
            Self::Unavailable { .. } | Self::Deadline { .. } => Some("the database is away, waiting"),
            Self::TooSlow { .. } => Some("the database is slow, trying again"),
            Self::Contended { .. } => Some("another transaction was in the way, trying again"),
            Self::Fenced => Some("no heartbeat has arrived for too long, waiting"),
            Self::Failed { .. }
            | Self::MissingRow { .. }
            | Self::Inconsistent { .. }
            | Self::NewerSchema { .. }
            | Self::Cancelled => None,
        }
    }
}

/// Why the server does not let us in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LoginRefusal {
    /// The user does not exist, may not connect, or has another password.
    Credentials,
    /// There is no such database.
    NoDatabase,
}

/// What an error of the driver means for a repetition.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Unavailable,
    Contended,
    TooSlow,
    Permanent,
}

impl Class {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => Self::Unavailable,
            sqlx::Error::Database(database) => {
                database.code().map_or(Self::Permanent, |code| Self::of_sqlstate(&code))
            }
            _ => Self::Permanent,
        }
    }

    fn of_sqlstate(code: &str) -> Self {
        match code {
            // Serialization failure, deadlock, lock timeout.
            "40001" | "40P01" | "55P03" => Self::Contended,
            // The server cancels a statement when `statement_timeout` has passed.
            "57014" => Self::TooSlow,
            // A transaction that was idle or open for too long, and a server made read-only by a failover.
            "25P03" | "25006" => Self::Unavailable,
            // Connections, resources, and shutdown or crash.
            _ if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P0") => {
                Self::Unavailable
            }
            _ => Self::Permanent,
        }
    }
}

#[cfg(test)]
mod tests;
