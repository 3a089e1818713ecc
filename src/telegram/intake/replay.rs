//! Replay: resumes work that an earlier run stored but did not finish. Runs once at start, before new updates
//! are taken.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::context::BotContext;
use super::super::pipeline::isolation::Assembly;
use super::super::pipeline::queue::SessionInput;
use super::super::{replies, sessions};
use super::Intake;
use crate::db::crashes::Crash;
use crate::db::outbox::{self, OutboxMessage};
use crate::db::{DbError, inbox, turns};
use crate::domain::ids::{OutboxId, UpdateId};
use crate::services::{recovery, unshown};

/// The inbox rows read at once.
const PAGE: i64 = 500;

/// Counts the crash that ended the last run, if one did, and resumes, in this order: undelivered messages,
/// deletions of topics, open turns, unhandled updates.
///
/// # Errors
/// Returns an error if the service shuts down or the database fails permanently.
pub(crate) async fn replay(intake: &Intake) -> Result<(), DbError> {
    let context = &intake.context;
    let (db, drain) = (&context.db, &context.life.drain);
    let crash = db.until(drain).persist(|| recovery::count_crash(db)).await?;
    if crash.turns + crash.updates > 0 {
        let Crash { turns, updates } = crash;
        tracing::warn!(turns, updates, "the last run ended in a crash, with this in flight");
    }
    intake.give_up(&[]).await?;
    let returned = db.until(drain).persist(|| unshown::look_after_all(db)).await?;
    context.metrics.returned.inc_by(returned.nano());
    let owed = owed(context, 0.0).await?;
    let open = db.until(drain).persist(|| turns::left_open(db, 0.0)).await?;
    replies::topics::take_up(context).await?;
    let counts = (owed, open.len());
    let assembly = context.isolation.assemble();
    for left in open {
        resume(context, left, &assembly).await?;
    }
    let updates = updates(intake, assembly).await?;
    if counts != (0, 0) || updates > 0 {
        tracing::info!(owed = counts.0, turns = counts.1, updates, "took up what the last run had left");
    }
    Ok(())
}

/// Queues undelivered messages that are at least `age_s` seconds old. Returns their number.
pub(super) async fn owed(context: &BotContext, age_s: f64) -> Result<usize, DbError> {
    let (db, drain) = (&context.db, &context.life.drain);
    let (mut after, mut count) = (OutboxId(0), 0);
    loop {
        let pending = || outbox::pending(db, None, age_s, after);
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
    let recovery = db.until(drain).persist(|| recovery::decide(db, &left)).await?;
    // The turn has no update any more; its messages are stored.
    let key = left.key;
    let input = SessionInput::Resume(Box::new((left, recovery)), assembly.clone());
    sessions::post(context, UpdateId(0), key, input);
    Ok(())
}

async fn updates(intake: &Intake, assembly: Assembly) -> Result<usize, DbError> {
    let context = &intake.context;
    let (db, drain) = (&context.db, &context.life.drain);
    let (mut after, mut count) = (UpdateId(i64::MIN), 0);
    loop {
        let take_up = || inbox::take_up(db, after, recovery::ALONE_AFTER, PAGE);
        let page = db.until(drain).persist(take_up).await?;
        let Some(&(last, _)) = page.last() else { break };
        after = last;
        count += page.len();
        for (id, payload) in page {
            intake.context.arrivals.is_new(id, Instant::now());
            intake.pass_on(id, &payload).await;
        }
    }
    let suspected = || inbox::suspected(db, recovery::ALONE_AFTER);
    let suspects = db.until(drain).persist(suspected).await?;
    count += suspects.len();
    intake.take_up_suspects(suspects, assembly);
    Ok(count)
}
