//! The courier delivers what is owed: one queue a chat, in order, until Telegram has each message or refuses it for
//! good. Penalties and outages delay a delivery; they never lose it, because the outbox row stays until the end.

mod calls;
mod carrier;
mod ladder;

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;

use self::carrier::Carrier;
use super::api::Api;
use crate::cache::Cache;
use crate::db::outbox::Owed;
use crate::db::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, OutboxId};
use crate::lifecycle::Lifecycle;
use crate::telemetry::metrics::Metrics;

/// Delivers messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Courier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    carrier: Carrier,
    desk: Mutex<Desk>,
}

/// What is on its way.
#[derive(Debug, Default)]
struct Desk {
    queues: HashMap<ChatId, VecDeque<Parcel>>,
    /// The same row handed over twice is carried once.
    carried: HashSet<OutboxId>,
}

/// What is known of a message that is handed over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    /// Nobody has tried to send it.
    New,
    /// Nobody has tried, but it is written down as if somebody had, which saves a statement.
    Begun,
    /// Somebody else may have sent it since it was read from the outbox.
    Outbox,
}

/// A message on its way.
#[derive(Debug)]
struct Parcel {
    id: OutboxId,
    owed: Owed,
    origin: Origin,
    delivered: oneshot::Sender<Option<MessageId>>,
}

/// Tells when the last of the messages has arrived (with its number) or was refused.
pub type Delivery = oneshot::Receiver<Option<MessageId>>;

impl Courier {
    /// A courier without anything to deliver.
    pub fn new(api: Api, db: Db, cache: Cache, life: Lifecycle, metrics: Metrics) -> Self {
        let carrier = Carrier { api, db, cache, life, metrics };
        Self(Arc::new(Inner { carrier, desk: Mutex::default() }))
    }

    /// Takes messages over that were written down just now, behind all that it has for the same chat.
    pub fn deliver(&self, messages: Vec<(OutboxId, Owed)>) -> Option<Delivery> {
        self.take(messages, Origin::New)
    }

    /// The same for messages of which the first was written down as one that Telegram is being asked to send.
    pub fn deliver_begun(&self, mut messages: Vec<(OutboxId, Owed)>) -> Option<Delivery> {
        let rest = messages.split_off(messages.len().min(1));
        let first = self.take(messages, Origin::Begun);
        self.deliver(rest).or(first)
    }

    /// Whether nothing is on its way to a chat, so that what comes next is sent at once.
    pub fn is_idle(&self, chat: ChatId) -> bool {
        !self.desk().queues.contains_key(&chat)
    }

    /// Takes messages over that stood in the outbox already: each is looked up there once more before it is sent, because
    /// the courier itself may have sent it since, and in the chat, if Telegram was asked before.
    pub fn deliver_again(&self, messages: Vec<(OutboxId, Owed)>) {
        self.take(messages, Origin::Outbox);
    }

    fn take(&self, messages: Vec<(OutboxId, Owed)>, origin: Origin) -> Option<Delivery> {
        let mut last = None;
        for (id, owed) in messages {
            let (delivered, delivery) = oneshot::channel();
            last = Some(delivery);
            let chat = owed.chat;
            let parcel = Parcel { id, owed, origin, delivered };
            let mut desk = self.desk();
            if !desk.carried.insert(id) {
                continue;
            }
            if let Some(queue) = desk.queues.get_mut(&chat) {
                queue.push_back(parcel);
                continue;
            }
            desk.queues.insert(chat, VecDeque::from([parcel]));
            drop(desk);
            let courier = self.clone();
            self.0.carrier.life.spawn("courier", async move {
                work_off(&courier.0.desk, chat, |parcel| {
                    let courier = courier.clone();
                    async move { courier.0.carrier.carry(parcel).await }.boxed()
                })
                .await;
            });
        }
        last
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        lock(&self.0.desk)
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    // The desk is consistent between any two statements that hold the lock.
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Works one chat's queue off; the queue disappears together with its task. A parcel that breaks the carrier is left to
/// the sweep, and the queue goes on.
async fn work_off(
    desk: &Mutex<Desk>,
    chat: ChatId,
    carry: impl for<'p> Fn(&'p Parcel) -> BoxFuture<'p, Result<Option<MessageId>, DbError>>,
) {
    loop {
        let parcel = {
            let mut desk = lock(desk);
            let Some(parcel) = desk.queues.get_mut(&chat).and_then(VecDeque::pop_front) else {
                desk.queues.remove(&chat);
                return;
            };
            parcel
        };
        let carried = AssertUnwindSafe(carry(&parcel)).catch_unwind().await;
        lock(desk).carried.remove(&parcel.id);
        match carried {
            Ok(Ok(message)) => drop(parcel.delivered.send(message)),
            Ok(Err(DbError::Cancelled { .. })) => {
                tracing::warn!(outbox.id = parcel.id.0, "the message {} waits for the next start", parcel.id);
                lock(desk).queues.remove(&chat);
                return;
            }
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(outbox.id = parcel.id.0, error, "a delivery cannot be written down");
            }
            Err(_panic) => {
                tracing::error!(
                    outbox.id = parcel.id.0,
                    "the delivery of the message {} panicked",
                    parcel.id
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHAT: ChatId = ChatId(42);

    fn parcel(id: i64) -> (Parcel, Delivery) {
        let owed = Owed::new(id.to_string(), CHAT, None, ("a message".to_owned(), json!([])));
        let (delivered, delivery) = oneshot::channel();
        (Parcel { id: OutboxId(id), owed, origin: Origin::New, delivered }, delivery)
    }

    #[tokio::test]
    async fn a_parcel_that_breaks_the_carrier_holds_up_none_behind_it_and_may_come_again() {
        let (parcels, deliveries): (VecDeque<Parcel>, Vec<Delivery>) = (1..=3).map(parcel).unzip();
        let carried = parcels.iter().map(|parcel| parcel.id).collect();
        let desk = Mutex::new(Desk { queues: HashMap::from([(CHAT, parcels)]), carried });
        work_off(&desk, CHAT, |parcel| {
            async {
                assert_ne!(parcel.id, OutboxId(2), "for the test");
                Ok(i32::try_from(parcel.id.0).ok().map(MessageId))
            }
            .boxed()
        })
        .await;
        let mut arrived = Vec::new();
        for delivery in deliveries {
            arrived.push(delivery.await.ok().flatten());
        }
        assert_eq!(arrived, [Some(MessageId(1)), None, Some(MessageId(3))]);
        let desk = lock(&desk);
        assert!(desk.queues.is_empty() && desk.carried.is_empty());
    }
}
