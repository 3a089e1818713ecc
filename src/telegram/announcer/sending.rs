//! Sending one announcement, from the first recipient to the report.

use std::collections::VecDeque;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt, OptionFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use tokio_util::sync::CancellationToken;

use super::progress;
use crate::bot_api::ApiError;
use crate::bot_api::methods::CopyMessage;
use crate::db::announcement_leases::{self, AnnouncementLease};
use crate::db::announcement_recipients::{self as recipients, Fate, Recipient, RecipientState};
use crate::db::announcements::{self, Announcement};
use crate::db::made_files::Report;
use crate::db::{Db, DbError};
use crate::domain::backoff::Backoff;
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{ChatId, MessageId, UserId};
use crate::lifecycle::kill_point;
use crate::services::announcements::{Conclusion, Ended, conclude};
use crate::telegram::context::BotContext;
use crate::telegram::keyboards;

/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(3);
/// How many requests are on their way at once; so many people at most may miss an announcement in a crash.
const AT_ONCE: usize = 4;
/// How many recipients are read at once.
const PAGE: i64 = 200;
/// The first and the longest pause while Telegram cannot be reached.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// The longest refusal that is kept for the report, in code points.
const DETAIL: usize = 200;

/// How the work on an announcement has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// Nothing is left to send, or another worker has it.
    Ended,
    /// The service drains; the next start goes on.
    Drained,
}

/// Whether further recipients are tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Next {
    GoOn,
    Halt,
}

/// An announcement that this instance sends.
pub(super) struct Sending<'a> {
    pub(super) context: &'a BotContext,
    pub(super) announcement: Announcement,
    pub(super) lease: AnnouncementLease,
}

