//! Carries out what people ask of the data about them: makes files and erases. The requests are rows that workers
//! take under a lease, so each is carried out by one instance at a time and goes on after a crash.

use std::sync::Arc;
use std::time::Duration;

use super::context::BotContext;
use super::sessions::stop_for_erasure;
use super::text::privacy as text;
use crate::db::data_requests::{self, DataLease, DataRequest, DataRequestKind};
use crate::db::made_files::Report;
use crate::db::outbox::OutboxMessage;
use crate::db::{DbError, conversation_entries};
use crate::domain::file_id::PublicFileId;
use crate::domain::ids::{OutboxId, ThreadId};
use crate::domain::media::{MediaFile, MediaKind};
use crate::domain::money::Usd;
use crate::lifecycle::kill_point;
use crate::rendering::RichText;
use crate::services::conversation_file::{self, Wording, WrittenThread};
use crate::services::data_requests as service;
use crate::services::erasure::{self, ErasureEnd, ErasureError};
use crate::services::personal_export::{self, ExportError};

/// How long a worker has a request without renewing that, and how often it does so.
const LEASE: Duration = Duration::from_secs(10);
const RENEW: Duration = Duration::from_secs(3);
/// The longest time between two looks for requests that another instance has left.
const IDLE: Duration = Duration::from_secs(30);
/// The shortest time between two looks.
const LEAST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause before a request is taken again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How often a file is tried; an erasure is never given up.
const TRIES: i32 = 5;

/// Requests that are carried out at once, each by a worker of its own.
pub(crate) const WORKERS: usize = 2;

/// Carries out requests until the service drains.
pub(crate) async fn run(context: Arc<BotContext>) {
    let drain = context.life.drain.clone();
    let (lease, bot) = (DataLease { number: rand::random(), lasts: LEASE }, context.me.title());
    let worker = Worker { context, lease, bot };
    let work = async {
        loop {
            let pause = match worker.work().await {
                Ok(pause) => pause,
                Err(DbError::Cancelled) => return,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a data request has to wait");
                    IDLE
                }
            };
            tokio::select! {
                () = worker.context.data_requests.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    };
    // What was begun is taken again after its lease, from the step that was not finished.
    drain.run_until_cancelled(work).await;
}

struct Worker {
    context: Arc<BotContext>,
    lease: DataLease,
    /// The name of the bot.
    bot: String,
}

/// What becomes of a request for now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Progress {
    /// It has ended, or another worker has it.
    Ended,
    /// It is to be taken again after a pause.
    Waits,
    /// The same, from its first step.
    Again,
}

impl Worker {
    /// Carries out what is due. Returns when to look again.
    async fn work(&self) -> Result<Duration, DbError> {
        let BotContext { db, life, .. } = &*self.context;
        while let Some(request) =
            db.until(&life.drain).persist(|| data_requests::claim(db, self.lease)).await?
        {
            let progress = tokio::select! {
                progress = self.carry_out(&request) => progress?,
                lost = self.keep_lease(&request) => {
                    lost?;
                    Progress::Ended
                }
            };
            if progress != Progress::Ended {
                let again = progress == Progress::Again;
                let (number, pause) = (self.lease.number, pause(request.attempts));
                let postpone = || data_requests::postpone(db, request.id, number, pause, again);
                db.persist(postpone).await?;
            }
        }
        let next = db.until(&life.drain).persist(|| data_requests::next_due(db)).await?;
        let next = next.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
        Ok(next.unwrap_or(IDLE).clamp(LEAST_PAUSE, IDLE))
    }

    /// Renews the lease until it is lost.
    async fn keep_lease(&self, request: &DataRequest) -> Result<(), DbError> {
        let db = &self.context.db;
        loop {
            tokio::time::sleep(RENEW).await;
            let renew = || data_requests::renew(db, request.id, self.lease, None);
            if !db.persist(renew).await? {
                return Ok(());
            }
        }
    }

    async fn carry_out(&self, request: &DataRequest) -> Result<Progress, DbError> {
        if request.kind == DataRequestKind::Erasure {
            return self.erase(request).await;
        }
        let made = if request.attempts > TRIES {
            Err(ExportError::Task)
        } else if request.kind == DataRequestKind::Everything {
            self.everything(request).await
        } else {
            self.conversation(request).await
        };
        let (db, lease) = (&self.context.db, self.lease.number);
        let messages = match made {
            Ok(content) => self.send(request, &content).await?,
            Err(ExportError::Database(error)) => return Err(error),
            Err(error) => {
                tracing::error!(
                    request.id = request.id.0,
                    error = &error as &dyn std::error::Error,
                    "a file for a person cannot be made"
                );
                let message = answer(request, text::file_failed(request.language));
                db.persist(|| service::give_up(db, request, lease, &message)).await?
            }
        };
        self.context.courier().deliver_again(messages);
        Ok(Progress::Ended)
    }

