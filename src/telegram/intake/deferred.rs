//! Updates that found the mailbox of their thread full. They are stored; this remembers to try them again.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Intake;
use crate::db::inbox;
use crate::domain::ids::UpdateId;

/// How often to try again.
const PAUSE: Duration = Duration::from_millis(500);

/// Updates that wait. Cheap to clone; bounded by what the inbox holds.
#[derive(Clone, Debug, Default)]
pub struct Deferred(Arc<Mutex<BTreeSet<UpdateId>>>);

impl Deferred {
    /// Remembers an update.
    pub fn put(&self, update: UpdateId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(update);
    }

    fn take(&self) -> BTreeSet<UpdateId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Intake {
    /// Tries deferred updates again, oldest first, until the service drains.
    pub async fn retry_deferred(self) {
        let drain = self.context.life.drain.clone();
        loop {
            tokio::select! {
                () = drain.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            for update in self.context.deferred.take() {
                let db = &self.context.db;
                match db.persist("inbox::waiting", &drain, || inbox::waiting(db, update)).await {
                    Ok(Some(payload)) => self.pass_on(update, &payload).await,
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "a deferred update has to wait"
                        );
                        self.context.deferred.put(update);
                    }
                }
            }
        }
    }
}
