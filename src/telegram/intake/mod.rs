//! Intake: stores every update before confirming it to Telegram. Updates are stored as raw JSON, so that
//! kinds unknown to the framework are not lost. Storing is idempotent.

mod deferred;
mod holding;
mod looking;
mod polling;
mod replay;
mod suspects;
mod sweep;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) use holding::Holding;
pub(crate) use polling::poll;
pub(crate) use webhook::{Webhook, listen};

use super::context::BotContext;
use super::handlers;
use super::inbound::payments;
use super::inbound::raw::{self, Update};
use crate::db::inbox::{self, RawUpdate};
use crate::db::{Db, DbError};
use crate::domain::bucket::Bucket;
use crate::domain::ids::UpdateId;
use crate::services::intake;
use crate::telemetry::metrics::Metrics;

pub(crate) use super::inbound::raw::WANTED as KINDS;

/// The capacity of the channel from intake to dispatcher. When it is full, Telegram keeps the rest.
pub(crate) const UPDATES_IN_FLIGHT: usize = 1_000;
/// How long a failure may last before the service reports that it takes no updates: most are short.
const READY_GRACE: Duration = Duration::from_secs(10);

/// Stores updates and passes them on. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    context: Arc<BotContext>,
    updates: mpsc::Sender<Update>,
}

impl Intake {
    /// Creates an intake that passes stored updates to `updates`.
    pub(crate) fn new(context: Arc<BotContext>, updates: mpsc::Sender<Update>) -> Self {
        Self { context, updates }
    }

    /// Stores updates and passes on the new ones. Returns the newest id. Waits while the database is
    /// unavailable.
    ///
    /// # Errors
    /// Returns an error if the service shuts down or the database fails permanently. Nothing may be confirmed
    /// then.
    async fn take(&self, raw: Vec<String>) -> Result<Option<UpdateId>, DbError> {
        let came = Instant::now();
        let updates: Vec<RawUpdate> = raw.into_iter().filter_map(read).collect();
        let newest = updates.iter().map(|update| update.id).max();
        let fresh = self.store(&updates).await?;
        for update in updates.iter().filter(|update| fresh.contains(&update.id) && !update.ignored) {
            self.arrive(update, came).await;
        }
        Ok(newest)
    }

    /// Passes a stored update on, if its chat is answered here. If another instance may have stored earlier updates of
    /// the chat, or some wait for a look, the database is asked for all of its bucket.
    async fn arrive(&self, update: &RawUpdate, came: Instant) {
        let BotContext { life, arrivals, looks, wake_ups, .. } = &*self.context;
        let bucket = Bucket::of(update.route);
        let is_alone = !life.fence.has_peers() && !looks.concern(bucket, came);
        if !is_alone && !self.is_payment(&update.payload) {
            if !life.holdings.is_open(bucket) {
                wake_ups.wake([bucket]);
            }
            return looks.ask(bucket);
        }
        // An update stored again after a lost response, or redelivered before it was handled, is passed on once.
        if !arrivals.is_new(update.id, came) {
            return;
        }
        // Remembered first: a bucket with an update in hand is not given back.
        if !is_alone || life.holdings.is_open(bucket) {
            self.pass_on(update.id, &update.payload).await;
        } else {
            arrivals.forget(update.id);
            looks.ask(bucket);
        }
    }

    fn is_payment(&self, payload: &str) -> bool {
        let now = self.context.books.clock.now();
        Update::read(payload).is_some_and(|update| payments::read(&update, now).is_some())
    }

    async fn store(&self, updates: &[RawUpdate]) -> Result<Vec<UpdateId>, DbError> {
        let (db, metrics): (&Db, &Metrics) = (&self.context.db, &self.context.metrics);
        let drain = &self.context.life.drain;
        let fresh = db.until(drain).persist(|| inbox::store(db, updates)).await?;
        metrics.updates_duplicate.inc_by((updates.len() - fresh.len()) as u64);
        for update in updates.iter().filter(|update| fresh.contains(&update.id)) {
            let kind = update.kind.as_str();
            let unwanted = raw::UNWANTED.contains(&kind);
            let label = if unwanted || KINDS.contains(&kind) { kind } else { "other" };
            metrics.updates.with_label_values(&[label]).inc();
            if update.ignored {
                metrics.updates_ignored.inc();
            }
            if unwanted {
                tracing::info!(update.id = update.id.0, kind, "the update {} is not handled", update.id);
            } else if update.ignored {
                tracing::warn!(update.id = update.id.0, "the update {} is of no known kind", update.id);
            }
        }
        Ok(fresh)
    }

    /// Passes a stored update to the dispatcher. Payments bypass it, so that nothing delays them.
    async fn pass_on(&self, id: UpdateId, payload: &str) {
        let Some(update) = Update::read(payload) else { return self.drop_unreadable(id).await };
        match payments::read(&update, self.context.books.clock.now()) {
            Some(event) => handlers::payment(&self.context, event),
            // The channel is closed only at shutdown; the row stays in the inbox for the next start.
            None => drop(self.updates.send(update).await),
        }
    }

    /// Marks a stored update as handled that cannot be read as an update.
    async fn drop_unreadable(&self, id: UpdateId) {
        self.context.metrics.updates_ignored.inc();
        tracing::error!(update.id = id.0, "the update {id} cannot be read");
        let (db, drain) = (&self.context.db, &self.context.life.drain);
        if let Err(error) = db.until(drain).persist(|| intake::mark_handled(db, id)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "an update was not ticked off");
        }
    }
}

/// Reads an update's id and kind. Returns `None` without an id, because such an update cannot be identified.
fn read(payload: String) -> Option<RawUpdate> {
    let Some(raw::Summary { id, kind, message, route }) = raw::summarize(&payload) else {
        tracing::error!("an update without a number was dropped");
        return None;
    };
    let ignored = !KINDS.contains(&kind.as_str());
    Some(RawUpdate { id, kind, payload, ignored, message, route })
}

#[cfg(test)]
mod tests;
