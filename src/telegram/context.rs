//! What the handlers and sessions share. Built once by `app`, passed as `Arc`, never changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use super::arrivals::Arrivals;
use super::courier::Courier;
use super::deferred::Deferred;
use super::payment_worker::PaymentWorker;
use super::pipeline::albums::Albums;
use super::pipeline::fetches::FetchPermits;
use super::pipeline::in_flight::InFlight;
use super::pipeline::isolation::Isolation;
use super::pipeline::queue::Mailboxes;
use super::pipeline::slots::Slots;
use super::streaming::Screen;
use crate::bot_api::methods::Me;
use crate::cache::Cache;
use crate::conversation::Assistant;
use crate::db::Db;
use crate::domain::ids::TurnId;
use crate::lifecycle::Lifecycle;
use crate::services::books::Books;
use crate::services::write_behind::WriteBehind;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::readiness::Readiness;

/// The long-lived parts of the service.
#[derive(Debug)]
pub(crate) struct BotContext {
    /// The bot's own account.
    pub me: Me,
    /// The database.
    pub db: Db,
    /// Copies of what is in it.
    pub cache: Cache,
    /// Where records go that nobody waits for.
    pub write_behind: WriteBehind,
    /// Who answers.
    pub assistant: Assistant,
    /// The books.
    pub books: Books,
    /// Refunds and receipts.
    pub payment_worker: PaymentWorker,
    /// Where answers are shown; its API and courier serve everybody.
    pub screen: Screen,
    /// The mailboxes of the threads that are awake.
    pub mailboxes: Mailboxes,
    /// Turns that a session has in hand.
    pub running: RunningTurns,
    /// Updates that found a full mailbox.
    pub deferred: Deferred,
    /// When updates came.
    pub arrivals: Arrivals,
    /// Updates that wait in batches.
    pub in_flight: InFlight,
    /// Places for files that are fetched at once.
    pub files: FetchPermits,
    /// Wakes the deletion of copies at the model's provider.
    pub copies_dropped: Arc<Notify>,
    /// Albums that were meant for us.
    pub albums: Albums,
    /// What may run beside what.
    pub isolation: Isolation,
    /// Places for answers that run at once, for each user.
    pub slots: Slots,
    /// How long a batch stays open after its last message.
    pub batch_window: Duration,
    /// Tasks and their end.
    pub life: Lifecycle,
    /// What is counted.
    pub metrics: Metrics,
    /// Whether updates are taken and handed on.
    pub readiness: Readiness,
}

/// Turns that are in hand. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningTurns(Arc<Mutex<HashSet<TurnId>>>);

impl RunningTurns {
    /// Somebody has the turn.
    pub(crate) fn insert(&self, turn: TurnId) {
        self.turns().insert(turn);
    }

    /// Nobody has it any more.
    pub(crate) fn remove(&self, turn: TurnId) {
        self.turns().remove(&turn);
    }

    /// Whether somebody has it.
    pub(crate) fn contains(&self, turn: TurnId) -> bool {
        self.turns().contains(&turn)
    }

    fn turns(&self) -> MutexGuard<'_, HashSet<TurnId>> {
        self.0.lock()
    }
}

impl BotContext {
    /// Delivers what is owed.
    pub(crate) fn courier(&self) -> &Courier {
        &self.screen.courier
    }
}
