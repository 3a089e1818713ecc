//! The calls of a delivery: sending a message or an invoice, editing an unfinished message, and searching for
//! a message that a crashed process may have sent.

use serde_json::Value;

use super::ladder::Form;
use super::upgrades::Upgrades;
use crate::bot_api::error::Part;
use crate::bot_api::methods::{
    EditMessageReplyMarkup, EditMessageText, InlineKeyboard, LabeledPrice, NoPreview, ReplyParameters,
    SendInvoice, SendMessage,
};
use crate::bot_api::{AdmittedCall, Api, ApiError};
use crate::db::outbox::{self, LostSearch, OutboxMessage};
use crate::db::{Db, DbError};
use crate::domain::ids::{ChatId, MessageId, OutboxId};
use crate::domain::stars::CURRENCY;
use crate::lifecycle::kill_point;

/// Why a delivery got no further.
#[derive(Debug)]
pub(super) enum CallError {
    /// Telegram refused a call, or did not answer it. The ladder decides what is tried next.
    Telegram(ApiError),
    /// The database failed, or the service stops. The message stays in the outbox.
    Database(DbError),
    /// The group became a supergroup that another instance answers. The message is left to that one.
    LeftToHolder,
}

impl From<ApiError> for CallError {
    fn from(error: ApiError) -> Self {
        Self::Telegram(error)
    }
}

impl From<DbError> for CallError {
    fn from(error: DbError) -> Self {
        Self::Database(error)
    }
}

/// The calls to Telegram during a delivery, and the records about them.
pub(super) trait Calls {
    /// Sends the message in this form, or replaces the unfinished one by it.
    fn put(&mut self, form: &Form<'_>) -> impl Future<Output = Result<MessageId, CallError>> + Send;

    /// Searches about `looks` message ids, see [`LostSearch::new`], for a copy that was sent but not recorded.
    fn find(
        &mut self,
        form: &Form<'_>,
        looks: i64,
    ) -> impl Future<Output = Result<Option<MessageId>, CallError>> + Send;

    /// Records that the first piece of the text was sent as `message` and only `rest` is pending.
    fn cut(&mut self, message: MessageId, rest: &str) -> impl Future<Output = Result<(), DbError>> + Send;

    /// Applies the upgrade of the group `from` to the supergroup `to`. Nothing was sent to that one yet. Fails if the
    /// message is left to another instance.
    fn moved(&mut self, from: ChatId, to: ChatId) -> impl Future<Output = Result<(), CallError>> + Send;
}

/// The Bot API calls for one message.
#[derive(Debug)]
pub(super) struct BotApi<'a> {
    pub(super) api: &'a Api,
    pub(super) db: &'a Db,
    pub(super) upgrades: Upgrades<'a>,
    pub(super) id: OutboxId,
    pub(super) owed: &'a OutboxMessage,
    /// Payload and price in Stars, if the message is an invoice.
    pub(super) invoice: Option<(String, u32)>,
    /// Whether the outbox records that sending was begun.
    pub(super) begun: bool,
    /// A message of the chat that precedes this one.
    pub(super) after: Option<MessageId>,
}

