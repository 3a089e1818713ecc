//! Migrations: embedded in the binary, forward only, run at start under an advisory lock.

use chrono::{DateTime, Utc};
use sqlx::Connection;

use super::{Db, DbError};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Brings the schema up to date and returns the version reached. The migrator holds an advisory lock, so
/// several instances may start at once.
///
/// # Errors
/// Returns an error if the server is unavailable, or if its schema is newer than this binary or was changed
/// by hand.
pub async fn run(db: &Db) -> Result<i64, DbError> {
    run_from(db, false).await
}

/// Does the same. A schema that a newer binary has migrated is left as it is, if this binary works with it, or, with
/// `allows_newer`, in any case.
///
/// # Errors
/// Returns the same errors, and [`DbError::NewerSchema`].
pub async fn run_from(db: &Db, allows_newer: bool) -> Result<i64, DbError> {
    let failed = |error: sqlx::migrate::MigrateError| match error {
        sqlx::migrate::MigrateError::Execute(source) => DbError::at("migrate::run")(source),
        other => DbError::Failed { at: "migrate::run", source: sqlx::Error::Migrate(Box::new(other)) },
    };
    let newer = newer(db).await?;
    if let Some(NewerSchema { version, oldest }) = newer
        && oldest > latest()
        && !allows_newer
    {
        return Err(DbError::NewerSchema { version, oldest, known: latest() });
    }
    // Waiting for another instance or building an index may take longer than any other statement.
    let mut connection = db.session().await?;
    sqlx::query("SET statement_timeout = 0")
        .execute(&mut connection)
        .await
        .map_err(DbError::at("migrate::run"))?;
    let mut migrations = sqlx::migrate::Migrator::with_migrations(MIGRATIONS.migrations.to_vec());
    migrations.set_ignore_missing(newer.is_some());
    migrations.run(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(DbError::at("migrate::run"))?;
    Ok(newer.map_or_else(latest, |newer| newer.version))
}

/// A schema that is newer than this binary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NewerSchema {
    /// Its version.
    pub version: i64,
    /// The oldest version whose binaries work with it.
    pub oldest: i64,
}

/// Returns the schema of the database if it is newer than this binary.
///
/// # Errors
/// Returns an error if the server is unavailable.
pub(crate) async fn newer(db: &Db) -> Result<Option<NewerSchema>, DbError> {
    let Some(version) = current(db).await?.filter(|&version| version > latest()) else { return Ok(None) };
    let oldest = sqlx::query_scalar!("SELECT oldest FROM schema_support")
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("migrate::newer"))?;
    Ok(Some(NewerSchema { version, oldest }))
}

/// Returns the schema version of this binary.
pub fn latest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// Returns the schema version of the database, or `None` if it was never migrated.
///
/// # Errors
/// Returns an error if the server is unavailable.
pub async fn current(db: &Db) -> Result<Option<i64>, DbError> {
    let exists: Option<bool> = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("migrate::current"))?;
    if exists != Some(true) {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(db.pool())
        .await
        .map_err(DbError::at("migrate::current"))
}

/// Returns the time by the server's clock.
///
/// # Errors
/// Returns an error if the server is unavailable.
pub async fn server_time(db: &Db) -> Result<DateTime<Utc>, DbError> {
    sqlx::query_scalar("SELECT now()").fetch_one(db.pool()).await.map_err(DbError::at("migrate::server_time"))
}

/// Identifies the database, so that copies of its rows in Redis are used for no other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatabaseIdentity {
    /// Identifier of the cluster and the database in it.
    pub database: String,
    /// Changes on failover and on restore from an archive, which may have undone commits.
    pub timeline: String,
}

/// Reads the identity of the connected database.
///
/// # Errors
/// Returns an error if the server is unavailable.
pub async fn identity(db: &Db) -> Result<DatabaseIdentity, DbError> {
    let row = sqlx::query!(
        // The checkpoint of `pg_control_checkpoint` still has the former timeline just after a failover.
        r#"SELECT system_identifier AS "system!", pg_database.oid::bigint AS "database!",
                  CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_lsn()), 8) END
                      AS "timeline!"
           FROM pg_control_system(), pg_database WHERE datname = current_database()"#
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("migrate::identity"))?;
    Ok(DatabaseIdentity { database: format!("{}.{}", row.system, row.database), timeline: row.timeline })
}
