//! The sweep: resumes stranded work of own buckets without waiting for the next start. Work is stranded if its session
//! failed or a response of the database was lost.

use std::time::Duration;

use super::super::inbound::raw::message::Message;
use super::super::inbound::raw::{Content, Update};
use super::super::text;
use super::Intake;
use super::replay::{owed, resume};
use crate::db::inbox::GivenUp;
use crate::db::outbox::OutboxMessage;
use crate::db::{DbError, OPERATION_LIMIT, inbox, turns};
use crate::domain::bucket::Bucket;
use crate::domain::people::{Language, Person};
use crate::domain::turn::{Outcome, TurnFailure};
use crate::rendering::RichText;
use crate::services::intake;

/// The updates resumed at once.
const PAGE: i64 = 500;
/// How often an update is resumed before it is abandoned; one that always fails would be retried forever.
const TRIES: i32 = 10;

impl Intake {
    /// Sweeps periodically until the service drains. Work younger than `age` counts as being processed.
    pub(crate) async fn sweep(self, age: Duration) {
        let drain = self.context.life.drain.clone();
        loop {
            tokio::select! {
                () = drain.cancelled() => return,
                () = tokio::time::sleep(age / 2) => {}
            }
            if let Err(error) = self.sweep_once(age.as_secs_f64()).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the sweep has to wait");
            }
        }
    }

    async fn sweep_once(&self, age_s: f64) -> Result<(), DbError> {
        let (context, drain) = (&self.context, &self.context.life.drain);
        let db = &context.db;
        let buckets = &*Bucket::numbers(&context.life.holdings.opened());
        if buckets.is_empty() {
            return Ok(());
        }
        owed(context, buckets, age_s).await?;
        let left_open = || turns::left_open(db, age_s, buckets);
        let assembly = context.isolation.assemble();
        for left in db.until(drain).run_job(OPERATION_LIMIT, left_open).await? {
            if !context.running.contains(left.turn) {
                tracing::warn!(
                    turn.id = left.turn.0,
                    "nobody has the turn {} in hand, taking it up",
                    left.turn
                );
                resume(context, left, &assembly).await?;
            }
        }
        drop(assembly);
        // Updates that wait in a batch for a file are neither stranded nor failing.
        let in_flight = context.in_flight.all();
        self.give_up(buckets, &in_flight).await?;
        let stranded = || inbox::stranded(db, buckets, age_s, PAGE, &in_flight);
        for (id, payload) in db.until(drain).run_job(OPERATION_LIMIT, stranded).await? {
            tracing::warn!(update.id = id.0, "nobody has handled the update {id}, taking it up");
            self.pass_on(id, &payload).await;
        }
        Ok(())
    }

    /// Abandons updates of `buckets` that cannot be handled and are not `in_flight`, and notifies their senders.
    pub(super) async fn give_up(&self, buckets: &[i64], in_flight: &[i64]) -> Result<(), DbError> {
        let (context, drain) = (&self.context, &self.context.life.drain);
        let give_up = || {
            intake::give_up(&context.db, buckets, TRIES, in_flight, |update| Some(sender(update)?.id), tell)
        };
        let (given_up, told) = context.db.until(drain).persist(give_up).await?;
        context.metrics.updates_given_up.inc_by(given_up as u64);
        context.courier().deliver(told);
        Ok(())
    }
}

fn message(update: &GivenUp) -> Option<Message> {
    match Update::read(&update.payload)?.content {
        Content::Message(message) => Some(*message),
        _ => None,
    }
}

fn sender(update: &GivenUp) -> Option<Person> {
    message(update)?.from
}

/// Composes the notice to the sender of an abandoned message, in the language that they chose or that of their app.
fn tell(update: &GivenUp, chosen: Option<Language>) -> Option<OutboxMessage> {
    let (chat, number) = update.message?;
    let app = || Language::from_tag(sender(update).and_then(|sender| sender.language_code).as_deref());
    let language = chosen.unwrap_or_else(app);
    let topic = message(update).and_then(|message| message.topic());
    let text = RichText::plain(text::closing(language, Outcome::Failed(TurnFailure::Internal))?);
    let key = format!("given up:{}", update.id);
    Some(OutboxMessage {
        reply_to: (chat.0 < 0).then_some(number),
        after: Some(number),
        ..OutboxMessage::new(key, chat, topic, text.into_wire())
    })
}
