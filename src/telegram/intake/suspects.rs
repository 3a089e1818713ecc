//! Suspected updates, which were in flight in several crashes, are handled one by one with nothing else in
//! flight. The service continues its ordinary work between them.

use std::time::Duration;

use tokio::time::Instant;

use super::Intake;
use crate::db::inbox::Suspected;
use crate::db::{DbError, inbox, turns};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, UpdateId};
use crate::lifecycle::holdings::Occupied;
use crate::services::recovery;
use crate::telegram::context::BotContext;
use crate::telegram::inbound::raw::{self, Update};
use crate::telegram::pipeline::in_flight::InFlightGuard;
use crate::telegram::pipeline::isolation::{Assembly, Mode, Suspect};

/// How long an update may keep everything else from running. After that other work runs too: the update may
/// wait for a file, or for work that waits for it.
const LIMIT: Duration = Duration::from_secs(30);
/// How long an update waits for open turns of its chat, one of which its session may still have to finish.
const TURNS_LIMIT: Duration = Duration::from_secs(300);
/// The interval between two checks whether an update is handled, or the turns of its chat are closed.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A suspected update waiting to be handled alone.
#[derive(Debug)]
struct Waiting {
    id: UpdateId,
    chat: ChatId,
    crashes_alone: i32,
    _held: InFlightGuard,
    _occupied: Occupied,
}

impl Intake {
    /// Handles suspected updates, the least suspected first.
    pub(super) fn take_up_suspects(&self, suspects: Vec<Suspected>, assembly: Assembly) {
        if suspects.is_empty() {
            return;
        }
        let intake = self.clone();
        let waiting = |Suspected { id, crashes_alone, payload }| {
            let chat = Update::read(&payload).map_or(ChatId(0), |update| update.chat());
            // Its bucket stays here until it is handled.
            let route = raw::summarize(&payload).map_or(ChatId(0), |summary| summary.route);
            let occupied = self.context.life.holdings.enter(Bucket::of(route))?;
            let held = self.context.in_flight.hold(id);
            Some(Waiting { id, chat, crashes_alone, _held: held, _occupied: occupied })
        };
        let mut suspects: Vec<Waiting> = suspects.into_iter().filter_map(waiting).collect();
        self.context.life.spawn("suspects", async move {
            drop(assembly);
            let until = Instant::now() + TURNS_LIMIT;
            while !suspects.is_empty() {
                let next =
                    intake.first_free(&suspects).await.or_else(|| (Instant::now() >= until).then_some(0));
                let BotContext { life, .. } = &*intake.context;
                let Some(next) = next else {
                    match life.leaving.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await {
                        Some(()) => continue,
                        None => return,
                    }
                };
                let suspect = suspects.remove(next);
                match life.drain.run_until_cancelled(intake.isolated(&suspect)).await {
                    Some(Ok(())) => {}
                    Some(Err(error)) => {
                        let (id, error) = (suspect.id, &error as &dyn std::error::Error);
                        tracing::warn!(update.id = id.0, error, "the suspected update {id} has to wait");
                    }
                    None => return,
                }
            }
        });
    }

    /// Returns the first update whose chat has no open turn.
    async fn first_free(&self, suspects: &[Waiting]) -> Option<usize> {
        let (db, drain) = (&self.context.db, &self.context.life.drain);
        for (number, suspect) in suspects.iter().enumerate() {
            let open = db.until(drain).persist(|| turns::any_open(db, suspect.chat)).await;
            if matches!(open, Ok(false)) {
                return Some(number);
            }
        }
        None
    }

    /// Handles an update while nothing else is in flight.
    async fn isolated(&self, suspect: &Waiting) -> Result<(), DbError> {
        let &Waiting { id, chat, crashes_alone, .. } = suspect;
        let (context, drain) = (&self.context, &self.context.life.drain);
        let db = &context.db;
        let mode = Mode::Exclusive { crashes_alone, suspect: Suspect::Update(id, chat) };
        let entering = async {
            tokio::time::sleep(recovery::pause(crashes_alone)).await;
            context.isolation.enter(mode).await
        };
        // What has not begun when the service is to stop is left to the next holder.
        let Some(_alone) = context.life.leaving.run_until_cancelled(entering).await else { return Ok(()) };
        let isolate = || inbox::isolate(db, id, true);
        let Some(payload) = db.until(drain).persist(isolate).await? else { return Ok(()) };
        tracing::warn!(update.id = id.0, crashes_alone, "the suspected update {id} is handled alone");
        let until = Instant::now() + LIMIT;
        if context.arrivals.is_new(id, Instant::now()) {
            self.pass_on(id, &payload).await;
        }
        while Instant::now() < until {
            if db.until(drain).persist(|| inbox::waiting(db, id)).await?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tracing::warn!(update.id = id.0, "the suspected update {id} goes on in company");
        db.until(drain).persist(|| inbox::isolate(db, id, false)).await.map(drop)
    }
}
