//! The courier delivers what is owed: one queue a chat, in order, until Telegram has each message or refuses it for
//! good. Penalties and outages delay a delivery; they never lose it, because the outbox row stays until the end.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::api::methods::{
    EditMessageText, InlineKeyboard, LabeledPrice, NoPreview, ReplyParameters, SendInvoice, SendMessage,
};
use super::api::{Api, ApiError};
use crate::db::outbox::{self, Owed};
use crate::db::{Db, DbError, invoices};
use crate::domain::ids::{ChatId, MessageId, OutboxId, TopicId};
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
            self.0.life.spawn("courier", async move { courier.serve(chat).await });
        }
        last
    }

    /// Works one chat's queue off; the queue disappears together with its task.
    async fn serve(&self, chat: ChatId) {
        loop {
            let parcel = {
                let mut desk = self.desk();
                let Some(parcel) = desk.queues.get_mut(&chat).and_then(VecDeque::pop_front) else {
                    desk.queues.remove(&chat);
                    return;
                };
                parcel
            };
            let carried = self.0.carry(&parcel).await;
            self.desk().carried.remove(&parcel.id);
            match carried {
                Ok(message) => drop(parcel.delivered.send(message)),
                Err(DbError::Cancelled { .. }) => {
                    tracing::warn!(
                        outbox.id = parcel.id.0,
                        "the message {} waits for the next start",
                        parcel.id
                    );
                    self.desk().queues.remove(&chat);
                    return;
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(outbox.id = parcel.id.0, error, "a delivery cannot be written down");
                }
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // The desk is consistent between any two statements that hold the lock.
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
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
            sent = self.send(&parcel.owed, invoice) => sent,
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

    /// Sends or replaces until Telegram has an opinion.
    async fn send(&self, owed: &Owed, invoice: Option<(String, u32)>) -> Result<MessageId, ApiError> {
        let (mut chat, mut topic) = (owed.chat, owed.topic);
        let mut replaces = owed.replaces;
        let (mut pause, longest) = PAUSES;
        loop {
            let answer = match replaces {
                Some(message) => self.replace(owed, chat, message).await,
                None => match &invoice {
                    Some((payload, stars)) => self.invoice(owed, payload, *stars, chat, topic).await,
                    None => self.post(owed, chat, topic).await,
                },
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
                    tracing::warn!(
                        chat.id = owed.chat.0,
                        error = &error as &dyn std::error::Error,
                        "sending again"
                    );
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
                settled => return settled,
            }
        }
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