    fn wording(&self, request: &DataRequest) -> Wording<'_> {
        Wording { language: request.language, bot: &self.bot, say: text::file_part }
    }

    async fn conversation(&self, request: &DataRequest) -> Result<Vec<u8>, ExportError> {
        let BotContext { db, books, .. } = &*self.context;
        let find = || async move {
            let mut tx = db.begin().await?;
            conversation_entries::filled(&mut tx, request.key).await
        };
        // It may have been cleared meanwhile; then the file says that there is nothing.
        let thread = WrittenThread {
            id: db.persist(find).await?.unwrap_or(ThreadId(0)),
            title: None,
            topic: request.key.topic.map(|topic| topic.0),
            everything: false,
            asker: None,
        };
        let limits = (books.clock.now(), conversation_file::LIMIT);
        let file = conversation_file::write(db, thread, self.wording(request), limits).await?;
        Ok(file.text.into_bytes())
    }

    async fn everything(&self, request: &DataRequest) -> Result<Vec<u8>, ExportError> {
        let BotContext { db, books, .. } = &*self.context;
        let about = |about: personal_export::About<'_>| text::about_export(request.language, about);
        personal_export::make(db, request, self.wording(request), books.clock.now(), about).await
    }

    /// Stores the file and the message that sends it, once.
    async fn send(
        &self,
        request: &DataRequest,
        content: &[u8],
    ) -> Result<Vec<(OutboxId, OutboxMessage)>, DbError> {
        kill_point!("export: made");
        let BotContext { db, books, .. } = &*self.context;
        let day = books.today().format("%Y-%m-%d");
        let (name, mime, caption) = if request.kind == DataRequestKind::Everything {
            (format!("export_{day}.zip"), "application/zip", text::export_made(request.language))
        } else {
            (format!("conversation_{day}.md"), "text/markdown", text::conversation_made(request.language))
        };
        let report = Report { id: PublicFileId::of_bits(rand::random()), name: &name, mime };
        let file = MediaFile {
            id: report.id,
            kind: MediaKind::Document,
            telegram_id: None,
            name: name.clone(),
            mime: mime.to_owned(),
            size: content.len() as u64,
        };
        let message = OutboxMessage {
            media: Some(vec![file]),
            instead: Some(text::file_failed(request.language)),
            ..answer(request, caption)
        };
        let lease = self.lease.number;
        let send = || service::answer_with_file(db, request, lease, (report, content), &message);
        let messages = db.persist(send).await?;
        tracing::info!(
            user.id = request.user.0,
            kind = request.kind.name(),
            bytes = content.len(),
            "a person gets stored data as a file"
        );
        Ok(messages)
    }

    /// Erases once nothing is going on that would store something later. Running answers are stopped.
    async fn erase(&self, request: &DataRequest) -> Result<Progress, DbError> {
        let BotContext { db, cache, .. } = &*self.context;
        let (user, lease) = (request.user, self.lease);
        for (key, _) in erasure::open_turns(db, user).await? {
            stop_for_erasure(&self.context, key);
        }
        if erasure::must_wait(db, user).await? {
            return Ok(Progress::Waits);
        }
        match erasure::carry_out(db, cache, request, lease).await {
            Ok(()) => {}
            Err(ErasureError::Database(error)) => return Err(error),
            Err(ErasureError::Lost) => return Ok(Progress::Ended),
            Err(error @ ErasureError::Cache(_)) => {
                tracing::warn!(
                    user.id = user.0,
                    error = &error as &dyn std::error::Error,
                    "an erasure waits for Redis"
                );
                return Ok(Progress::Waits);
            }
        }
        let message = |balance: Usd| answer(request, text::erased(request.language, balance));
        let finish = || erasure::finish(db, cache, request, lease.number, message);
        match db.persist(finish).await? {
            ErasureEnd::Done(messages) => {
                tracing::info!(user.id = user.0, "everything about the user {user} is erased but the books");
                self.context.forgotten();
                self.context.menu_checks.look_again(user);
                self.context.courier().deliver_again(messages);
                Ok(Progress::Ended)
            }
            ErasureEnd::Again => Ok(Progress::Again),
            ErasureEnd::Lost => Ok(Progress::Ended),
        }
    }
}

/// Returns the message that answers a request, in the place where it was asked.
fn answer(request: &DataRequest, sentence: String) -> OutboxMessage {
    let key = request.key;
    let is_private = key.chat.0 == request.user.0;
    OutboxMessage {
        reply_to: (!is_private).then_some(request.message),
        after: Some(request.message),
        owner: Some(request.user),
        ..OutboxMessage::new(
            format!("data:{}", request.id),
            key.chat,
            key.topic,
            RichText::plain(sentence).into_wire(),
        )
    }
}

/// Returns the pause after a try: 200 ms, then twice as much each time.
fn pause(attempts: i32) -> Duration {
    let doubled = u32::try_from(attempts - 1).unwrap_or_default().min(10);
    Duration::from_millis(200).saturating_mul(1 << doubled).min(LONGEST_PAUSE)
}
