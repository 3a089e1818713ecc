//! Deletes copies at the model's provider that no file refers to any more: after retention, `/clear`, a
//! deleted topic.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::db::{Db, DbError, copy_deletions};
use crate::lifecycle::{Lifecycle, kill_point};
use crate::llm::Provider;
use crate::telemetry::metrics::Metrics;

/// Copies that are claimed at once, and the time after which another instance may try them: longer than 20
/// calls of [`Provider::forget`], which takes 20 s at most.
const BATCH: i64 = 20;
const LEASE: Duration = Duration::from_secs(600);
/// How often the queue is read, beside being woken: what an instance that ended has left, and what failed.
const INTERVAL: Duration = Duration::from_secs(60);
/// How long the provider keeps a copy.
const LIFETIME: Duration = Duration::from_secs(90 * 86_400);

/// Deletes copies as they are queued, until the service drains. `queued` wakes it early.
pub(crate) async fn run(db: Db, provider: Provider, queued: Arc<Notify>, life: Lifecycle, metrics: Metrics) {
    loop {
        match work(&db, &provider, &life, &metrics).await {
            Ok(()) | Err(DbError::Cancelled) => {}
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "copies at the provider are not deleted");
            }
        }
        let pause = tokio::time::timeout(INTERVAL, queued.notified());
        if life.drain.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

async fn work(db: &Db, provider: &Provider, life: &Lifecycle, metrics: &Metrics) -> Result<(), DbError> {
    let until_drain = db.until(&life.drain);
    until_drain.persist(|| copy_deletions::expire(db, LIFETIME)).await?;
    until_drain.persist(|| copy_deletions::drop_cleared(db)).await?;
    loop {
        let copies = until_drain.persist(|| copy_deletions::claim(db, BATCH, LEASE)).await?;
        if copies.is_empty() {
            return Ok(());
        }
        for (place, copy) in copies.iter().enumerate() {
            let Some(deleted) = life.drain.run_until_cancelled(provider.forget(copy)).await else {
                return db.persist(|| copy_deletions::release(db, &copies[place..])).await;
            };
            let result = if deleted.is_ok() { "ok" } else { "failed" };
            metrics.copies_deleted.with_label_values(&[result]).inc();
            if let Err(error) = deleted {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the provider did not delete a copy, trying again later");
                continue;
            }
            kill_point!("copies: deleted at the provider");
            db.persist(|| copy_deletions::done(db, copy)).await?;
        }
    }
}
