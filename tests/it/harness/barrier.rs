//! A lock held by a test, which stops the bot when it opens a turn.

use sqlx::{Postgres, Transaction};

use super::Bot;

/// Statements that wait to open a turn.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '-- Opens turns%'";

/// While the barrier exists, no turn is opened or closed.
pub(crate) struct Barrier(Transaction<'static, Postgres>);

impl Barrier {
    pub(crate) async fn before_turns(bot: &Bot) -> Self {
        let mut lock = bot.books().begin().await.unwrap();
        sqlx::query("LOCK TABLE turns IN EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
        Self(lock)
    }

    /// Waits until the bot is about to open a turn.
    pub(crate) async fn reached(&self, bot: &Bot) {
        bot.database.until(WAITING, 1).await;
    }

    pub(crate) async fn lift(self) {
        self.0.rollback().await.unwrap();
    }

    /// Removes the barrier after the bot was killed; its statements must not outlive it.
    pub(crate) async fn lift_for_the_next(mut self) {
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
