//! One session a thread, for as long as it has something to do: it owns the batch that gathers and the turn that
//! runs, so "a newer message wins" and "every prompt contains the last answer" need no lock.

mod clearing;
mod gathering;
mod resuming;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::time::Instant;
use tracing::Instrument;

use super::context::BotContext;
use super::inbound::{Edit, MessageHeader};
use super::pipeline::isolation::{Mode, Permit};
use super::pipeline::normalize;
use super::pipeline::processor::{self, BatchOutcome, Prepared};
use super::pipeline::queue::{Batch, Mailbox, SessionInput, StopRequest, StopSource};
use super::{replies, streaming, text, turn};
use crate::conversation::interrupt::Stop;
use crate::db::DbError;
use crate::db::dialogs::Dialog;
use crate::db::turns::LeftOpen;
use crate::domain::ids::{MessageId, ThreadKey, TurnId, UpdateId};
use crate::domain::message::Incoming;
use crate::domain::turn::{Interruption, TurnRequest};
use crate::services::intake;
use crate::services::recovery::Recovery;

/// How long a session without work stays in memory.
const IDLE: Duration = Duration::from_secs(30);

/// Works a mailbox off until it has been empty for a while or the service drains.
pub(crate) async fn run(context: Arc<BotContext>, key: ThreadKey, mailbox: Mailbox) {
    context.metrics.threads_active.inc();
    let (batch, background) = (Batch::default(), FuturesUnordered::new());
    let (stopped, left_open) = (None, VecDeque::new());
    let mut session = Session {
        context: &context,
        key,
        mailbox,
        batch,
        background,
        changed: false,
        stopped,
        asked: Vec::new(),
        left_open,
        clears: VecDeque::new(),
    };
    let worked = session.work().await;
    session.finish_background().await;
    if let Err(error) = worked {
        // What the session had not stored is still in the inbox.
        tracing::error!(error = &error as &dyn std::error::Error, "the session of {key} ended");
    }
    drop(session.mailbox);
    context.metrics.threads_active.dec();
}

struct Session<'a> {
    context: &'a Arc<BotContext>,
    key: ThreadKey,
    mailbox: Mailbox,
    batch: Batch,
    /// Small writes and calls that run beside everything else; the history is read only when none is left.
    background: FuturesUnordered<BoxFuture<'a, ()>>,
    /// Whether a stored message was changed while the history was being read.
    changed: bool,
    /// A stop that came before its answer had begun.
    stopped: Option<StopRequest>,
    /// The messages of the turn that runs; one of them that comes again is no newer message.
    asked: Vec<(UpdateId, MessageId)>,
    /// Turns that nobody has finished; older than everything that waits here.
    left_open: VecDeque<Box<(LeftOpen, Recovery)>>,
    /// Each `/clear` that is not carried out yet, oldest first.
    clears: VecDeque<Box<MessageHeader>>,
}

