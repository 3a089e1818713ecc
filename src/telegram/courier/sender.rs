//! Delivery of one message: searches for it if it may have been sent already, sends it or replaces the
//! unfinished message, and retries in ever plainer forms until Telegram accepts it or refuses every form. The
//! result is recorded.

use std::collections::HashSet;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::calls::{BotApi, CallError, Calls};
use super::ladder::{Ladder, Step};
use super::queued::{QueuedMessage, SendStatus};
use super::room::UploadRoom;
use super::upgrades::Upgrades;
use crate::bot_api::{Api, ApiError};
use crate::cache::Cache;
use crate::db::outbox::OutboxMessage;
use crate::db::{Db, DbError, invoices, outbox, people};
use crate::domain::backoff::Backoff;
use crate::domain::ids::{ChatId, MessageId, UserId};
use crate::lifecycle::{Lifecycle, kill_point};
use crate::services::made_files::MadeFiles;
use crate::services::unshown::{self, Refusal};
use crate::telemetry::metrics::Metrics;

/// The most chats that are remembered to take nothing.
const SHUT_CHATS: usize = 10_000;
/// The first and the longest pause after a transient failure.
pub(super) const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// Delivers single messages.
#[derive(Debug)]
pub(super) struct MessageSender {
    pub(super) api: Api,
    pub(super) db: Db,
    pub(super) cache: Cache,
    pub(super) made_files: MadeFiles,
    pub(super) room: UploadRoom,
    pub(super) life: Lifecycle,
    pub(super) metrics: Metrics,
    pub(super) shut: ShutChats,
}

/// Chats that have refused a message because they take nothing. Whether they still do is looked up for each
/// later message.
#[derive(Debug, Default)]
pub(super) struct ShutChats(Mutex<HashSet<ChatId>>);

impl ShutChats {
    fn add(&self, chat: ChatId) {
        let mut chats = self.0.lock();
        if chats.len() >= SHUT_CHATS {
            chats.clear();
        }
        chats.insert(chat);
    }
}

impl MessageSender {
    /// Delivers one message and records the result. Returns its id, or `None` if it was refused, is
    /// no longer pending or is left to another instance.
    pub(super) async fn send_until_settled(
        &self,
        queued: &QueuedMessage,
    ) -> Result<Option<MessageId>, DbError> {
        let abort = &self.life.abort;
        let QueuedMessage { id, ref owed, origin, .. } = *queued;
        let mut begun = false;
        if origin == SendStatus::Outbox || self.shut.0.lock().contains(&owed.chat) {
            let look = || outbox::look_up(&self.db, id);
            let Some(pending) = self.db.persist(look).await? else { return Ok(None) };
            if pending.shut_out {
                let error = ApiError::Closed("the chat is known to take nothing".to_owned());
                return self.refused(queued, &error).await.map(|()| None);
            }
            self.shut.0.lock().remove(&owed.chat);
            begun = pending.begun && origin == SendStatus::Outbox;
        }
        if let Some(media) = &owed.media {
            return self.send_files_until_settled(queued, media, begun).await;
        }
        let mut calls = BotApi {
            api: &self.api,
            db: &self.db,
            upgrades: self.upgrades(),
            id,
            owed,
            invoice: None,
            begun: begun || (origin == SendStatus::Begun && owed.replaces.is_none()),
            after: owed.after,
        };
        if let Some(invoice) = owed.invoice {
            let card = || invoices::card(&self.db, invoice);
            calls.invoice = Some(self.db.persist(card).await?);
        }
        let sent = tokio::select! {
            sent = send(Ladder::new(owed, begun), &mut calls) => sent,
            // Messages settled during the abort still get one attempt.
            () = self.given_up(abort) => return Err(DbError::Cancelled),
        };
        kill_point!("deliver: after the call");
        match sent {
            Ok(message) => {
                self.metrics.messages_sent.inc();
                self.metrics.delivery.observe(queued.since.elapsed().as_secs_f64());
                self.db.persist(|| outbox::sent(&self.db, id, message)).await?;
                kill_point!("deliver: written down");
                Ok(Some(message))
            }
            Err(CallError::Telegram(error)) => self.refused(queued, &error).await.map(|()| None),
            Err(CallError::Database(error)) => Err(error),
            Err(CallError::LeftToHolder) => Ok(None),
        }
    }

