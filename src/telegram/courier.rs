//! The courier delivers what is owed: one queue a chat, in order, until Telegram has each message or refuses it for
//! good. Penalties and outages delay a delivery; they never lose it, because the outbox row stays until the end.

use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::api::methods::{
    EditMessageText, InlineKeyboard, LabeledPrice, NoPreview, ReplyParameters, SendInvoice, SendMessage,
};
use super::api::{Api, ApiError};
use crate::db::outbox::{self, Owed};
use crate::db::{Db, DbError, invoices, people};
use crate::domain::ids::{ChatId, MessageId, OutboxId, TopicId, UserId};
use crate::domain::stars::CURRENCY;
use crate::lifecycle::{Lifecycle, kill_point};
use crate::telemetry::metrics::Metrics;

/// The first and the longest pause after a failure that may pass.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Delivers messages. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Courier(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    api: Api,
    db: Db,
    life: Lifecycle,
    metrics: Metrics,
    desk: Mutex<Desk>,
}

/// Numbers that are tried when a message may be in its chat without our knowing.
const LOOKS: i64 = 12;

/// What is on its way.
#[derive(Debug, Default)]
struct Desk {
    queues: HashMap<ChatId, VecDeque<Parcel>>,
    /// The same row handed over twice is carried once.
    carried: HashSet<OutboxId>,
}

/// A message on its way.
#[derive(Debug)]
struct Parcel {
    id: OutboxId,
    owed: Owed,
    /// Whether it may have been sent since it was read from the outbox.
    stale: bool,
    delivered: oneshot::Sender<Option<MessageId>>,
}

/// Tells when the last of the messages has arrived (with its number) or was refused.
pub type Delivery = oneshot::Receiver<Option<MessageId>>;

impl Courier {
    /// A courier without anything to deliver.
    pub fn new(api: Api, db: Db, life: Lifecycle, metrics: Metrics) -> Self {
        Self(Arc::new(Inner { api, db, life, metrics, desk: Mutex::default() }))
    }

    /// Takes messages over that were written down just now, behind all that it has for the same chat.
    pub fn deliver(&self, messages: Vec<(OutboxId, Owed)>) -> Option<Delivery> {
        self.take(messages, false)
    }

    /// Takes messages over that were read from the outbox: each is looked up once more before it is sent, because the
    /// courier itself may have sent it since.
    pub fn deliver_again(&self, messages: Vec<(OutboxId, Owed)>) {
        self.take(messages, true);
    }