impl Sending<'_> {
    fn db(&self) -> &Db {
        &self.context.db
    }

    /// Renews the lease until it is lost.
    pub(super) async fn keep_lease(&self) -> Result<(), DbError> {
        loop {
            tokio::time::sleep(RENEW).await;
            let renew = || announcement_leases::renew(self.db(), self.announcement.id, self.lease);
            if !self.db().persist(renew).await? {
                return Ok(());
            }
        }
    }

    /// Sends it to everybody who waits, and reports the end.
    pub(super) async fn run(&self) -> Result<End, DbError> {
        let id = self.announcement.id;
        tracing::info!(announcement.id = id.0, "an announcement is being sent");
        let file = PublicFileId::of_bits(rand::random());
        loop {
            let sent = CancellationToken::new();
            let (sending, ()) = tokio::join!(
                async {
                    let sending = self.send_all().await;
                    sent.cancel();
                    sending
                },
                progress::show(self.context, &self.announcement, &sent),
            );
            sending?;
            if self.context.life.drain.is_cancelled() {
                return Ok(End::Drained);
            }
            kill_point!("announce: before the end");
            let name = format!("announcement_{id}.csv");
            let report = Report { id: file, name: &name, mime: "text/csv" };
            let tell = |ended: &Ended, size| progress::end(ended, report, size);
            let end = || conclude(self.db(), id, self.lease.number, report, tell);
            match self.db().persist(end).await? {
                Conclusion::Ended(messages) => {
                    tracing::info!(announcement.id = id.0, "an announcement has ended");
                    self.context.courier().deliver_again(messages);
                    return Ok(End::Ended);
                }
                // Somebody was released, or the lease has to be renewed first.
                Conclusion::Continues => tokio::time::sleep(PAUSES.0).await,
                Conclusion::Lost => return Ok(End::Ended),
            }
        }
    }

    /// Tries everybody who waits, until the announcement is stopped or the service drains. The list is read while
    /// requests run, and never instead of them: they hold connections of the database.
    async fn send_all(&self) -> Result<(), DbError> {
        let drain = &self.context.life.drain;
        let mut requests: FuturesUnordered<BoxFuture<'_, Result<Next, DbError>>> = FuturesUnordered::new();
        let (mut page, mut next) = (VecDeque::<Recipient>::new(), Next::GoOn);
        let mut reading = Some(self.read(UserId(i64::MIN)).boxed());
        loop {
            while next == Next::GoOn && requests.len() < AT_ONCE && !drain.is_cancelled() {
                let Some(recipient) = page.pop_front() else { break };
                if page.is_empty() {
                    reading = Some(self.read(recipient.user).boxed());
                }
                requests.push(self.try_one(recipient).boxed());
            }
            let reads = next == Next::GoOn && page.is_empty() && reading.is_some() && !drain.is_cancelled();
            tokio::select! {
                Some(tried) = requests.next(), if !requests.is_empty() => {
                    if tried? == Next::Halt {
                        next = Next::Halt;
                    }
                }
                Some(read) = OptionFuture::from(reading.as_mut()), if reads => {
                    (page, reading) = (VecDeque::from(read?), None);
                }
                else => return Ok(()),
            }
        }
    }

    /// Reads the next recipients who wait, behind `after`.
    async fn read(&self, after: UserId) -> Result<Vec<Recipient>, DbError> {
        let waiting = || recipients::waiting(self.db(), self.announcement.id, after, PAGE);
        self.db().persist(waiting).await
    }

    /// Sends the announcement to one recipient and records what became of it. During a flood wait or while
    /// Telegram cannot be reached, nothing was sent, so it is tried again.
    async fn try_one(&self, Recipient { user, language }: Recipient) -> Result<Next, DbError> {
        let (db, api, drain) = (self.db(), &self.context.screen.api, &self.context.life.drain);
        let (id, chat) = (self.announcement.id, ChatId(user.0));
        let Some(original) = self.announcement.message else { return Ok(Next::Halt) };
        let method = CopyMessage {
            chat_id: chat,
            message_thread_id: None,
            from_chat_id: self.announcement.chat,
            message_id: original,
            reply_markup: Some(keyboards::take_announcements(true, language)),
        };
        let mut pauses = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            if drain.run_until_cancelled(api.wait_for_announcement(chat)).await.is_none() {
                return self.release(user).await;
            }
            let mark = || recipients::mark(db, id, user, self.lease.number);
            match db.persist(mark).await? {
                Some(RecipientState::Begun) => {}
                Some(_left_out) => return Ok(Next::GoOn),
                None => return self.release(user).await,
            }
            kill_point!("announce: marked");
            let answer = api.announce(chat, &method).await;
            kill_point!("announce: sent");
            let error = match answer {
                Ok(sent) => return self.settle(user, sent_as(MessageId(sent.message_id))).await,
                Err(error) => error,
            };
            if error.is_passing() && !error.is_of_unknown_effect() {
                let pause = if matches!(error, ApiError::Flood(_)) { Duration::ZERO } else { pauses.next() };
                if drain.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                    return self.release(user).await;
                }
                continue;
            }
            if error.is_original_gone() {
                db.persist(|| announcements::stop(db.pool(), id, Some("original_gone"))).await?;
                return self.release(user).await;
            }
            return self.settle(user, refused(&error)).await;
        }
    }

    /// Lets a recipient wait again to whom nothing was sent, and ends the work.
    async fn release(&self, user: UserId) -> Result<Next, DbError> {
        self.settle(user, Fate { state: RecipientState::Waiting, message: None, detail: None }).await?;
        Ok(Next::Halt)
    }

    async fn settle(&self, user: UserId, fate: Fate) -> Result<Next, DbError> {
        let settle = || recipients::settle(self.db(), self.announcement.id, user, self.lease.number, &fate);
        self.db().persist(settle).await?;
        Ok(Next::GoOn)
    }
}

fn sent_as(message: MessageId) -> Fate {
    Fate { state: RecipientState::Sent, message: Some(message), detail: None }
}

/// Returns the fate of a recipient after an error that is not tried again.
fn refused(error: &ApiError) -> Fate {
    let state = match error {
        error if error.is_of_unknown_effect() => RecipientState::Unknown,
        ApiError::Blocked(_) => RecipientState::Blocked,
        ApiError::Closed(_) => RecipientState::Closed,
        _ => RecipientState::Refused,
    };
    let detail = error.to_string().chars().take(DETAIL).collect();
    Fate { state, message: None, detail: Some(detail) }
}
