//! The sweep: stored work that nobody has in hand any more, because a session ended by a fault or an answer of the
//! database got lost, is taken up again without waiting for the next start.

use std::time::Duration;

use super::Intake;
use super::replay::{owed, resume};
use crate::db::{DbError, inbox, turns};

/// Updates that are taken up at once.
const PAGE: i64 = 500;

impl Intake {
    /// Looks again and again until the service drains. Work that is younger than `age` is on its ordinary way.
    pub async fn sweep(self, age: Duration) {
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
        for left in db.persist("turns::left_open", drain, || turns::left_open(db, age_s)).await? {
            if !context.running.contains(left.turn) {
                tracing::warn!(
                    turn.id = left.turn.0,
                    "nobody has the turn {} in hand, taking it up",
                    left.turn
                );
                resume(context, left).await?;
            }
        }
        for (id, payload) in db.persist("inbox::stranded", drain, || inbox::stranded(db, age_s, PAGE)).await?
        {
            tracing::warn!(update.id = id.0, "nobody has handled the update {id}, taking it up");
            self.pass_on(id, &payload).await;
        }
        Ok(())
    }
}
