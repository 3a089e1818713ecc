//! The sweep: stored work that nobody has in hand any more, because a session ended by a fault or an answer of the
//! database got lost, is taken up again without waiting for the next start.

use std::time::Duration;

use super::super::inbound::raw::{Content, Update};
use super::super::text;
use super::Intake;
use super::replay::{owed, resume};
use crate::db::inbox::GivenUp;
use crate::db::outbox::OutboxMessage;
use crate::db::{DbError, OPERATION_LIMIT, inbox, turns};
use crate::domain::people::Language;
use crate::domain::turn::{Outcome, TurnFailure};
use crate::rendering::RichText;
use crate::services::intake;

/// Updates that are taken up at once.
const PAGE: i64 = 500;
/// How often an update is taken up; one that fails every time would fail for ever.
const TRIES: i32 = 10;

impl Intake {
    /// Looks again and again until the service drains. Work that is younger than `age` is on its ordinary way.
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
        owed(context, age_s).await?;
        let left_open = || turns::left_open(db, age_s);
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
        // What waits in a batch for a file is neither lost nor tried in vain.
        let in_flight = context.in_flight.all();
        self.give_up(&in_flight).await?;
        let stranded = || inbox::stranded(db, age_s, PAGE, &in_flight);
        for (id, payload) in db.until(drain).run_job(OPERATION_LIMIT, stranded).await? {
            tracing::warn!(update.id = id.0, "nobody has handled the update {id}, taking it up");
            self.pass_on(id, &payload).await;
        }
        Ok(())
    }

    /// Gives up updates that cannot be handled, but for those that somebody has `in_flight`, and tells whoever sent one.
    pub(super) async fn give_up(&self, in_flight: &[i64]) -> Result<(), DbError> {
        let (context, drain) = (&self.context, &self.context.life.drain);
        let give_up = || intake::give_up(&context.db, TRIES, in_flight, tell);
        context.courier().deliver(context.db.until(drain).persist(give_up).await?);
        Ok(())
    }
}

/// Whoever wrote a message that cannot be handled is told so.
fn tell(update: &GivenUp) -> Option<OutboxMessage> {
    let (chat, message) = update.message?;
    let (mut language, mut topic) = (Language::default(), None);
    if let Some(Update { content: Content::Message(brought), .. }) = Update::read(&update.payload) {
        language = Language::from_tag(brought.from.as_ref().and_then(|from| from.language_code.as_deref()));
        topic = brought.topic();
    }
    let text = RichText::plain(text::closing(language, Outcome::Failed(TurnFailure::Internal))?);
    let key = format!("given up:{}", update.id);
    Some(OutboxMessage {
        reply_to: (chat.0 < 0).then_some(message),
        after: Some(message),
        ..OutboxMessage::new(key, chat, topic, text.into_wire())
    })
}
