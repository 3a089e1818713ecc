//! The courier delivers outbox messages: one ordered queue per chat that this instance answers, until Telegram
//! has each message or refuses it permanently. Penalties and outages delay a delivery but never lose it, because
//! the outbox row stays until the end.

mod calls;
mod file_ladder;
mod files;
mod ladder;
mod queued;
mod room;
mod sender;
mod upgrades;

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;

pub(crate) use self::queued::Delivery;
use self::queued::{QueuedMessage, SendStatus};
use self::room::UploadRoom;
use self::sender::{MessageSender, ShutChats};
use crate::bot_api::Api;
use crate::cache::Cache;
use crate::db::outbox::OutboxMessage;
use crate::db::{Db, DbError, outbox};
use crate::domain::bucket::Bucket;
use crate::domain::ids::{ChatId, MessageId, OutboxId};
use crate::lifecycle::Lifecycle;
use crate::services::made_files::MadeFiles;
use crate::telemetry::metrics::Metrics;

/// Delivers outbox messages. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Courier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sender: MessageSender,
    state: Mutex<CourierState>,
}

/// The queues of all chats with pending deliveries.
#[derive(Debug, Default)]
struct CourierState {
    queues: HashMap<ChatId, VecDeque<QueuedMessage>>,
    /// Rows that are queued or being sent; a row passed twice is sent once.
    queued_ids: HashSet<OutboxId>,
}

impl Courier {
    /// Creates a courier with empty queues.
    pub(crate) fn new(
        api: Api,
        db: Db,
        cache: Cache,
        made_files: MadeFiles,
        life: Lifecycle,
        metrics: Metrics,
    ) -> Self {
        let room = UploadRoom::default();
        let shut = ShutChats::default();
        let sender = MessageSender { api, db, cache, made_files, room, life, metrics, shut };
        Self(Arc::new(Inner { sender, state: Mutex::default() }))
    }

    /// Appends newly stored messages to the queues of their chats; a message whose chat this instance does not
    /// hold is left to the holder. Returns a handle that resolves when the last one is settled, or at once with
    /// an error if that is not sent here; `None` without messages.
    pub(crate) fn deliver(&self, messages: Vec<(OutboxId, OutboxMessage)>) -> Option<Delivery> {
        self.take(messages, SendStatus::New)
    }

    /// Queues new messages like [`Courier::deliver`]; the first is already marked as begun in the outbox.
    pub(crate) fn deliver_begun(&self, mut messages: Vec<(OutboxId, OutboxMessage)>) -> Option<Delivery> {
        let rest = messages.split_off(messages.len().min(1));
        let first = self.take(messages, SendStatus::Begun);
        self.deliver(rest).or(first)
    }

    /// Returns whether a chat has no pending deliveries.
    pub(crate) fn is_idle(&self, chat: ChatId) -> bool {
        !self.state().queues.contains_key(&chat)
    }

    /// Returns whether the next message to a chat is sent at once: it has no pending deliveries, and its budget has
    /// room.
    pub(crate) fn sends_at_once(&self, chat: ChatId) -> bool {
        self.is_idle(chat) && self.0.sender.api.flow().has_room(chat)
    }

    /// Queues messages read back from the outbox. Each is checked there again before it is sent, because it
    /// may have been delivered since, and searched in the chat if sending was begun before.
    pub(crate) fn deliver_again(&self, messages: Vec<(OutboxId, OutboxMessage)>) {
        self.take(messages, SendStatus::Outbox);
    }

    fn take(&self, messages: Vec<(OutboxId, OutboxMessage)>, origin: SendStatus) -> Option<Delivery> {
        let (mut last, mut left) = (None, Vec::new());
        for (id, owed) in messages {
            let (delivered, delivery) = oneshot::channel();
            last = Some(delivery);
            let chat = owed.chat;
            let queued = QueuedMessage { id, owed, origin, since: Instant::now(), delivered };
            let mut state = self.state();
            if !state.queued_ids.insert(id) {
                continue;
            }
            if let Some(queue) = state.queues.get_mut(&chat) {
                queue.push_back(queued);
                continue;
            }
            let Some(occupied) = self.0.sender.life.holdings.enter(Bucket::of(chat)) else {
                state.queued_ids.remove(&id);
                left.push(id);
                continue;
            };
            state.queues.insert(chat, VecDeque::from([queued]));
            drop(state);
            let courier = self.clone();
            self.0.sender.life.spawn("courier", async move {
                let _occupied = occupied;
                drain_queue(&courier.0.state, chat, |queued| {
                    let courier = courier.clone();
                    let span = queued.span();
                    async move { courier.0.sender.send_until_settled(queued).instrument(span).await }.boxed()
                })
                .await;
            });
        }
        if !left.is_empty() {
            self.leave_to_holder(left);
        }
        last
    }

    /// Leaves messages to the instances that answer their chats.
    fn leave_to_holder(&self, messages: Vec<OutboxId>) {
        let courier = self.clone();
        self.0.sender.life.spawn("messages left", async move {
            let db = &courier.0.sender.db;
            if let Err(error) = db.persist(|| outbox::leave_to_holder(db, &messages)).await {
                // The holder's sweep finds them.
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "messages to other chats have to wait"
                );
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, CourierState> {
        self.0.state.lock()
    }
}

/// Delivers one chat's queue, which disappears together with its task. A message whose delivery panics is
/// left to the sweep, and the queue continues.
async fn drain_queue(
    state: &Mutex<CourierState>,
    chat: ChatId,
    send_until_settled: impl for<'p> Fn(&'p QueuedMessage) -> BoxFuture<'p, Result<Option<MessageId>, DbError>>,
) {
    loop {
        let queued = {
            let mut state = state.lock();
            let Some(queued) = state.queues.get_mut(&chat).and_then(VecDeque::pop_front) else {
                state.queues.remove(&chat);
                return;
            };
            queued
        };
        let result = AssertUnwindSafe(send_until_settled(&queued)).catch_unwind().await;
        state.lock().queued_ids.remove(&queued.id);
        match result {
            Ok(Ok(message)) => drop(queued.delivered.send(message)),
            Ok(Err(DbError::Cancelled)) => {
                tracing::warn!(outbox.id = queued.id.0, "the message {} waits for the next start", queued.id);
                state.lock().queues.remove(&chat);
                return;
            }
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(outbox.id = queued.id.0, error, "a delivery cannot be recorded");
            }
            Err(_panic) => {
                tracing::error!(
                    outbox.id = queued.id.0,
                    "the delivery of the message {} panicked",
                    queued.id
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
