//! Retries of deferred updates, whose mailbox was full when they arrived.

use std::time::Duration;

use super::super::handlers;
use super::super::inbound::raw::Update;
use super::Intake;
use crate::db::{DbError, inbox};
use crate::domain::ids::ThreadKey;

/// The interval between retries.
const PAUSE: Duration = Duration::from_millis(500);

impl Intake {
    /// Retries deferred updates until the service drains.
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

    /// Posts the deferred updates of one thread, oldest first, until its mailbox is full.
    async fn retry(&self, key: ThreadKey) -> Result<(), DbError> {
        let (deferred, db) = (&self.context.deferred, &self.context.db);
        while let Some(update) = deferred.first(key) {
            let waiting = || inbox::waiting(db, update);
            let payload = db.until(&self.context.life.drain).persist(waiting).await?;
            // Bypasses the dispatcher: the next update may only be tried once the result of this one is
            // known.
            let read = match payload.as_deref().and_then(Update::read) {
                Some(read) => {
                    handlers::group_settings(&self.context, &read).await.map(|settings| (read, settings))
                }
                None => None,
            };
            let posted = deferred.attempt(key, update, || {
                if let Some((read, settings)) = read {
                    handlers::route(&self.context, read, settings);
                }
            });
            if !posted {
                break;
            }
        }
        Ok(())
    }
}
