//! Which database the cache is for. After a failover the rows behind entries may be gone, while new ones have the
//! same versions, so the entries of the former timeline are not used again.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cache::{Cache, Origin};
use crate::db::{Db, DbError, migrate};
use crate::lifecycle::Lifecycle;

/// Reads what identifies the database; waits for it until `stop`.
///
/// # Errors
/// Returns an error at the stop, or if the database does not tell.
pub(crate) async fn read(db: &Db, stop: &CancellationToken) -> Result<Origin, DbError> {
    let identity = db.until(stop).persist(|| migrate::identity(db)).await?;
    Ok(Origin { database: identity.database, timeline: identity.timeline })
}

/// Turns the cache to another database whenever the connection to the former one was lost and `found` again, until
/// the service drains.
pub(crate) async fn follow(
    db: Db,
    cache: Cache,
    (mut origin, mut found): (Origin, watch::Receiver<u64>),
    life: Lifecycle,
) {
    while let Some(Ok(())) = life.drain.run_until_cancelled(found.changed()).await {
        match read(&db, &life.drain).await {
            Ok(now) if now != origin => {
                cache.turn_to(&now);
                origin = now;
                tracing::info!("the database has failed over, the cache starts anew");
            }
            Ok(_) | Err(DbError::Cancelled) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the database does not tell who it is, the cache stays as it is");
            }
        }
    }
}
