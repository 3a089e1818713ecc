//! Checks of PostgreSQL and Redis, and of the clock.

use std::future::Future;

use super::{Finding, LIMIT};
use crate::cache::health;
use crate::config::Config;
use crate::db::migrate::NewerSchema;
use crate::db::{Db, DbError, LoginRefusal, ServerState, checks, migrate};
use crate::domain::clock::Clock;
use crate::services::instances;
use crate::telemetry::logs::chain;
use crate::telemetry::metrics::Metrics;

/// How far the clocks of this machine and of the database may be apart, in seconds. Retention, leases and
/// links to files depend on both.
const CLOCK_LIMIT_S: i64 = 30;

/// What was found out about PostgreSQL.
pub(super) struct DatabaseFindings {
    /// Whether it can be used, and the version of the schema.
    pub(super) schema: Finding,
    /// Each server, if there are several.
    pub(super) servers: Option<Finding>,
    /// The pooler, if there is one.
    pub(super) pooler: Option<Finding>,
    /// The clock, if the server tells the time.
    pub(super) clock: Option<Finding>,
    /// Which instances run, if the schema is up to date.
    pub(super) instances: Option<Finding>,
}

impl From<Finding> for DatabaseFindings {
    fn from(schema: Finding) -> Self {
        Self { schema, servers: None, pooler: None, clock: None, instances: None }
    }
}

/// Checks PostgreSQL and the way to it.
pub(super) async fn database(config: &Config) -> DatabaseFindings {
    let Ok(metrics) = Metrics::new() else { return Finding::Broken("no metrics".to_owned()).into() };
    let db = match Db::of(&config.database, metrics) {
        Ok(db) => db,
        Err(error) => return Finding::Broken(format!("{}; correct DATABASE_URL", chain(&error))).into(),
    };
    let findings = examine(config, &db).await;
    db.close().await;
    findings
}

async fn examine(config: &Config, db: &Db) -> DatabaseFindings {
    let postgres = &config.database.postgres;
    let servers = if postgres.needs_writable { Some(servers(&db.survey().await)) } else { None };
    if let Err(error) = db.choose_server().await {
        let schema =
            format!("{}; check DATABASE_URL and that one of its servers takes writes", chain(&error));
        return DatabaseFindings { servers, ..Finding::Broken(schema).into() };
    }
    let found = within(migrate::current(db)).await;
    let schema = match found {
        Err(DbError::Deadline { .. }) => {
            Finding::Broken("no answer; check DATABASE_URL and that PostgreSQL runs".to_owned())
        }
        Err(error) => Finding::Broken(refused(&error)),
        Ok(version) => match within(migrate::newer(db)).await {
            Ok(None) => schema(version, migrate::latest()),
            Ok(Some(newer)) => newer_schema(newer, migrate::latest(), config.database.allows_newer_schema),
            Err(error) => Finding::Broken(refused(&error)),
        },
    };
    if matches!(schema, Finding::Broken(_)) {
        return DatabaseFindings { servers, ..schema.into() };
    }
    let pooler = pooler(db, postgres.has_pooler).await;
    let time = within(migrate::server_time(db)).await;
    let clock = time.ok().map(|time| clock((time - Clock::System.now()).num_seconds()));
    let described = match schema {
        Finding::Fine(_) => tokio::time::timeout(LIMIT, instances::describe(db)).await.ok(),
        _ => None,
    };
    let instances = described.and_then(Result::ok).map(|lines| Finding::Fine(lines.replace('\n', "; ")));
    DatabaseFindings { schema, servers, pooler, clock, instances }
}

async fn within<T>(asked: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    tokio::time::timeout(LIMIT, asked).await.unwrap_or(Err(DbError::Deadline { limit: LIMIT }))
}