impl Session<'_> {
    /// What is done one after the other is boxed, so that a session has room for what it does now and nothing else: there
    /// may be thousands of them.
    async fn work(&mut self) -> Result<(), DbError> {
        let drain = &self.context.life.drain;
        loop {
            if let Some((left, recovery)) = self.left_open.pop_front().map(|left| *left) {
                Box::pin(self.resume(&left, recovery)).await?;
                continue;
            }
            if self.clear().await? {
                continue;
            }
            if self.batch.closes().is_some() {
                match (Box::pin(self.gather()).await?, self.stopped.take()) {
                    (Some((request, permit)), stopped) => {
                        Box::pin(self.answer(request, permit, stopped)).await;
                    }
                    // The message was answered before, so there was nothing to stop. During a drain both wait.
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
                input = self.mailbox.recv() => input,
                () = tokio::time::sleep(IDLE) => {
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

    /// Waits for the end of the window and prepares the turn meanwhile. Messages that were stored before make none.
    async fn gather(&mut self) -> Result<Option<(TurnRequest, Permit)>, DbError> {
        let context = self.context;
        if self.is_drained() {
            return Ok(None);
        }
        let Some(first) = self.batch.first() else { return Ok(None) };
        let (sender, chat) = (first.sender.clone(), first.chat.clone());
        self.finish_background().await;
        let mut preparing = Box::pin(processor::prepare(context, self.key, &sender, &chat));
        let (mut prepared, mut permit) = (None, None);
        while let Some(closes) = self.batch.closes() {
            let in_window = Instant::now() < closes && !self.is_blocked_by_clear();
            let gathers = in_window || self.batch.is_fetching();
            if gathers {
                permit = None;
            } else if permit.is_some() {
                break;
            }
            let updates = if gathers { Vec::new() } else { self.batch.updates() };
            // An update of this chat may wait behind what has gathered here.
            let belongs = |update, chat| chat == self.key.chat || updates.contains(&update);
            tokio::select! {
                () = context.life.drain.cancelled() => break,
                done = &mut preparing, if prepared.is_none() => prepared = Some(done?),
                Some(input) = self.mailbox.recv(), if self.takes_more() => match self.take(input) {
                    Some(stop_request) if matches!(stop_request.by, StopSource::Command(_)) => self.stop_next(stop_request),
                    Some(stop_request) => self.ignore(stop_request),
                    None => {}
                },
                Some(()) = self.background.next() => {}
                () = self.batch.arrive() => {}
                entered = context.isolation.enter_with(Mode::Shared, belongs), if !gathers => permit = Some(entered),
                () = tokio::time::sleep_until(closes), if in_window => {}
            }
        }
        // A file that did not arrive because of that is no reason to do without it.
        if self.is_drained() {
            return Ok(None);
        }
        let closed = Instant::now();
        while self.clear().await? {}
        if self.changed {
            self.finish_background().await;
            preparing = Box::pin(processor::prepare(context, self.key, &sender, &chat));
            prepared = None;
        }
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => preparing.await?,
        };
        let request = Box::pin(self.open_turn(prepared, closed)).await?;
        Ok(request.zip(permit))
    }

    /// Makes a turn of the batch, whose window was closed at this moment.
    async fn open_turn(
        &mut self,
        prepared: Prepared,
        closed: Instant,
    ) -> Result<Option<TurnRequest>, DbError> {
        let context = self.context;
        let (batch, edits, _held) = (self.take_batch(), self.batch.take_edits(), self.batch.take_held());
        let opening = processor::open(context, prepared, &batch).await?;
        let request = match opening {
            BatchOutcome::Turn(request) => {
                context.metrics.messages_batched.inc_by(batch.len().saturating_sub(1) as u64);
                context.metrics.preparation.observe(closed.elapsed().as_secs_f64());
                self.asked = batch.iter().map(|incoming| (incoming.update, incoming.message)).collect();
                Some(*request)
            }
            BatchOutcome::Reply(Dialog::CustomAmount) => {
                self.answer_question(batch).await;
                None
            }
            BatchOutcome::Duplicate => None,
        };
        self.apply(edits);
        Ok(request)
    }

    /// The newest text answers the question that waits; what was written before it is no prompt either.
    async fn answer_question(&mut self, mut batch: Vec<Incoming>) {
        let Some(newest) = batch.pop() else { return };
        for incoming in &batch {
            self.mark_handled(incoming.update);
        }
        finish(replies::amount::take_amount(self.context.clone(), newest).await);
    }

    /// Answers while the mailbox stays open: a newer message or a stop cuts the answer. Nothing in here waits for
    /// anything but the answer, or the answer would stand still meanwhile.
    async fn answer(&mut self, request: TurnRequest, permit: Permit, stopped: Option<StopRequest>) {
        let context = self.context;
        let (turn, question) = (request.turn, request.question);
        let stop = Stop::new(&context.life.abort);
        if let Some(stop_request) = stopped {
            stop.cut(Interruption::Stopped);
            self.apply_stop(stop_request);
        }
        let span = turn::span(&request, self.asked.iter().map(|(update, _)| *update));
        let mut running = pin!(turn::drive(context, request, permit, &stop).instrument(span));
        loop {
            let input = tokio::select! {
                () = &mut running => return,
                Some(()) = self.background.next() => continue,
                Some(input) = self.mailbox.recv(), if !self.is_blocked_by_clear() => input,
            };
            if matches!(&input, SessionInput::Message(message, _) if self.asked.iter().any(|asked| asked.1 == message.message))
            {
                continue;
            }
            if matches!(&input, SessionInput::Clear(clear) if self.ends(clear, question)) {
                stop.cut(Interruption::Stopped);
            }
            let is_message = matches!(input, SessionInput::Message(..));
            // During a drain a newer message waits for the next start, so it is no reason to cut. Nor is one behind a
            // `/clear`: it will not repeat what is being answered.
            if is_message && !context.life.drain.is_cancelled() && self.clears.is_empty() {
                stop.cut(Interruption::Superseded);
            }
            match self.take(input) {
                // It is about the message that waits, not about the answer that this one has cut already.
                Some(stop_request)
                    if matches!(stop_request.by, StopSource::Command(_))
                        && self.batch.closes().is_some()
                        && stop.reason().is_some() =>
                {
                    self.stop_next(stop_request);
                }
                Some(stop_request) if concerns(&stop_request.by, turn) => {
                    stop.cut(Interruption::Stopped);
                    self.apply_stop(stop_request);
                }
                Some(stop_request) => self.ignore(stop_request),
                None => {}
            }
        }
    }

    /// Puts a letter where it belongs; a wish to stop is handed back.
    fn take(&mut self, input: SessionInput) -> Option<StopRequest> {
        let update = input.update();
        let stop_request = self.place(input);
        // Messages, and what waits behind them.
        if let Some(update) = update {
            self.batch.hold(self.context.in_flight.hold(update));
        }
        stop_request
    }

    fn place(&mut self, input: SessionInput) -> Option<StopRequest> {
        match input {
            SessionInput::Message(message, came) => {
                // What is written after a stop is not meant by it.
                if let Some(stop_request) = self.stopped.take() {
                    self.mark_handled(stop_request.update);
                }
                // Its files are on their way already.
                if !self.batch.contains(message.message) {
                    let files = normalize::fetch(self.context, &message, self.batch.brings(&message));
                    self.batch.add(*message, came, self.context.batch_window, files);
                }
            }
            SessionInput::Edit(edit) => self.edit(*edit),
            SessionInput::Stop(stop_request) => return Some(*stop_request),
            SessionInput::Clear(clear) => self.queue_clear(clear),
            // It is in the queue of the suspects before anything else can happen here.
            SessionInput::Resume(left, _assembly) => {
                if self.left_open.iter().all(|known| known.0.turn != left.0.turn) {
                    self.left_open.push_back(left);
                }
            }
        }
        None
    }

    /// A change reaches the batch that still waits, or what is stored; the next prompt contains it.
    fn edit(&mut self, edit: Edit) {
        match self.batch.edit(edit) {
            // A change of a message that is not stored yet is not finished before it is.
            Ok(None) => {}
            Ok(Some(older)) => self.mark_handled(older),
            Err(edit) => {
                self.changed = true;
                self.apply([edit]);
            }
        }
    }

    fn apply(&mut self, edits: impl IntoIterator<Item = Edit>) {
        let db = &self.context.db;
        let cache = &self.context.cache;
        for Edit { update, key, message, text, date } in edits {
            self.background.push(Box::pin(async move {
                let apply = || intake::apply_edit(db, cache, update, key.chat, message, &text, date);
                finish(db.persist(apply).await.map(drop));
            }));
        }
    }

    /// The answer that is about to begin shall not.
    fn stop_next(&mut self, stop_request: StopRequest) {
        if self.batch.is_fetching() {
            return self.cancel_batch(stop_request);
        }
        if let Some(earlier) = self.stopped.replace(stop_request) {
            self.mark_handled(earlier.update);
        }
    }

    /// The running answer ends because of this wish.
    fn apply_stop(&mut self, stop_request: StopRequest) {
        if let StopSource::Button { callback, .. } = stop_request.by {
            replies::answer_tap(self.context, callback, None);
        }
        self.mark_handled(stop_request.update);
    }

    /// The wish concerns no answer of this session that runs.
    fn ignore(&mut self, stop_request: StopRequest) {
        if let StopSource::Button { callback, language, .. } = stop_request.by {
            let sorry = Some(text::not_yours_to_stop(language));
            replies::answer_tap(self.context, callback, sorry);
        }
        self.mark_handled(stop_request.update);
    }

    /// `/stop` without a running answer is told so.
    fn reply_nothing_to_stop(&mut self, stop_request: StopRequest) {
        let StopSource::Command(header) = stop_request.by else { return self.ignore(stop_request) };
        let context = self.context;
        self.background.push(Box::pin(async move {
            finish(replies::reply(context, &header, |language, _| text::nothing_to_stop(language)).await);
        }));
    }

    fn mark_handled(&mut self, update: UpdateId) {
        let db = &self.context.db;
        self.background.push(Box::pin(async move {
            finish(db.persist(|| intake::mark_handled(db, update)).await);
        }));
    }

    async fn finish_background(&mut self) {
        while self.background.next().await.is_some() {}
        self.changed = false;
    }
}

/// Whether a wish is about the answer of this turn: the command is about whatever runs, a button about its own.
fn concerns(by: &StopSource, turn: TurnId) -> bool {
    match by {
        StopSource::Command(_) => true,
        StopSource::Draft(draft) => streaming::is_draft_of(turn, *draft),
        StopSource::Button { turn: tapped, .. } => *tapped == turn,
    }
}

fn finish(result: Result<(), DbError>) {
    if let Err(error) = result {
        // The update stays in the inbox for the next start.
        tracing::error!(error = &error as &dyn std::error::Error, "an update could not be finished");
    }
}
