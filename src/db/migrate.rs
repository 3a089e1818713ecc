//! Migrations: embedded in the binary, forward only, run at start while no other instance runs them.

use sqlx::Connection;

use super::{Db, DbError};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// Brings the schema up to date; returns the version reached. The migrator holds an advisory lock meanwhile, so
/// several instances may start at once.
///
/// # Errors
/// When the server is away, or its schema is newer than this binary or was changed by hand.
pub async fn run(db: &Db) -> Result<i64, DbError> {
    let failed = |error: sqlx::migrate::MigrateError| match error {
        sqlx::migrate::MigrateError::Execute(source) => DbError::at("migrate::run")(source),
        other => DbError::Failed { at: "migrate::run", source: sqlx::Error::Migrate(Box::new(other)) },
    };
    // Waiting for another instance, or building an index, may take longer than any other statement.
    let mut connection = db.pool().acquire().await.map_err(DbError::at("migrate::run"))?.detach();
    sqlx::query("SET statement_timeout = 0")
        .execute(&mut connection)
        .await
        .map_err(DbError::at("migrate::run"))?;
    MIGRATIONS.run(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(DbError::at("migrate::run"))?;
    Ok(latest())
}

/// The version that this binary works with.
pub fn latest() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

/// The version that the database has, if it was ever migrated.
///
/// # Errors
/// When the server is away.
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

/// Which database this is: copies of its rows elsewhere are good for no other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DatabaseIdentity {
    /// The same for as long as the database is the same one.
    pub database: String,
    /// Another one after a failover or a restore from the archive, which may have taken back what was committed.
    pub timeline: String,
}

/// Asks the server which database this is.
///
/// # Errors
/// When the server is away.
pub async fn identity(db: &Db) -> Result<DatabaseIdentity, DbError> {
    let row = sqlx::query!(
        r#"SELECT system_identifier AS "system!", timeline_id AS "timeline!", pg_database.oid::bigint AS "database!"
           FROM pg_control_system(), pg_control_checkpoint(), pg_database WHERE datname = current_database()"#
    )
    .fetch_one(db.pool())
    .await
    .map_err(DbError::at("migrate::identity"))?;
    Ok(DatabaseIdentity {
        database: format!("{}.{}", row.system, row.database),
        timeline: row.timeline.to_string(),
    })
}
