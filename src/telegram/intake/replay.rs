//! Replay: resumes work that the last holders of buckets stored but did not finish. Runs when buckets are taken, before
//! their new updates are passed on.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::context::BotContext;
use super::super::inbound::raw;
use super::super::pipeline::isolation::Assembly;
use super::super::pipeline::queue::SessionInput;
use super::super::{replies, sessions};
use super::Intake;
use crate::db::inbox::{Waiting, routing};
use crate::db::outbox::{self, OutboxMessage, Owed};
use crate::db::{DbError, inbox, turns};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, OutboxId, UpdateId};
use crate::services::{recovery, unshown};

/// The inbox rows read at once.
const PAGE: i64 = 500;

/// Resumes what the last holders of these buckets have left, in this order: updates to give up, charges for
/// answers that were never shown, undelivered messages, deletions of topics, open turns, unhandled updates. May be
/// repeated.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn replay(intake: &Intake, buckets: &[Bucket]) -> Result<(), DbError> {
    let context = &intake.context;
    let (db, drain, numbers) = (&context.db, &context.life.drain, &*Bucket::numbers(buckets));
    intake.give_up(numbers, &[]).await?;
    let returned = db.until(drain).persist(|| unshown::look_after_all(db, numbers)).await?;
    context.metrics.returned.inc_by(returned.nano());
    let owed = owed(context, numbers, 0.0).await?;
    let open = db.until(drain).persist(|| turns::left_open(db, 0.0, numbers)).await?;
    replies::topics::take_up(context, numbers).await?;
    let counts = (owed, open.len());
    let assembly = context.isolation.assemble();
    for left in open {
        resume(context, left, &assembly).await?;
    }
    let updates = updates(intake, numbers, assembly).await?;
    if counts != (0, 0) || updates > 0 {
        tracing::info!(owed = counts.0, turns = counts.1, updates, "took up what the last run had left");
    }
    Ok(())
}

/// Queues undelivered messages to chats in `buckets` that are at least `age_s` seconds old. Returns their number.
pub(super) async fn owed(context: &BotContext, buckets: &[i64], age_s: f64) -> Result<usize, DbError> {
    queue(context, Owed::To(buckets), age_s).await
}

/// Queues messages to chats in `buckets` that the instances which have stored them leave to this one.
pub(super) async fn left_to_holder(context: &BotContext, buckets: &[i64]) -> Result<usize, DbError> {
    queue(context, Owed::LeftTo(buckets), 0.0).await
}

async fn queue(context: &BotContext, which: Owed<'_>, age_s: f64) -> Result<usize, DbError> {
    let (db, drain) = (&context.db, &context.life.drain);
    let (mut after, mut count) = (OutboxId(0), 0);
    loop {
        let pending = || outbox::pending(db, which, age_s, after);
        let page = db.until(drain).persist(pending).await?;
        let Some(&(last, _)) = page.last() else { return Ok(count) };
        after = last;
        count += page.len();
        // Skips messages of running turns: a turn delivers its own once its last draft has arrived.
        let runs = |owed: &OutboxMessage| owed.turn.is_some_and(|turn| context.running.contains(turn));
        context.courier().deliver_again(page.into_iter().filter(|(_, owed)| !runs(owed)).collect());
    }
}

/// Passes an interrupted turn to its session.
pub(super) async fn resume(
    context: &Arc<BotContext>,
    left: turns::LeftOpen,
    assembly: &Assembly,
) -> Result<(), DbError> {
    let (db, drain) = (&context.db, &context.life.drain);
    if context.running.contains(left.turn) {
        return Ok(());
    }
    let recovery = db.until(drain).persist(|| recovery::decide(db, &left)).await?;
    // The turn has no update any more; its messages are stored.
    let key = left.key;
    let input = SessionInput::Resume(Box::new((left, recovery)), assembly.clone());
    sessions::post(context, UpdateId(0), key, input);
    Ok(())
}

async fn updates(intake: &Intake, buckets: &[i64], assembly: Assembly) -> Result<usize, DbError> {
    let context = &intake.context;
    let (db, drain) = (&context.db, &context.life.drain);
    let (mut after, mut count) = (UpdateId(i64::MIN), 0);
    loop {
        let take_up = || inbox::take_up(db, buckets, after, recovery::ALONE_AFTER, PAGE);
        let page = db.until(drain).persist(take_up).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        count += page.len();
        let mut unrouted = Vec::new();
        for Waiting { id, route, payload } in page {
            let route = route.unwrap_or_else(|| {
                unrouted.push((id, route_of(&payload)));
                route_of(&payload)
            });
            let is_ours = context.life.holdings.epoch(Bucket::of(route)).is_some();
            if is_ours && context.arrivals.is_new(id, Instant::now()) {
                intake.pass_on(id, &payload).await;
            }
        }
        // Nothing is given back before the replay has ended.
        for (id, route) in unrouted {
            db.until(drain).persist(|| routing::set(db, id, route)).await?;
        }
    }
    let suspected = || inbox::suspected(db, buckets, recovery::ALONE_AFTER);
    let suspects = db.until(drain).persist(suspected).await?;
    count += suspects.len();
    intake.take_up_suspects(suspects, assembly);
    Ok(count)
}

/// Returns the chat that routes an update which an instance of the former version has stored.
pub(super) fn route_of(payload: &str) -> ChatId {
    raw::summarize(payload).map_or(ChatId(0), |summary| summary.route)
}
