//! Intake: updates are stored, all of them, before Telegram is told that they arrived. Raw, because kinds that the
//! framework does not know must not get lost. Storing the same update twice changes nothing.

mod deferred;
mod polling;
mod replay;
mod suspects;
mod sweep;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

pub(crate) use polling::poll;
pub(crate) use replay::replay;
pub(crate) use webhook::{Webhook, listen};

use super::context::BotContext;
use super::handlers;
use super::inbound::payments;
use super::inbound::raw::{self, Update};
use crate::db::inbox::{self, RawUpdate};
use crate::db::{Db, DbError};
use crate::domain::ids::UpdateId;
use crate::services::intake;
use crate::telemetry::metrics::Metrics;

pub(crate) use super::inbound::raw::WANTED as KINDS;

/// Updates between intake and dispatcher; when it is full, Telegram keeps the rest.
pub(crate) const UPDATES_IN_FLIGHT: usize = 1_000;
/// How long a failure may last before the service says that it takes no updates: most pass within moments.
const READY_GRACE: Duration = Duration::from_secs(10);

/// Takes updates in. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Intake {
    context: Arc<BotContext>,
    updates: mpsc::Sender<Update>,
}

impl Intake {
    /// An intake that passes on what it has stored.
    pub(crate) fn new(context: Arc<BotContext>, updates: mpsc::Sender<Update>) -> Self {
        Self { context, updates }
    }

    /// Stores updates and passes on those that are new; returns the newest number. Waits while the database is away.
    ///
    /// # Errors
    /// When the service is shutting down, or for a fault that waiting cannot heal: then nothing may be confirmed.
    async fn take(&self, raw: Vec<String>) -> Result<Option<UpdateId>, DbError> {
        let came = Instant::now();
        let updates: Vec<RawUpdate> = raw.into_iter().filter_map(read).collect();
        let newest = updates.iter().map(|update| update.id).max();
        let fresh = self.store(&updates).await?;
        for update in updates {
            // Stored again after a lost answer, or sent again before it was handled: passed on once all the same.
            if fresh.contains(&update.id) && !update.ignored && self.context.arrivals.is_new(update.id, came)
            {
                self.pass_on(update.id, &update.payload).await;
            }
        }
        Ok(newest)
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

    /// Hands a stored update to the dispatcher. Payments come first: they pass by everything that could hold them up.
    async fn pass_on(&self, id: UpdateId, payload: &str) {
        let Some(update) = Update::read(payload) else { return self.drop_unreadable(id).await };
        match payments::read(&update, self.context.books.clock.now()) {
            Some(event) => handlers::payment(&self.context, event),
            // Nobody receives only at shutdown; the row stays in the inbox for the next start.
            None => drop(self.updates.send(update).await),
        }
    }

    /// Ticks an update off that is no JSON of an update, though it was stored as one.
    async fn drop_unreadable(&self, id: UpdateId) {
        self.context.metrics.updates_ignored.inc();
        tracing::error!(update.id = id.0, "the update {id} cannot be read");
        let (db, drain) = (&self.context.db, &self.context.life.drain);
        if let Err(error) = db.until(drain).persist(|| intake::mark_handled(db, id)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "an update was not ticked off");
        }
    }
}

/// An update with its number and kind; without a number it cannot be told from others and is worth nothing.
fn read(payload: String) -> Option<RawUpdate> {
    let Some(raw::Summary { id, kind, message }) = raw::summarize(&payload) else {
        tracing::error!("an update without a number was dropped");
        return None;
    };
    let ignored = !KINDS.contains(&kind.as_str());
    Some(RawUpdate { id, kind, payload, ignored, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_stored_by_number_and_kind_whatever_they_contain() {
        for (payload, expected) in [
            (r#"{"update_id":5,"message":{"text":"x"}}"#, Some((5, "message", false))),
            (r#"{"something_new":{"a":[1]},"update_id":6}"#, Some((6, "something_new", true))),
            (r#"{"update_id":7}"#, Some((7, "", true))),
            (
                r#"{"update_id":8,"callback_query":null,"message":{"text":"\ud83d"}}"#,
                Some((8, "message", false)),
            ),
            (r#"{"message":{}}"#, None),
            ("[]", None),
        ] {
            let found = read(payload.to_owned());
            let found = found.as_ref().map(|update| (update.id.0, update.kind.as_str(), update.ignored));
            assert_eq!(found, expected, "{payload}");
        }
    }
}
