//! The carrier takes one message to its chat: looks whether it is there already, if it may be, sends it or puts it in the
//! place of an unfinished one, again and again until Telegram has an opinion, and writes down how that went.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::super::api::methods::{
    EditMessageReplyMarkup, EditMessageText, InlineKeyboard, LabeledPrice, NoPreview, ReplyParameters,
    SendInvoice, SendMessage,
};
use super::super::api::{Api, ApiError};
use super::{Origin, Parcel};
use crate::cache::Cache;
use crate::db::outbox::{self, Owed};
use crate::db::{Db, DbError, invoices, people};
use crate::domain::ids::{ChatId, MessageId, TopicId, UserId};
use crate::domain::stars::CURRENCY;
use crate::lifecycle::{Lifecycle, kill_point};
use crate::services::group_upgrade;
use crate::telemetry::metrics::Metrics;

/// The first and the longest pause after a failure that may pass.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// Numbers that are tried when a message may be in its chat without our knowing.
const LOOKS: i64 = 12;

/// What delivering needs.
#[derive(Debug)]
pub(super) struct Carrier {
    pub(super) api: Api,
    pub(super) db: Db,
    pub(super) cache: Cache,
    pub(super) life: Lifecycle,
    pub(super) metrics: Metrics,
}

impl Carrier {
    /// Delivers one message and writes down how that went.
    pub(super) async fn carry(&self, parcel: &Parcel) -> Result<Option<MessageId>, DbError> {
        let abort = &self.life.abort;
        let mut begun = false;
        if parcel.origin == Origin::Outbox {
            let look = || outbox::standing(&self.db, parcel.id);
            match self.db.persist("outbox::standing", abort, look).await? {
                Some(begun_before) => begun = begun_before,
                None => return Ok(None),
            }
        }
        if parcel.owed.replaces.is_none() && !begun && parcel.origin != Origin::Begun {
            self.db.persist("outbox::begin", abort, || outbox::begin(&self.db, parcel.id)).await?;
        }
        let invoice = match parcel.owed.invoice {
            Some(id) => {
                Some(self.db.persist("invoices::card", abort, || invoices::card(&self.db, id)).await?)
            }
            None => None,
        };
        kill_point!("deliver: before the call");
        let sent = tokio::select! {
            sent = self.send(parcel, invoice, begun) => sent?,
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
        begun: bool,
    ) -> Result<Result<MessageId, ApiError>, DbError> {
        let owed = &parcel.owed;
        let (mut chat, mut topic) = (owed.chat, owed.topic);
        let mut replaces = owed.replaces;
        let (mut pause, longest) = PAUSES;
        let mut doubtful = begun;
        loop {
            let answer = if let Some(message) = replaces {
                self.replace(owed, chat, message).await
            } else {
                let look = doubtful && chat == owed.chat;
                self.place(parcel, invoice.as_ref(), chat, topic, look).await?
            };
            match answer {
                // The unfinished message was deleted: the finished one is sent anew.
                Err(ApiError::MessageGone(_)) if replaces.is_some() => replaces = None,
                // The topic was deleted: better in the chat itself than nowhere.
                Err(ApiError::TopicGone) if topic.is_some() => topic = None,
                // The group has become another chat, whose messages have other numbers.
                Err(ApiError::Migrated(new)) if chat == owed.chat => {
                    let follow = || group_upgrade::follow(&self.db, &self.cache, chat, new, None);
                    self.db.persist("group_upgrade::follow", &self.life.abort, follow).await?;
                    (chat, topic, replaces) = (new, None, None);
                }
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

    /// Whether a finished message of ours stands under a number, one that looks like this. An unfinished answer in a group
    /// has a button, which it may lose by this question and gets back with its next change.
    async fn is_ours(&self, owed: &Owed, number: MessageId) -> Result<bool, ApiError> {
        if owed.keyboard.is_some() || owed.invoice.is_some() {
            // Not in groups, where an unfinished answer of somebody might be overwritten.
            return Ok(owed.chat.0 > 0);
        }
        let method = EditMessageReplyMarkup { chat_id: owed.chat, message_id: number, reply_markup: None };
        match self.api.deliver(owed.chat, &method).await {
            Err(ApiError::NotModified) => Ok(true),
            Err(error) if error.is_passing() => Err(error),
            Ok(_) | Err(_) => Ok(false),
        }
    }

    /// Looks for a message that was sent without our knowing: its number is tried with a change that changes nothing.
    /// Only numbers are tried that belong to no other message of ours, so nothing else can be overwritten.
    async fn look_for(&self, parcel: &Parcel) -> Result<Result<Option<MessageId>, ApiError>, DbError> {
        let Parcel { id, owed, .. } = parcel;
        let look = || outbox::whereabouts(&self.db, Some(*id), owed.chat, owed.after, LOOKS);
        let numbers = self.db.persist("outbox::whereabouts", &self.life.abort, look).await?;
        for number in numbers {
            match self.is_ours(owed, number).await {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => return Ok(Err(error)),
            }
            match self.replace(owed, owed.chat, number).await {
                Ok(_) => {
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
            // In another chat the number is that of another message.
            reply_parameters: owed.reply_to.filter(|_| chat == owed.chat).map(ReplyParameters::to),
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
