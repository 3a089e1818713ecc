//! What a session with PostgreSQL is like: the settings that all statements run under. A pooler in transaction mode
//! keeps no settings and no prepared statements between transactions, so there each transaction brings them
//! along.

use std::fmt::Write;
use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Server-side limit of each statement, far above the duration of any statement on a healthy server.
pub(super) const STATEMENT_LIMIT: &str = "15s";
/// How long a shared statement waits for a locked row. After that each operation runs alone, so one locked
/// row cannot block the group. Our own transactions hold locks for less.
const LOCK_LIMIT: &str = "250ms";

/// The settings of every session.
const SETTINGS: [(&str, &str); 7] = [
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
];

/// The settings of sessions for shared statements, beside the others.
const SHARED: [(&str, &str); 1] = [("lock_timeout", LOCK_LIMIT)];

/// What a session is used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Purpose {
    /// Statements and transactions of one caller.
    Own,
    /// Statements for many callers.
    Shared,
}

impl Purpose {
    fn settings(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let more: &[(&str, &str)] = if self == Self::Shared { &SHARED } else { &[] };
        SETTINGS.iter().chain(more).copied()
    }

    /// Adds the settings to what a connection is opened with. A pooler is told none.
    pub(super) fn connect(self, server: PgConnectOptions, has_pooler: bool) -> PgConnectOptions {
        let server = server.application_name("starling");
        if has_pooler {
            return server.extra_float_digits(None).statement_cache_capacity(0);
        }
        server.options(self.settings())
    }

    /// Returns the statement that begins each transaction behind a pooler. The names of prepared statements are
    /// counted by each of our connections, but the server's session has seen other connections before.
    pub(super) fn begin(self) -> SqlStr {
        let mut begin = "BEGIN; DEALLOCATE ALL".to_owned();
        for (name, value) in self.settings() {
            write!(begin, "; SET LOCAL {name} = '{value}'").unwrap_or_default();
        }
        // An Arc, because it is cloned for each transaction.
        AssertSqlSafe(Arc::<str>::from(begin)).into_sql_str()
    }
}
