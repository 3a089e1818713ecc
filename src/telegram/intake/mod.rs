//! Intake: updates are stored, all of them, before Telegram is told that they arrived. Raw, because kinds that the
//! framework does not know must not get lost. Storing the same update twice changes nothing.

mod deferred;
mod polling;
mod repair;
mod replay;
mod suspects;
mod sweep;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use teloxide::types::Update;
use tokio::sync::mpsc;
use tokio::time::Instant;

pub use deferred::Deferred;
pub use polling::poll;
pub use replay::replay;
pub use webhook::{Webhook, listen};

use super::context::Context;
use super::pipeline::queue::{Letter, StopBy, StopWish};
use super::{handlers, inbound};
use crate::db::inbox::{self, RawUpdate};
use crate::db::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, ThreadKey, TopicId, UpdateId, UserId};
use crate::services::intake;
use crate::telemetry::metrics::Metrics;

/// The kinds of update that the bot wants. One that it does not ask for never arrives.
pub const KINDS: &[&str] = &[
    "message",
    "edited_message",
    "callback_query",
    "pre_checkout_query",
    "my_chat_member",
    "stopped_message_generation",
];
/// Updates between intake and dispatcher; when it is full, Telegram keeps the rest.
pub const UPDATES_IN_FLIGHT: usize = 1_000;
/// How long a failure may last before the service says that it takes no updates: most pass within moments.
const READY_GRACE: Duration = Duration::from_secs(10);

/// Takes updates in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Intake {
    context: Arc<Context>,
    updates: mpsc::Sender<Update>,
}

impl Intake {
    /// An intake that passes on what it has stored.
    pub fn new(context: Arc<Context>, updates: mpsc::Sender<Update>) -> Self {
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
        let fresh = db.persist("inbox::store", drain, || inbox::store(db, updates)).await?;
        metrics.updates_duplicate.inc_by((updates.len() - fresh.len()) as u64);
        for update in updates.iter().filter(|update| fresh.contains(&update.id)) {
            let kind = if KINDS.contains(&update.kind.as_str()) { update.kind.as_str() } else { "other" };
            metrics.updates.with_label_values(&[kind]).inc();
            if update.ignored {
                metrics.updates_ignored.inc();
                tracing::warn!(update.id = update.id.0, "the update {} is of no known kind", update.id);
            }
        }
        Ok(fresh)
    }

    /// Hands a stored update to the dispatcher. Payments come first: they pass by everything that could hold them up;
    /// what only we understand goes straight to its session.
    async fn pass_on(&self, id: UpdateId, payload: &str) {
        if let Some(event) = inbound::payments::read(payload) {
            handlers::payment(&self.context, event);
            return;
        }
        match Read::from(id, payload) {
            // Nobody receives only at shutdown; the row stays in the inbox for the next start.
            Some(Read::Known(update)) => return drop(self.updates.send(*update).await),
            Some(read) => return read.route(&self.context),
            None => {}
        }
        self.context.metrics.updates_ignored.inc();
        tracing::error!(update.id = id.0, "the update {id} cannot be read");
        let (db, drain) = (&self.context.db, &self.context.life.drain);
        if let Err(error) = db.persist("intake::tick_off", drain, || intake::tick_off(db, id)).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "an update was not ticked off");
        }
    }
}

/// An update that can be handled.
enum Read {
    /// One that the framework knows.
    Known(Box<Update>),
    /// A draft was stopped, which only we understand.
    Stopped(UpdateId, ThreadKey, i32),
}

impl Read {
    fn from(id: UpdateId, payload: &str) -> Option<Self> {
        match stopped_draft(payload) {
            Some((key, draft)) => Some(Self::Stopped(id, key, draft)),
            None => repair::parse(payload).map(|update| Self::Known(Box::new(update))),
        }
    }

    /// Hands it over at once, past the dispatcher.
    fn route(self, context: &Arc<Context>) {
        match self {
            Self::Known(update) => handlers::route(context, *update),
            Self::Stopped(id, key, draft) => {
                let wish = StopWish { update: id, by: StopBy::Draft(draft) };
                handlers::post(context, id, key, Letter::Stop(Box::new(wish)));
            }
        }
    }
}

/// An update with its number and kind; without a number it cannot be told from others and is worth nothing.
fn read(payload: String) -> Option<RawUpdate> {
    let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(&payload).unwrap_or_default();
    let Some(id) = fields.get("update_id").and_then(|id| id.get().parse().ok()) else {
        tracing::error!("an update without a number was dropped");
        return None;
    };
    let message = fields.get("message").and_then(|message| {
        let NewMessage { message_id, chat } = serde_json::from_str(message.get()).ok()?;
        Some((chat.id, message_id))
    });
    let kind = fields.into_keys().find(|&name| name != "update_id").unwrap_or_default().to_owned();
    let ignored = !KINDS.contains(&kind.as_str());
    Some(RawUpdate { id: UpdateId(id), kind, payload, ignored, message })
}

/// As much of a message as tells where it stands.
#[derive(Deserialize)]
struct NewMessage {
    message_id: MessageId,
    chat: Place,
}

#[derive(Deserialize)]
struct Place {
    id: ChatId,
}

/// Whose draft was stopped, if the update tells of that. Drafts exist in private chats only, whose id is that of the
/// user. The number of the draft comes as a number or as a string.
fn stopped_draft(payload: &str) -> Option<(ThreadKey, i32)> {
    if !payload.contains("stopped_message_generation") {
        return None;
    }
    let payload: Value = serde_json::from_str(payload).ok()?;
    let stopped = payload.get("stopped_message_generation")?;
    let chat = stopped.get("chat")?.get("id")?.as_i64()?;
    let topic =
        stopped.get("message_thread_id").and_then(Value::as_i64).and_then(|topic| i32::try_from(topic).ok());
    let draft = stopped.get("draft_id")?;
    let draft = draft.as_i64().or_else(|| draft.as_str()?.parse().ok())?;
    let key = ThreadKey { chat: ChatId(chat), user: UserId(chat), topic: topic.map(TopicId) };
    Some((key, i32::try_from(draft).ok()?))
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
            (r#"{"message":{}}"#, None),
            ("[]", None),
        ] {
            let found = read(payload.to_owned());
            let found = found.as_ref().map(|update| (update.id.0, update.kind.as_str(), update.ignored));
            assert_eq!(found, expected, "{payload}");
        }
    }

    #[test]
    fn a_stopped_draft_names_its_thread() {
        let stopped = |draft: &str| {
            format!(
                r#"{{"update_id":1,"stopped_message_generation":{{"chat":{{"id":42,"type":"private"}},"draft_id":{draft}}}}}"#
            )
        };
        let key = ThreadKey { chat: ChatId(42), user: UserId(42), topic: None };
        assert_eq!(stopped_draft(&stopped("65")), Some((key, 65)));
        assert_eq!(stopped_draft(&stopped("\"65\"")), Some((key, 65)));
        assert_eq!(stopped_draft(r#"{"update_id":1,"message":{"text":"stopped_message_generation"}}"#), None);
    }
}
