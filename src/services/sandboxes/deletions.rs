//! Kills sandboxes that nobody wants any more: after `/clear`, a deleted topic, the end of their life, or
//! code that could not be interrupted.

use std::time::Duration;

use super::{LIFE, Sandboxes};
use crate::db::DbError;
use crate::db::sandboxes::{self, SandboxDeletion};
use crate::lifecycle::kill_point;
use crate::sandbox::SandboxError;

/// Sandboxes that are claimed at once.
const BATCH: i64 = 20;
/// The time after which another instance may try them.
const LEASE: Duration = Duration::from_secs(60);
/// How often the queue is read, beside being woken: what an instance that ended has left, and what failed.
const INTERVAL: Duration = Duration::from_secs(15);
/// Time limit of killing one.
const LIMIT: Duration = Duration::from_secs(40);

impl Sandboxes {
    /// Kills sandboxes as they are queued, until the service drains.
    pub(crate) async fn kill_unwanted(self) {
        loop {
            let work = async {
                if let Err(error) = self.kill_due().await {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "sandboxes that nobody wants are not killed");
                }
                let woken = tokio::time::timeout(INTERVAL, self.unwanted.notified()).await;
                drop(woken);
            };
            if self.life.drain.run_until_cancelled(work).await.is_none() {
                // A claimed sandbox is due again after its lease.
                return;
            }
        }
    }

    async fn kill_due(&self) -> Result<(), DbError> {
        let db = &self.db;
        let until_drain = db.until(&self.life.drain);
        until_drain.persist(|| sandboxes::expire(db)).await?;
        // Twice its life: it may have been created a little after it was queued.
        until_drain.persist(|| sandboxes::forget(db, LIFE * 2)).await?;
        loop {
            let due = until_drain.persist(|| sandboxes::claim_deletions(db, BATCH, LEASE)).await?;
            if due.is_empty() {
                return Ok(());
            }
            for deletion in &due {
                let killed = tokio::time::timeout(LIMIT, self.kill(deletion)).await;
                if let Err(error) = killed.unwrap_or(Err(SandboxError::Silent(LIMIT))) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a sandbox was not killed, trying again later");
                    continue;
                }
                kill_point!("sandbox: killed");
                until_drain.persist(|| sandboxes::killed(db, deletion)).await?;
            }
        }
    }

    async fn kill(&self, SandboxDeletion { key, provider_id }: &SandboxDeletion) -> Result<(), SandboxError> {
        if let Some(id) = provider_id {
            return self.client.kill(id).await;
        }
        for id in self.client.find(key).await? {
            self.client.kill(&id).await?;
        }
        Ok(())
    }
}