/// Judges the servers of `DATABASE_URL`.
fn servers(states: &[ServerState]) -> Finding {
    let all_answer = states.iter().all(|state| state.writable.is_ok());
    let said = states.iter().map(|ServerState { address, writable }| match writable {
        Ok(true) => format!("{address} takes writes"),
        Ok(false) => format!("{address} is a standby"),
        Err(error) => format!("{address} does not answer ({})", chain(error)),
    });
    let said = said.collect::<Vec<_>>().join(", ");
    if all_answer {
        Finding::Fine(said)
    } else {
        Finding::Weak(format!("{said}; start it, else nothing can take over"))
    }
}

/// Judges the pooler that is configured, or finds one that is not.
async fn pooler(db: &Db, is_configured: bool) -> Option<Finding> {
    if !is_configured {
        let keeps_settings = within(checks::keeps_settings(db)).await.unwrap_or(true);
        return (!keeps_settings).then(|| {
            Finding::Broken(
                "something between the bot and PostgreSQL drops the settings of sessions; set \
                 DATABASE_POOLER=transaction and DATABASE_DIRECT_URL"
                    .to_owned(),
            )
        });
    }
    Some(match within(checks::sessions_reach_the_same(db)).await {
        Ok(true) => Finding::Fine("each statement is a transaction; migrations go around it".to_owned()),
        Ok(false) => Finding::Broken(
            "DATABASE_DIRECT_URL leads to another database than DATABASE_URL; correct one of them".to_owned(),
        ),
        Err(error) => Finding::Broken(format!("{}; check DATABASE_DIRECT_URL", chain(&error))),
    })
}

/// Says what to do about an error of the first statement.
fn refused(error: &DbError) -> String {
    let told = chain(error);
    match error.refusal() {
        Some(LoginRefusal::Credentials) => {
            format!("{told}; check the user and the password in DATABASE_URL")
        }
        Some(LoginRefusal::NoDatabase) => {
            format!("{told}; create it (createdb) or correct its name in DATABASE_URL")
        }
        None if told.contains("startup parameter") => {
            format!("{told}; this is a pooler: set DATABASE_POOLER=transaction and DATABASE_DIRECT_URL")
        }
        None => format!("{told}; check DATABASE_URL and that PostgreSQL runs"),
    }
}

fn schema(version: Option<i64>, latest: i64) -> Finding {
    match version {
        None => {
            Finding::Fine("reachable, empty; the first start or `starling migrate` sets it up".to_owned())
        }
        Some(version) if version < latest => Finding::Weak(format!(
            "at version {version}, this binary needs {latest}; the next start or `starling migrate` updates it"
        )),
        Some(version) => Finding::Fine(format!("at version {version} of {latest}")),
    }
}

fn newer_schema(NewerSchema { version, oldest }: NewerSchema, latest: i64, allows_newer: bool) -> Finding {
    if oldest <= latest {
        return Finding::Fine(format!(
            "at version {version}, with which this binary works (it knows {latest})"
        ));
    }
    let found =
        format!("at version {version}, which works with binaries that know version {oldest}, not {latest}");
    if allows_newer {
        return Finding::Weak(format!(
            "{found}; the bot starts, because ALLOW_NEWER_SCHEMA=true tells it to"
        ));
    }
    Finding::Broken(format!("{found}; start a newer one, or restore the backup from before the upgrade"))
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
        Err(reason) if reason.contains("certificate") => Finding::Broken(format!(
            "{reason}; check the certificates of the servers, or set REDIS_CA_FILE to the certificate of their authority"
        )),
        Err(reason) => Finding::Broken(format!("{reason}; check REDIS_URL and that Redis runs")),
        Ok(health) if health.evicts_everything() => Finding::Broken(format!(
            "maxmemory-policy is {}, which may remove what waits to be written; set volatile-lru",
            health.policy.unwrap_or_default()
        )),
        Ok(health) if !health.append_only => Finding::Weak(format!(
            "Redis {}; appendonly is off, set it to yes: else a restart loses what waits to be written",
            health.version
        )),
        Ok(health) => Finding::Fine(match health.master {
            None => format!("Redis {}", health.version),
            Some(master) => format!("Redis {}; the master is {master}", health.version),
        }),
    };
    Some(found)
}