    fn take(&self, messages: Vec<(OutboxId, Owed)>, stale: bool) -> Option<Delivery> {
        let mut last = None;
        for (id, owed) in messages {
            let (delivered, delivery) = oneshot::channel();
            last = Some(delivery);
            let chat = owed.chat;
            let parcel = Parcel { id, owed, stale, delivered };
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
            self.0.life.spawn("courier", async move {
                work_off(&courier.0.desk, chat, |parcel| {
                    let courier = courier.clone();
                    async move { courier.0.carry(parcel).await }.boxed()
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

impl Inner {
    /// Delivers one message and writes down how that went.
    async fn carry(&self, parcel: &Parcel) -> Result<Option<MessageId>, DbError> {
        let abort = &self.life.abort;
        let is_pending = || outbox::is_pending(&self.db, parcel.id);
        if parcel.stale && !self.db.persist("outbox::is_pending", abort, is_pending).await? {
            return Ok(None);
        }
        let invoice = match parcel.owed.invoice {
            Some(id) => {
                Some(self.db.persist("invoices::card", abort, || invoices::card(&self.db, id)).await?)
            }
            None => None,
        };
        kill_point!("deliver: before the call");
        let sent = tokio::select! {
            sent = self.send(parcel, invoice) => sent?,
            // The first attempt of what was settled during the abort still gets its chance.
            () = self.given_up(abort) => return Err(DbError::Cancelled { at: "courier" }),
        };
        kill_point!("deliver: after the call");
        match sent {
            Ok(message) => {
                self.metrics.messages_sent.inc();
                self.db.persist("outbox::sent", abort, || outbox::sent(&self.db, parcel.id, message)).await?;
                kill_point!("deliver: written down");
                Ok(Some(message))
            }
            Err(error) => {
                self.metrics.messages_refused.inc();
                let owed = &parcel.owed;
                tracing::warn!(
                    chat.id = owed.chat.0,
                    outbox.id = parcel.id.0,
                    error = &error as &dyn std::error::Error,
                    "the chat {} does not take the message {}",
                    owed.chat,
                    parcel.id,
                );
                if matches!(error, ApiError::Blocked(_)) {
                    // Only persons block, and a private chat has the id of its person.
                    let found = || people::found_blocked(&self.db, UserId(owed.chat.0));
                    self.db.persist("people::found_blocked", abort, found).await?;
                }
                let reason = error.to_string();
                self.db
                    .persist("outbox::refused", abort, || outbox::refused(&self.db, parcel.id, &reason))
                    .await?;
                Ok(None)
            }
        }
    }

    /// After the abort there is time for a call that goes through at once, not for waiting.
    async fn given_up(&self, abort: &CancellationToken) {
        abort.cancelled().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }

    /// Sends or replaces until Telegram has an opinion. A message that may be there already is looked for first.
    async fn send(
        &self,
        parcel: &Parcel,
        invoice: Option<(String, u32)>,
    ) -> Result<Result<MessageId, ApiError>, DbError> {
        let owed = &parcel.owed;
        let (mut chat, mut topic) = (owed.chat, owed.topic);
        let mut replaces = owed.replaces;
        let (mut pause, longest) = PAUSES;
        let mut doubtful = parcel.stale;
        loop {
            let answer = match replaces {
                Some(message) => self.replace(owed, chat, message).await,
                None => {
                    let look = doubtful && chat == owed.chat;
                    self.place(parcel, invoice.as_ref(), chat, topic, look).await?
                }
            };
            match answer {
                // The unfinished message was deleted: the finished one is sent anew.
                Err(ApiError::MessageGone(_)) if replaces.is_some() => replaces = None,
                // The topic was deleted: better in the chat itself than nowhere.
                Err(ApiError::TopicGone) if topic.is_some() => topic = None,
                // The group has become another chat, whose messages have other numbers.
                Err(ApiError::Migrated(new)) if chat == owed.chat => (chat, replaces) = (new, None),
                // The flow control knows how long to wait.
                Err(ApiError::Flood(_)) => {}
                Err(error) if error.is_passing() => {
                    doubtful |= error.is_doubtful();
                    tracing::warn!(
                        chat.id = owed.chat.0,
                        error = &error as &dyn std::error::Error,
                        "sending again"
                    );
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
                settled => return Ok(settled),
            }
        }
    }

    /// Puts a new message into a chat, unless it is there already.
    async fn place(
        &self,
        parcel: &Parcel,
        invoice: Option<&(String, u32)>,
        chat: ChatId,
        topic: Option<TopicId>,
        look: bool,
    ) -> Result<Result<MessageId, ApiError>, DbError> {
        let found = if look { self.look_for(parcel).await? } else { Ok(None) };
        let owed = &parcel.owed;
        Ok(match (found, invoice) {
            (Err(error), _) => Err(error),
            (Ok(Some(message)), _) => Ok(message),
            (Ok(None), Some((payload, stars))) => self.invoice(owed, payload, *stars, chat, topic).await,
            (Ok(None), None) => self.post(owed, chat, topic).await,
        })
    }

    /// Looks for a message that was sent without our knowing: its number is tried with a change that changes nothing.
    /// Only numbers are tried that belong to no other message of ours, so nothing else can be overwritten.
    async fn look_for(&self, parcel: &Parcel) -> Result<Result<Option<MessageId>, ApiError>, DbError> {
        let Parcel { id, owed, .. } = parcel;
        let look = || outbox::whereabouts(&self.db, *id, owed, LOOKS);
        let numbers = self.db.persist("outbox::whereabouts", &self.life.abort, look).await?;
        for number in numbers {
            let method = EditMessageText {
                chat_id: owed.chat,
                message_id: number,
                text: &owed.text,
                entities: &owed.entities,
                link_preview_options: NoPreview::default(),
                reply_markup: owed.keyboard.clone().map(InlineKeyboard),
            };
            match self.api.deliver(owed.chat, &method).await {
                Ok(_) | Err(ApiError::NotModified) => {
                    tracing::info!(outbox.id = id.0, "the message {id} was there already");
                    return Ok(Ok(Some(number)));
                }
                // An invoice has no text that could be changed, but nothing else of ours is without.
                Err(ApiError::Refused { description, .. })
                    if owed.invoice.is_some() && description.contains("no text in the message") =>
                {
                    return Ok(Ok(Some(number)));
                }
                Err(error) if error.is_passing() => return Ok(Err(error)),
                // There is no such message, or it is a person's.
                Err(_) => {}
            }
        }
        Ok(Ok(None))
    }

    async fn post(&self, owed: &Owed, chat: ChatId, topic: Option<TopicId>) -> Result<MessageId, ApiError> {
        let method = SendMessage {
            chat_id: chat,
            message_thread_id: topic,
            text: &owed.text,
            entities: &owed.entities,
            reply_parameters: owed.reply_to.map(ReplyParameters::to),
            link_preview_options: NoPreview::default(),
            reply_markup: owed.keyboard.clone().map(InlineKeyboard),
        };
        self.api.deliver(chat, &method).await.map(|sent| MessageId(sent.message_id))
    }

    /// Sends an invoice: the first line of the text is its title.
    async fn invoice(
        &self,
        owed: &Owed,
        payload: &str,
        stars: u32,
        chat: ChatId,
        topic: Option<TopicId>,
    ) -> Result<MessageId, ApiError> {
        let (title, description) = owed.text.split_once('\n').unwrap_or((&owed.text, &owed.text));
        let method = SendInvoice {
            chat_id: chat,
            message_thread_id: topic,
            title,
            description,
            payload,
            currency: CURRENCY,
            prices: [LabeledPrice { label: title, amount: stars }],
        };
        self.api.deliver(chat, &method).await.map(|sent| MessageId(sent.message_id))
    }

    async fn replace(&self, owed: &Owed, chat: ChatId, message: MessageId) -> Result<MessageId, ApiError> {
        let method = EditMessageText {
            chat_id: chat,
            message_id: message,
            text: &owed.text,
            entities: &owed.entities,
            link_preview_options: NoPreview::default(),
            reply_markup: owed.keyboard.clone().map(InlineKeyboard),
        };
        match self.api.deliver(chat, &method).await {
            Ok(_) | Err(ApiError::NotModified) => Ok(message),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHAT: ChatId = ChatId(42);

    fn parcel(id: i64) -> (Parcel, Delivery) {
        let owed = Owed {
            key: id.to_string(),
            chat: CHAT,
            topic: None,
            turn: None,
            text: "a message".to_owned(),
            entities: json!([]),
            reply_to: None,
            replaces: None,
            after: None,
            keyboard: None,
            invoice: None,
        };
        let (delivered, delivery) = oneshot::channel();
        (Parcel { id: OutboxId(id), owed, stale: false, delivered }, delivery)
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
