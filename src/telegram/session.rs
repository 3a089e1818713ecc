//! One session a thread, for as long as it has something to do: it owns the batch that gathers and the turn that
//! runs, so "a newer message wins" and "every prompt contains the last answer" need no lock.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::context::Context;
use super::handlers;
use super::inbound::Edit;
use super::pipeline::processor;
use super::pipeline::queue::{Batch, Letter, Mailbox, StopWish};
use super::streaming::{self, Shown};
use super::{text, turn};
use crate::conversation::interrupt::Stop;
use crate::db::DbError;
use crate::db::turns::LeftOpen;
use crate::domain::ids::ThreadKey;
use crate::domain::turn::{Interruption, TurnRequest};
use crate::services::intake;
use crate::services::recovery::Recovery;

/// How long a session without work stays in memory.
const IDLE: Duration = Duration::from_secs(30);

/// Works a mailbox off until it has been empty for a while or the service drains.
pub async fn run(context: Arc<Context>, key: ThreadKey, mailbox: Mailbox) {
    context.metrics.threads_active.inc();
    let mut session = Session { context: &context, key, mailbox, batch: Batch::default() };
    if let Err(error) = session.work().await {
        // What the session had not stored is still in the inbox.
        tracing::error!(error = &error as &dyn std::error::Error, "the session of {key} ended");
    }
    drop(session.mailbox);
    context.metrics.threads_active.dec();
}

struct Session<'a> {
    context: &'a Context,
    key: ThreadKey,
    mailbox: Mailbox,
    batch: Batch,
}

impl Session<'_> {
    async fn work(&mut self) -> Result<(), DbError> {
        let drain = &self.context.life.drain;
        loop {
            if self.batch.closes().is_some() {
                let Some(request) = self.gather().await? else { continue };
                self.answer(request).await?;
                continue;
            }
            let letter = tokio::select! {
                biased;
                () = drain.cancelled() => return Ok(()),
                letter = self.mailbox.recv() => letter,
                () = tokio::time::sleep(IDLE) => {
                    if self.context.mailboxes.sleep(self.key, &self.mailbox) {
                        return Ok(());
                    }
                    continue;
                }
            };
            match letter {
                Some(Letter::Resume(left, recovery)) => self.resume(&left, recovery).await?,
                Some(Letter::Stop(wish)) => self.nothing_runs(wish).await?,
                Some(letter) => {
                    self.take(letter).await?;
                }
                None => return Ok(()),
            }
        }
    }

    /// Waits for the end of the window and prepares the turn meanwhile. Messages that were stored before make none.
    async fn gather(&mut self) -> Result<Option<TurnRequest>, DbError> {
        let context = self.context;
        let Some(first) = self.batch.first() else { return Ok(None) };
        let (sender, chat) = (first.sender.clone(), first.chat.clone());
        let preparing = processor::prepare(context, self.key, &sender, &chat);
        tokio::pin!(preparing);
        let mut prepared = None;
        while let Some(closes) = self.batch.closes().filter(|&closes| Instant::now() < closes) {
            tokio::select! {
                // No new turns: what has gathered stays in the inbox for the next start.
                () = context.life.drain.cancelled() => {
                    self.batch.take();
                    return Ok(None);
                }
                done = &mut preparing, if prepared.is_none() => prepared = Some(done?),
                Some(letter) = self.mailbox.recv() => {
                    self.take(letter).await?;
                }
                () = tokio::time::sleep_until(closes) => {}
            }
        }
        let prepared = match prepared {
            Some(prepared) => prepared,
            None => preparing.await?,
        };
        let closed = Instant::now();
        let batch = self.batch.take();
        context.metrics.messages_batched.inc_by(batch.len().saturating_sub(1) as u64);
        let request = processor::open(context, prepared, &batch).await?;
        context.metrics.preparation.observe(closed.elapsed().as_secs_f64());
        Ok(request)
    }

    /// Answers while the mailbox stays open: a newer message or a stop cuts the answer.
    async fn answer(&mut self, request: TurnRequest) -> Result<(), DbError> {
        let context = self.context;
        let turn = request.turn;
        let stop = Stop::new(&context.life.abort);
        let running = turn::drive(context, request, &stop);
        tokio::pin!(running);
        loop {
            tokio::select! {
                () = &mut running => return Ok(()),
                Some(letter) = self.mailbox.recv() => match self.take(letter).await? {
                    // During a drain a newer message waits for the next start, so it is no reason to cut.
                    Taken::Message if context.life.drain.is_cancelled() => {}
                    Taken::Message => stop.cut(Interruption::Superseded),
                    // The button of an older draft, tapped late, does not concern this answer.
                    Taken::Stop(Some(draft)) if !streaming::is_draft_of(turn, draft) => {}
                    Taken::Stop(_) => stop.cut(Interruption::Stopped),
                    Taken::Other => {}
                },
            }
        }
    }

    async fn resume(&mut self, left: &LeftOpen, recovery: Recovery) -> Result<(), DbError> {
        match recovery {
            Recovery::Again(attempt) => {
                let request = processor::resume(self.context, left, attempt).await?;
                tracing::info!(turn.id = left.turn.0, attempt, "the turn {} is run again", left.turn);
                self.answer(request).await
            }
            Recovery::Close(report) => {
                let request = processor::resume(self.context, left, left.attempt).await?;
                let place = turn::place(&request);
                // Parts have their numbers; a closing remark comes behind all of them.
                let shown = Shown { posted: 1_000, live: left.live_message, ..Shown::default() };
                turn::close(self.context, &request, place, &report, shown).await;
                Ok(())
            }
        }
    }

    async fn take(&mut self, letter: Letter) -> Result<Taken, DbError> {
        match letter {
            Letter::Message(message, came) => {
                self.batch.add(*message, came, self.context.batch_window);
                Ok(Taken::Message)
            }
            Letter::Stop(wish) => {
                let (db, abort) = (&self.context.db, &self.context.life.abort);
                db.persist("intake::tick_off", abort, || intake::tick_off(db, wish.update)).await?;
                Ok(Taken::Stop(wish.draft))
            }
            Letter::Edit(edit) => self.edit(&edit).await.map(|()| Taken::Other),
            Letter::Resume(left, _) => {
                tracing::error!(turn.id = left.turn.0, "the turn {} can only be resumed at start", left.turn);
                Ok(Taken::Other)
            }
        }
    }

    /// `/stop` without a running answer is told so; a late tap on a button needs no words.
    async fn nothing_runs(&mut self, wish: StopWish) -> Result<(), DbError> {
        match wish.typed {
            Some(envelope) => {
                handlers::reply(self.context, &envelope, |language, _| text::nothing_to_stop(language)).await
            }
            None => self.take(Letter::Stop(wish)).await.map(drop),
        }
    }

    /// A change reaches the batch that still waits, or what is stored; the next prompt contains it.
    async fn edit(&mut self, edit: &Edit) -> Result<(), DbError> {
        let (db, abort) = (&self.context.db, &self.context.life.abort);
        if self.batch.edit(edit) {
            return db.persist("intake::tick_off", abort, || intake::tick_off(db, edit.update)).await;
        }
        let apply = || intake::apply_edit(db, edit.update, edit.key.chat, edit.message, &edit.text);
        db.persist("intake::apply_edit", abort, apply).await.map(drop)
    }
}

/// What a letter was.
enum Taken {
    Message,
    Stop(Option<i32>),
    Other,
}