    /// Returns what follows the upgrades that one delivery comes across.
    pub(super) fn upgrades(&self) -> Upgrades<'_> {
        Upgrades { db: &self.db, cache: &self.cache, holdings: &self.life.holdings, entered: None }
    }

    /// Records that a chat refused every form of a message. An answer of which nothing was shown is charged
    /// to the operator.
    pub(super) async fn refused(&self, queued: &QueuedMessage, error: &ApiError) -> Result<(), DbError> {
        let QueuedMessage { id, ref owed, .. } = *queued;
        let db = &self.db;
        self.metrics.messages_refused.inc();
        tracing::warn!(
            chat.id = owed.chat.0,
            outbox.id = id.0,
            error = error as &dyn std::error::Error,
            "the chat {} does not take the message {id}",
            owed.chat,
        );
        match error {
            // Only persons can block the bot, and a private chat has the id of its person.
            ApiError::Blocked(_) => {
                let found = || people::found_blocked(db, UserId(owed.chat.0));
                db.persist(found).await?;
                self.shut.add(owed.chat);
            }
            ApiError::Closed(_) if owed.chat.0 < 0 => {
                let found = || people::found_removed(db, owed.chat);
                db.persist(found).await?;
                self.shut.add(owed.chat);
            }
            _ => {}
        }
        let refusal = Refusal { reason: &error.to_string(), shut_out: error.is_shut_out() };
        let instead = owed.instead.clone().filter(|_| !refusal.shut_out).map(|text| OutboxMessage {
            after: owed.after,
            ..OutboxMessage::new(format!("{}:instead", owed.key), owed.chat, owed.topic, (text, json!([])))
        });
        let refused = || unshown::refused(db, id, owed.turn, refusal, instead.as_ref());
        let refused = db.persist(refused).await?;
        self.metrics.returned.inc_by(refused.returned.unwrap_or_default().nano());
        for (id, owed) in refused.owed {
            let (delivered, _) = oneshot::channel();
            let instead =
                QueuedMessage { id, owed, origin: SendStatus::New, since: Instant::now(), delivered };
            Box::pin(self.send_until_settled(&instead)).await?;
        }
        Ok(())
    }

    /// Waits until shortly after the abort: long enough for a call in progress, but not for retries.
    pub(super) async fn given_up(&self, abort: &CancellationToken) {
        abort.cancelled().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// Sends or replaces a message until Telegram accepts it or nothing is left to try. Searches first if it may
/// have been sent already.
pub(super) async fn send<C: Calls + Send>(
    mut ladder: Ladder<'_>,
    calls: &mut C,
) -> Result<MessageId, CallError> {
    let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        let error = match look_and_put(&mut ladder, calls).await {
            Ok(message) if ladder.go_on() => {
                calls.cut(message, ladder.form().text()).await?;
                continue;
            }
            Ok(message) => return Ok(message),
            // The group was upgraded to another chat, whose message ids differ.
            Err(CallError::Telegram(ApiError::Migrated(new)))
                if ladder.is_home() && ladder.form().chat != new =>
            {
                calls.moved(ladder.form().chat, new).await?;
                ladder.move_to(new);
                continue;
            }
            Err(CallError::Telegram(error)) => error,
            Err(error) => return Err(error),
        };
        let step = ladder.next(&error);
        // The flow control logs floods itself.
        if step != Step::GiveUp && !matches!(error, ApiError::Flood(_)) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(chat.id = ladder.form().chat.0, error, "sending again");
        }
        match step {
            Step::Try => {}
            Step::Wait => tokio::time::sleep(pauses.next()).await,
            Step::GiveUp => return Err(error.into()),
        }
    }
}

/// Makes one attempt, unless a search finds the message.
async fn look_and_put<C: Calls + Send>(
    ladder: &mut Ladder<'_>,
    calls: &mut C,
) -> Result<MessageId, CallError> {
    let looks = ladder.looks();
    if looks > 0 {
        match calls.find(ladder.form(), looks).await? {
            Some(message) => return Ok(message),
            None => ladder.not_found(),
        }
    }
    calls.put(ladder.form()).await
}
