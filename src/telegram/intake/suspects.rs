//! Updates that were in flight in several crashes are handled with nothing else in flight, one after the other, beside the
//! ordinary work of the service.

use std::time::Duration;

use tokio::time::Instant;

use super::Intake;
use crate::db::{DbError, inbox};
use crate::domain::ids::UpdateId;
use crate::services::recovery;
use crate::telegram::pipeline::in_flight::InFlightGuard;
use crate::telegram::pipeline::isolation::{Assembly, Mode, Suspect};

/// How long an update may take until it is handled or has become a turn; fetching its file takes the longest.
const LIMIT: Duration = Duration::from_secs(300);
/// Between two looks whether it is handled.
const LOOK_EVERY: Duration = Duration::from_millis(50);
impl Intake {
    /// Takes up updates, each with the number of crashes in which it was alone in flight.
    pub(super) fn take_up_suspects(&self, suspects: Vec<(UpdateId, i32)>, assembly: Assembly) {
        if suspects.is_empty() {
            return;
        }
        let intake = self.clone();
        let hold = |(id, crashes_alone)| (id, crashes_alone, self.context.in_flight.hold(id));
        let suspects: Vec<(UpdateId, i32, InFlightGuard)> = suspects.into_iter().map(hold).collect();
        self.context.life.spawn("suspects", async move {
            drop(assembly);
            for (id, crashes_alone, held) in suspects {
                let taken = intake.context.life.drain.run_until_cancelled(intake.isolated(id, crashes_alone));
                match taken.await {
                    Some(Ok(())) => drop(held),
                    Some(Err(error)) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(update.id = id.0, error, "the suspected update {id} has to wait");
                    }
                    None => return,
                }
            }
        });
    }

    /// Handles an update while nothing else is in flight.
    async fn isolated(&self, id: UpdateId, crashes_alone: i32) -> Result<(), DbError> {
        let (context, drain) = (&self.context, &self.context.life.drain);
        let db = &context.db;
        tokio::time::sleep(recovery::pause(crashes_alone)).await;
        let mode = Mode::Exclusive { crashes_alone, suspect: Suspect::Update(id) };
        let _alone = context.isolation.enter(mode).await;
        let isolate = || inbox::isolate(db, id, true);
        let Some(payload) = db.persist("inbox::isolate", drain, isolate).await? else { return Ok(()) };
        tracing::warn!(update.id = id.0, crashes_alone, "the suspected update {id} is handled alone");
        let until = Instant::now() + LIMIT;
        if context.arrivals.is_new(id, Instant::now()) {
            self.pass_on(id, &payload).await;
        }
        while Instant::now() < until {
            if db.persist("inbox::waiting", drain, || inbox::waiting(db, id)).await?.is_none() {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        db.persist("inbox::isolate", drain, || inbox::isolate(db, id, false)).await.map(drop)
    }
}
