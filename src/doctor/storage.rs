//! Checks of PostgreSQL and Redis, and of the clock.

use super::{Finding, LIMIT};
use crate::cache::health;
use crate::config::Config;
use crate::db::{Db, DbError, LoginRefusal, migrate};
use crate::domain::clock::Clock;
use crate::services::instances;
use crate::telemetry::logs::chain;
use crate::telemetry::metrics::Metrics;

/// How far the clocks of this machine and of the database may be apart, in seconds. Retention, leases and
/// links to files depend on both.
const CLOCK_LIMIT_S: i64 = 30;

/// The schema; the clock, unless the server does not tell the time; the instances, unless there is no table of
/// them yet.
type Found = (Finding, Option<Finding>, Option<Finding>);

/// Checks PostgreSQL, the version of the schema, the clock, and which instances run.
pub(super) async fn database(config: &Config) -> Found {
    let Ok(metrics) = Metrics::new() else { return (Finding::Broken("no metrics".to_owned()), None, None) };
    let db = match Db::open(&config.database.postgres, config.database.pool_size, metrics) {
        Ok(db) => db,
        Err(error) => {
            return (Finding::Broken(format!("{}; correct DATABASE_URL", chain(&error))), None, None);
        }
    };
    let found = tokio::time::timeout(LIMIT, migrate::current(&db)).await;
    let schema = match found {
        Err(_) => Finding::Broken("no answer; check DATABASE_URL and that PostgreSQL runs".to_owned()),
        Ok(Err(error)) => Finding::Broken(refused(&error)),
        Ok(Ok(version)) => schema(version, migrate::latest(), config.database.allows_newer_schema),
    };
    let time = tokio::time::timeout(LIMIT, migrate::server_time(&db)).await;
    let clock = match (&schema, time) {
        (Finding::Broken(_), _) | (_, Err(_) | Ok(Err(_))) => None,
        (_, Ok(Ok(time))) => Some(clock((time - Clock::System.now()).num_seconds())),
    };
    let described = match schema {
        Finding::Fine(_) => tokio::time::timeout(LIMIT, instances::describe(&db)).await.ok(),
        _ => None,
    };
    db.close().await;
    // An empty database has no table of them.
    let instances = described.and_then(Result::ok).map(|lines| Finding::Fine(lines.replace('\n', "; ")));
    (schema, clock, instances)
}

/// Says what to do about an error of the first statement.
fn refused(error: &DbError) -> String {
    match error.refusal() {
        Some(LoginRefusal::Credentials) => {
            format!("{}; check the user and the password in DATABASE_URL", chain(error))
        }
        Some(LoginRefusal::NoDatabase) => {
            format!("{}; create it (createdb) or correct its name in DATABASE_URL", chain(error))
        }
        None => format!("{}; check DATABASE_URL and that PostgreSQL runs", chain(error)),
    }
}

fn schema(version: Option<i64>, latest: i64, allows_newer: bool) -> Finding {
    match version {
        None => {
            Finding::Fine("reachable, empty; the first start or `starling migrate` sets it up".to_owned())
        }
        Some(version) if version > latest && !allows_newer => Finding::Broken(format!(
            "at version {version}, this binary knows {latest}; use a newer binary, or set ALLOW_NEWER_SCHEMA=true if you \
             have rolled back"
        )),
        Some(version) if version < latest => Finding::Weak(format!(
            "at version {version}, this binary needs {latest}; the next start or `starling migrate` updates it"
        )),
        Some(version) => Finding::Fine(format!("at version {version} of {latest}")),
    }
}

/// Judges by how many seconds PostgreSQL is ahead.
fn clock(ahead: i64) -> Finding {
    if ahead.abs() > CLOCK_LIMIT_S {
        return Finding::Weak(format!(
            "PostgreSQL is {} s {} this machine; let both follow a time server (NTP)",
            ahead.abs(),
            if ahead > 0 { "ahead of" } else { "behind" }
        ));
    }
    Finding::Fine("agrees with PostgreSQL".to_owned())
}

/// Checks Redis. Returns `None` if it is not configured.
pub(super) async fn redis(config: &Config) -> Option<Finding> {
    let found = match health::examine(config.database.redis.as_ref()?).await {
        Err(reason) => Finding::Broken(format!("{reason}; check REDIS_URL and that Redis runs")),
        Ok(health) if health.evicts_everything() => Finding::Broken(format!(
            "maxmemory-policy is {}, which may remove what waits to be written; set volatile-lru",
            health.policy.unwrap_or_default()
        )),
        Ok(health) if !health.append_only => Finding::Weak(format!(
            "Redis {}; appendonly is off, set it to yes: else a restart loses what waits to be written",
            health.version
        )),
        Ok(health) => Finding::Fine(format!("Redis {}", health.version)),
    };
    Some(found)
}
