//! A lock of a test before which the bot stops when it opens a turn.

use sqlx::{Postgres, Transaction};

use super::Bot;

/// Openings that wait.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '-- Opens turns%'";

/// Until it is lifted, no turn is opened or closed.
pub struct Barrier(Transaction<'static, Postgres>);

impl Barrier {
    pub async fn before_turns(bot: &Bot) -> Self {
        let mut lock = bot.books().begin().await.unwrap();
        sqlx::query("LOCK TABLE turns IN EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
        Self(lock)
    }

    /// Waits until a turn is about to be opened.
    pub async fn reached(&self, bot: &Bot) {
        bot.database.until(WAITING, 1).await;
    }

    pub async fn lift(self) {
        self.0.rollback().await.unwrap();
    }

    /// Lifts it when the bot is dead, whose statements must not outlive it.
    pub async fn lift_for_the_next(mut self) {
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'starling'",
        )
        .execute(&mut *self.0)
        .await
        .unwrap();
        self.lift().await;
    }
}
