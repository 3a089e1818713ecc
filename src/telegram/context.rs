//! The services that handlers and sessions share. Built once by `app`, passed as `Arc`, never changed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

use super::arrivals::Arrivals;
use super::commands::Asker;
use super::courier::Courier;
use super::deferred::Deferred;
use super::group_administrators::GroupAdministrators;
use super::inbound::MessageHeader;
use super::looks::Looks;
use super::menu_checks::MenuChecks;
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
use crate::cache::wake::WakeUps;
use crate::conversation::Assistant;
use crate::db::Db;
use crate::domain::ids::TurnId;
use crate::lifecycle::Lifecycle;
use crate::llm::speech;
use crate::services::books::Books;
use crate::services::write_behind::WriteBehind;
use crate::telemetry::metrics::Metrics;
use crate::telemetry::readiness::Readiness;

/// The long-lived parts of the service.
#[derive(Debug)]
pub(crate) struct BotContext {
    /// The bot's own account.
    pub me: Me,
    pub db: Db,
    /// Cached data of the database.
    pub cache: Cache,
    /// Records written in the background.
    pub write_behind: WriteBehind,
    pub assistant: Assistant,
    pub books: Books,
    /// Refunds and receipts.
    pub payment_worker: PaymentWorker,
    /// Shows answers; its API and courier are used for all other messages too.
    pub screen: Screen,
    /// The mailboxes of running sessions.
    pub mailboxes: Mailboxes,
    /// Turns being processed by sessions.
    pub running: RunningTurns,
    /// Updates that found a full mailbox.
    pub deferred: Deferred,
    /// Arrival times of recent updates.
    pub arrivals: Arrivals,
    /// Buckets to look at for waiting updates.
    pub looks: Looks,
    /// Hints from and to other instances, which buckets to look at.
    pub wake_ups: WakeUps,
    /// Updates that wait in batches.
    pub in_flight: InFlight,
    /// The client for transcripts of recordings; `None` if it is not set up.
    pub speech: Option<speech::Client>,
    /// Permits of concurrent file fetches.
    pub files: FetchPermits,
    /// Wakes the deletion of copies at the model's provider.
    pub copies_dropped: Arc<Notify>,
    /// Wakes the sending of announcements.
    pub announcements: Arc<Notify>,
    /// Wakes the work on what people ask of the data about them.
    pub data_requests: Arc<Notify>,
    /// Wakes the naming of topics.
    pub topics_due: Arc<Notify>,
    /// Whose menus of commands are to be looked at.
    pub menu_checks: MenuChecks,
    /// Permits of concurrent transcriptions.
    pub hearings: FetchPermits,
    /// Who administers which group.
    pub group_administrators: GroupAdministrators,
    /// Albums in groups that are addressed to the bot.
    pub albums: Albums,
    /// Keeps suspects from running with other work.
    pub isolation: Isolation,
    /// Limits the concurrent answers of each user.
    pub slots: Slots,
    /// How long a batch stays open after its last message.
    pub batch_window: Duration,
    /// Starts and stops tasks.
    pub life: Lifecycle,
    pub metrics: Metrics,
    /// Whether updates are taken and passed on.
    pub readiness: Readiness,
}

/// Turns being processed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningTurns(Arc<Mutex<HashSet<TurnId>>>);

impl RunningTurns {
    /// Marks a turn as being processed.
    pub(crate) fn insert(&self, turn: TurnId) {
        self.turns().insert(turn);
    }

    /// Marks a turn as no longer being processed.
    pub(crate) fn remove(&self, turn: TurnId) {
        self.turns().remove(&turn);
    }

    /// Returns whether a turn is being processed.
    pub(crate) fn contains(&self, turn: TurnId) -> bool {
        self.turns().contains(&turn)
    }

    fn turns(&self) -> MutexGuard<'_, HashSet<TurnId>> {
        self.0.lock()
    }
}

impl BotContext {
    /// Returns the courier, which delivers outbox messages.
    pub(crate) fn courier(&self) -> &Courier {
        &self.screen.courier
    }

    /// Returns the sender of a message as a user of commands.
    pub(crate) fn asker(&self, header: &MessageHeader) -> Asker {
        Asker { is_administrator: self.books.is_privileged(header.sender.id), chat: header.chat.kind }
    }

    /// Wakes the tasks that delete at providers what belonged to forgotten conversations.
    pub(crate) fn forgotten(&self) {
        self.copies_dropped.notify_one();
        if let Some(sandboxes) = &self.assistant.sandboxes {
            sandboxes.look_for_unwanted();
        }
    }
}
