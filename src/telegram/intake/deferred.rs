//! Tries deferred updates again, whose mailbox was full when they came.

use std::time::Duration;

use super::super::handlers;
use super::super::inbound::raw::Update;
use super::Intake;
use crate::db::{DbError, inbox};
use crate::domain::ids::ThreadKey;

/// How often to try again.
const PAUSE: Duration = Duration::from_millis(500);

impl Intake {
    /// Tries deferred updates again, until the service drains.
    pub(crate) async fn retry_deferred(self) {
        let drain = self.context.life.drain.clone();
        loop {
            tokio::select! {
                () = drain.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            for key in self.context.deferred.threads() {
                if let Err(error) = self.retry(key).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "deferred updates have to wait");
                }
            }
        }
    }

    /// Posts what waits for one thread, oldest first, until its mailbox is full.
    async fn retry(&self, key: ThreadKey) -> Result<(), DbError> {
        let (deferred, db) = (&self.context.deferred, &self.context.db);
        while let Some(update) = deferred.first(key) {
            let waiting = || inbox::waiting(db, update);
            let payload = db.until(&self.context.life.drain).persist(waiting).await?;
            // Not by way of the dispatcher: the next one may only be tried when it is known what came of this one.
            let read = payload.as_deref().and_then(Update::read);
            let posted = deferred.attempt(key, update, || {
                if let Some(read) = read {
                    handlers::route(&self.context, read);
                }
            });
            if !posted {
                break;
            }
        }
        Ok(())
    }
}
