//! What `starling doctor` asks of the way to the database.

use super::{Db, DbError};

/// Tells a cluster and a database in it from all others.
const IDENTITY: &str = "SELECT system_identifier || '.' || pg_database.oid
    FROM pg_control_system(), pg_database WHERE datname = current_database()";

/// Returns whether statements run under the settings of [`super::session`]; a pooler may drop them.
///
/// # Errors
/// Returns an error if the server is unavailable.
pub(crate) async fn keeps_settings(db: &Db) -> Result<bool, DbError> {
    let limit = sqlx::query_scalar::<_, String>("SELECT current_setting('statement_timeout')");
    let limit = limit.fetch_one(db.pool()).await.map_err(DbError::at("checks::keeps_settings"))?;
    Ok(limit == super::session::STATEMENT_LIMIT)
}

/// Returns whether sessions of our own are with the same database as all other statements.
///
/// # Errors
/// Returns an error if no session can be opened, or if the server is unavailable.
pub(crate) async fn sessions_reach_the_same(db: &Db) -> Result<bool, DbError> {
    let at = "checks::sessions_reach_the_same";
    let mut session = db.session().await?;
    let ours: String = sqlx::query_scalar(IDENTITY).fetch_one(&mut session).await.map_err(DbError::at(at))?;
    let theirs: String = sqlx::query_scalar(IDENTITY).fetch_one(db.pool()).await.map_err(DbError::at(at))?;
    Ok(ours == theirs)
}
