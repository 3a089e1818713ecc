//! The session of a thread, which exists while the thread has work. It owns the collecting batch and the
//! running turn, so "a newer message wins" and "every prompt contains the last answer" need no lock.

mod answering;
mod clearing;
mod editing;
mod gathering;
mod opening;
mod resuming;
mod retrying;
mod stopping;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;

use super::context::BotContext;
use super::inbound::MessageHeader;
use super::pipeline::edits::EditFuture;
use super::pipeline::normalize;
use super::pipeline::queue::{Batch, Mailbox, RetryRequest, SessionInput, StopRequest};
use crate::db::DbError;
use crate::db::turns::LeftOpen;
use crate::domain::bucket::Bucket;
use crate::domain::ids::{MessageId, ThreadKey, UpdateId};
use crate::lifecycle::holdings::Occupied;
use crate::services::intake;
use crate::services::recovery::Recovery;

/// How long a session without work stays in memory.
const IDLE: Duration = Duration::from_secs(30);

/// Processes a thread's mailbox until it has been idle for [`IDLE`], or is idle and its chat is to be given to another
/// instance, or the service drains.
pub(crate) async fn run(context: Arc<BotContext>, key: ThreadKey, mailbox: Mailbox, occupied: Occupied) {
    context.metrics.threads_active.inc();
    let (batch, background, edits) = (Batch::default(), FuturesUnordered::new(), FuturesUnordered::new());
    let (stopped, left_open) = (None, VecDeque::new());
    let mut session = Session {
        context: &context,
        key,
        mailbox,
        batch,
        background,
        edits,
        changed: false,
        stopped,
        asked: Vec::new(),
        left_open,
        clears: VecDeque::new(),
        retries: VecDeque::new(),
    };
    let worked = session.work().await;
    session.finish_background().await;
    if let Err(error) = worked {
        // Updates that were not stored remain in the inbox.
        tracing::error!(error = &error as &dyn std::error::Error, "the session of {key} ended");
    }
    drop(session.mailbox);
    context.metrics.threads_active.dec();
    drop(occupied);
}

struct Session<'a> {
    context: &'a Arc<BotContext>,
    key: ThreadKey,
    mailbox: Mailbox,
    batch: Batch,
    /// Small writes and calls that run concurrently. The history is loaded only after all of them have
    /// finished.
    background: FuturesUnordered<BoxFuture<'a, ()>>,
    /// Edits of stored messages whose files are being fetched. The next prompt waits for them.
    edits: FuturesUnordered<EditFuture>,
    /// Whether a stored message was edited or the history was cleared while the history was being loaded.
    changed: bool,
    /// A stop request for an answer that has not started yet.
    stopped: Option<StopRequest>,
    /// The messages of the running turn. A redelivered one must not supersede its own answer.
    asked: Vec<(UpdateId, MessageId)>,
    /// Interrupted turns, which are older than all waiting messages.
    left_open: VecDeque<Box<(LeftOpen, Recovery)>>,
    /// Pending `/clear` commands, oldest first.
    clears: VecDeque<Box<MessageHeader>>,
    /// Wishes to ask the last question again, oldest first.
    retries: VecDeque<Box<RetryRequest>>,
}

impl Session<'_> {
    /// Runs the phases of the session in turn. The phases are boxed, so a session costs the memory of its
    /// largest phase and not of their sum: there may be thousands of sessions.
    async fn work(&mut self) -> Result<(), DbError> {
        let drain = &self.context.life.drain;
        loop {
            if let Some((left, recovery)) = self.left_open.pop_front().map(|left| *left) {
                Box::pin(self.resume(&left, recovery)).await?;
                continue;
            }
            if self.clear().await? || (!self.retries.is_empty() && Box::pin(self.retry()).await?) {
                continue;
            }
            if self.batch.closes().is_some() {
                match (Box::pin(self.gather()).await?, self.stopped.take()) {
                    (Some((request, permit)), stopped) => {
                        Box::pin(self.answer(request, permit, stopped)).await;
                    }
                    // The messages were answered before, so there is nothing to stop. During a drain both
                    // wait for the next start.
                    (None, Some(stop_request)) if !drain.is_cancelled() => {
                        self.reply_nothing_to_stop(stop_request);
                    }
                    (None, _) => {}
                }
                continue;
            }
            let input = tokio::select! {
                biased;
                Some(()) = self.background.next() => continue,
                () = drain.cancelled() => return Ok(()),
                Some(edit) = self.edits.next() => {
                    self.apply_prepared(edit);
                    continue;
                }
                input = self.mailbox.recv(), if self.takes_edits() => input,
                () = self.context.life.holdings.leaving(Bucket::of(self.key.chat)), if self.edits.is_empty() => {
                    if self.context.mailboxes.sleep(self.key, &self.mailbox) {
                        return Ok(());
                    }
                    continue;
                }
                () = tokio::time::sleep(IDLE), if self.edits.is_empty() => {
                    if self.context.mailboxes.sleep(self.key, &self.mailbox) {
                        return Ok(());
                    }
                    continue;
                }
            };
            match input {
                Some(input) => {
                    if let Some(stop_request) = self.take(input) {
                        self.reply_nothing_to_stop(stop_request);
                    }
                }
                None => return Ok(()),
            }
        }
    }

    /// Takes an input into the session. Returns stop requests, which the caller has to handle.
    fn take(&mut self, input: SessionInput) -> Option<StopRequest> {
        let update = input.update();
        let stop_request = self.place(input);
        // Keeps messages, and updates that wait for them, out of the sweep.
        if let Some(update) = update {
            self.batch.hold(self.context.in_flight.hold(update));
        }
        stop_request
    }

    fn place(&mut self, input: SessionInput) -> Option<StopRequest> {
        match input {
            SessionInput::Message(message, came) => {
                // A stop does not apply to messages written after it.
                let is_later = |stop_request: &mut StopRequest| stop_request.is_of(message.sender.id);
                if let Some(stop_request) = self.stopped.take_if(is_later) {
                    self.mark_handled(stop_request.update);
                }
                // A redelivered message is waiting already, and its files are being fetched.
                match self.batch.update_of(message.message) {
                    Some(update) if update != message.update => self.mark_handled(message.update),
                    Some(_) => {}
                    None => {
                        let files = normalize::fetch(self.context, &message, self.batch.brings(&message));
                        self.batch.add(*message, came, self.context.batch_window, files);
                    }
                }
            }
            SessionInput::Edit(edit) => self.edit(edit),
            SessionInput::Stop(stop_request) => return Some(*stop_request),
            SessionInput::Clear(clear) => self.queue_clear(clear),
            SessionInput::Retry(wish) => self.queue_retry(wish),
            // The assembly may be dropped here: the session resumes the turn before it does anything else.
            SessionInput::Resume(left, _assembly) => {
                if self.left_open.iter().all(|known| known.0.turn != left.0.turn) {
                    self.left_open.push_back(left);
                }
            }
        }
        None
    }

    fn mark_handled(&mut self, update: UpdateId) {
        let db = &self.context.db;
        self.background.push(Box::pin(async move {
            log_failure(db.persist(|| intake::mark_handled(db, update)).await);
        }));
    }

    async fn finish_background(&mut self) {
        while self.background.next().await.is_some() {}
        self.changed = false;
    }
}

/// Logs a failed write about an update, which then stays in the inbox until the next start.
fn log_failure(result: Result<(), DbError>) {
    if let Err(error) = result {
        tracing::error!(error = &error as &dyn std::error::Error, "an update could not be finished");
    }
}