impl Calls for BotApi<'_> {
    async fn put(&mut self, form: &Form<'_>) -> Result<MessageId, CallError> {
        if let Some(message) = form.replaces {
            return Ok(self.replace(form, message).await?);
        }
        // While it waits for its turn it is not sent: recorded as begun, it would be searched for after a crash.
        let admitted = self.api.admit(form.chat).await;
        self.begin().await?;
        kill_point!("deliver: before the call");
        Ok(match &self.invoice {
            Some((payload, stars)) => self.send_invoice(admitted, form, (payload, *stars)).await?,
            None => self.send(admitted, form).await?,
        })
    }

    /// Probes each id with an edit that changes nothing. Only ids that belong to no other known message are
    /// probed, so nothing else can be overwritten.
    async fn find(&mut self, form: &Form<'_>, looks: i64) -> Result<Option<MessageId>, CallError> {
        let (chat, after) = (form.chat, self.after.filter(|_| form.chat == self.owed.chat));
        let mut search = LostSearch::new(Some(self.id), chat, after, looks);
        while let Some(number) = search.next(self.db).await? {
            let found = match self.is_ours(form, number).await {
                Ok(true) => self.is_here(form, number).await,
                found => found,
            };
            if found? {
                tracing::info!(outbox.id = self.id.0, "the message {} was there already", self.id);
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    async fn cut(&mut self, message: MessageId, rest: &str) -> Result<(), DbError> {
        self.after = Some(message);
        let shorten = || outbox::shorten(self.db, self.id, rest, message);
        self.db.persist(shorten).await
    }

    async fn moved(&mut self, from: ChatId, to: ChatId) -> Result<(), CallError> {
        self.begun = false;
        if self.upgrades.follow(self.id, from, to).await? { Ok(()) } else { Err(CallError::LeftToHolder) }
    }
}

impl BotApi<'_> {
    /// Records, once, that sending is begun.
    async fn begin(&mut self) -> Result<(), DbError> {
        if !self.begun {
            let begin = || outbox::begin(self.db, self.id);
            self.db.persist(begin).await?;
            self.begun = true;
        }
        Ok(())
    }

    /// Returns whether `number` is a finished message of ours that looks like this one. The probe may remove
    /// the button of an unfinished group answer; its next edit restores it.
    async fn is_ours(&self, form: &Form<'_>, number: MessageId) -> Result<bool, ApiError> {
        if self.owed.keyboard.is_some() || self.owed.invoice.is_some() {
            // Not in groups, where another user's unfinished answer might be overwritten.
            return Ok(form.chat.0 > 0);
        }
        let method = EditMessageReplyMarkup { chat_id: form.chat, message_id: number, reply_markup: None };
        match self.api.deliver(form.chat, &method).await {
            Err(ApiError::NotModified) => Ok(true),
            Err(error) if error.is_passing() => Err(error),
            Ok(_) | Err(_) => Ok(false),
        }
    }

    /// Edits a message of ours to this form and returns whether that worked. A crashed process may have sent
    /// it in a plainer form, because Telegram refused this one.
    async fn is_here(&self, form: &Form<'_>, number: MessageId) -> Result<bool, ApiError> {
        let Err(error) = self.replace(form, number).await else { return Ok(true) };
        match error.blames() {
            _ if error.is_passing() => Err(error),
            // It may be the first piece of this message, which is too long for one.
            Some(Part::Length) if form.has(Part::Length) => Err(error),
            // There is no such message, or a person wrote it. Only an invoice of ours has no text to edit.
            Some(Part::Edited) => {
                let says = "no text in the message";
                let ApiError::Refused { description, .. } = &error else { return Ok(false) };
                Ok(self.owed.invoice.is_some() && description.contains(says))
            }
            _ if form.has(Part::Entities) || form.has(Part::Keyboard) => {
                match self.replace(&form.bare(), number).await {
                    Err(error) if error.is_passing() => Err(error),
                    answer => Ok(answer.is_ok()),
                }
            }
            _ => Ok(false),
        }
    }

    async fn send(&self, admitted: AdmittedCall, form: &Form<'_>) -> Result<MessageId, ApiError> {
        let method = SendMessage {
            chat_id: form.chat,
            message_thread_id: form.topic,
            text: form.text(),
            entities: form.entities.unwrap_or(&NO_ENTITIES),
            reply_parameters: form.reply_to.map(ReplyParameters::to),
            link_preview_options: NoPreview::default(),
            disable_notification: self.owed.silent,
            reply_markup: form.keyboard().cloned().map(InlineKeyboard),
        };
        self.api.deliver_admitted(admitted, &method).await.map(|sent| MessageId(sent.message_id))
    }

    /// Sends an invoice with this payload and price in Stars. The first line of the text is its title.
    async fn send_invoice(
        &self,
        admitted: AdmittedCall,
        form: &Form<'_>,
        (payload, stars): (&str, u32),
    ) -> Result<MessageId, ApiError> {
        let (title, description) = form.text().split_once('\n').unwrap_or((form.text(), form.text()));
        let method = SendInvoice {
            chat_id: form.chat,
            message_thread_id: form.topic,
            title,
            description,
            payload,
            currency: CURRENCY,
            prices: [LabeledPrice { label: title, amount: stars }],
        };
        self.api.deliver_admitted(admitted, &method).await.map(|sent| MessageId(sent.message_id))
    }

    async fn replace(&self, form: &Form<'_>, message: MessageId) -> Result<MessageId, ApiError> {
        let method = EditMessageText {
            chat_id: form.chat,
            message_id: message,
            text: form.text(),
            entities: form.entities.unwrap_or(&NO_ENTITIES),
            link_preview_options: NoPreview::default(),
            reply_markup: form.keyboard().cloned().map(InlineKeyboard),
        };
        match self.api.deliver(form.chat, &method).await {
            Ok(_) | Err(ApiError::NotModified) => Ok(message),
            Err(error) => Err(error),
        }
    }
}

static NO_ENTITIES: Value = Value::Array(Vec::new());
