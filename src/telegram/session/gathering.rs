//! The batch of a session: waiting until it is complete, refusing and cancelling it.

use std::collections::HashSet;

use futures::StreamExt;
use tokio::time::Instant;

use super::{Session, log_failure};
use crate::db::DbError;
use crate::domain::file::{ProviderCopy, Refusal};
use crate::domain::ids::UpdateId;
use crate::domain::message::Incoming;
use crate::domain::turn::TurnRequest;
use crate::services::intake;
use crate::telegram::inbound::attachments;
use crate::telegram::pipeline::isolation::{Mode, Permit};
use crate::telegram::pipeline::queue::{StopRequest, StopSource};
use crate::telegram::pipeline::{normalize, processor};
use crate::telegram::{replies, text};

impl Session<'_> {
    /// Waits until the batch is complete and prepares the turn meanwhile. Returns `None` if the batch opens
    /// no turn or the service drains.
    pub(super) async fn gather(&mut self) -> Result<Option<(TurnRequest, Permit)>, DbError> {
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
            let gathers = in_window || self.is_fetching();
            if gathers {
                permit = None;
            } else if permit.is_some() {
                break;
            }
            let updates = if gathers { Vec::new() } else { self.batch.updates() };
            // An update of this chat may be waiting for this batch.
            let belongs = |update, chat| chat == self.key.chat || updates.contains(&update);
            tokio::select! {
                () = context.life.drain.cancelled() => break,
                done = &mut preparing, if prepared.is_none() => prepared = Some(done?),
                Some(input) = self.mailbox.recv(), if self.takes_more() => match self.take(input) {
                    Some(stop_request) if self.is_for_next(&stop_request) => self.stop_next(stop_request),
                    Some(stop_request) => self.reply_nothing_to_stop(stop_request),
                    None => {}
                },
                Some(()) = self.background.next() => {}
                Some(edit) = self.edits.next() => self.apply_prepared(edit),
                () = self.batch.arrive() => {}
                entered = context.isolation.enter_with(Mode::Shared, belongs), if !gathers => permit = Some(entered),
                () = tokio::time::sleep_until(closes), if in_window => {}
            }
        }
        // The drain may have interrupted a download, and the turn must not run without that file.
        if self.is_drained() {
            return Ok(None);
        }
        let closed = Instant::now();
        while self.clear().await? {}
        let changed = self.changed;
        // Both may hold connections of the database, so neither waits for the other.
        let mut prepared = if let Some(prepared) = prepared {
            self.finish_background().await;
            prepared
        } else {
            let (prepared, ()) = tokio::join!(preparing, self.finish_background());
            prepared?
        };
        if changed {
            prepared = processor::prepare(context, self.key, &sender, &chat).await?;
        }
        let request = Box::pin(self.open_turn(prepared, closed)).await?;
        Ok(request.zip(permit))
    }

    /// Returns whether the service drains. If so, discards the batch: its updates stay in the inbox for the
    /// next start.
    pub(super) fn is_drained(&mut self) -> bool {
        let drained = self.context.life.drain.is_cancelled();
        if drained {
            let batch = std::mem::take(&mut self.batch);
            self.drop_copies(batch.discard());
        }
        drained
    }

    /// Has copies deleted that no message will have. Those of the conversation stay.
    pub(super) fn drop_copies(&self, copies: impl IntoIterator<Item = ProviderCopy>) {
        for copy in copies {
            let task = self.context.clone();
            self.context.life.spawn("copy", async move { normalize::drop_copy(&task, &copy).await });
        }
    }

    /// Returns whether further messages may join the batch.
    pub(super) fn takes_more(&self) -> bool {
        !self.batch.is_full() && self.takes_edits() && !self.is_blocked_by_clear()
    }

    /// Returns the messages to answer. Drops blank messages (a lone unreadable file) and notifies their
    /// sender, once per album. Keeps a blank album part if another part has content. The limit of a day is
    /// told once: below the answer if there is one, and such files stay in its prompt.
    pub(super) fn take_batch(&mut self) -> Vec<Incoming> {
        let (batch, withheld) = (self.batch.take(), self.batch.withheld());
        let has_content = |incoming: &Incoming| !incoming.is_blank() || self.hears(incoming);
        let albums = |content: bool| -> HashSet<String> {
            let parts = batch.iter().filter(|incoming| has_content(incoming) == content);
            parts.filter_map(|incoming| incoming.album.clone()).collect()
        };
        let (with_content, mut refused) = (albums(true), albums(false));
        let any_content = batch.iter().any(has_content);
        let over_daily_limit = |incoming: &Incoming| incoming.fetched.refusal() == Some(Refusal::DailyLimit);
        let mut told_daily_limit = false;
        let is_kept = |incoming: &Incoming| {
            // The gate reports why a file was withheld, or admits it now.
            has_content(incoming)
                // Its turn tells why nothing was heard, and keeps the message.
                || incoming.is_spoken() && incoming.fetched.refusal().is_none()
                || over_daily_limit(incoming) && any_content
                || withheld.contains(&incoming.message)
                || incoming.album.as_ref().is_some_and(|album| with_content.contains(album))
        };
        let (batch, blank): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_kept);
        let context = self.context;
        for incoming in blank {
            let repeats = over_daily_limit(&incoming) && std::mem::replace(&mut told_daily_limit, true);
            if repeats || incoming.album.as_ref().is_some_and(|album| !refused.remove(album)) {
                self.mark_handled(incoming.update);
                continue;
            }
            self.background
                .push(Box::pin(async move { log_failure(replies::not_fetched(context, incoming).await) }));
        }
        batch
    }

    /// Returns whether the model can have the file of a message transcribed.
    fn hears(&self, incoming: &Incoming) -> bool {
        let file = incoming.attachment.as_ref().filter(|_| incoming.fetched.refusal().is_none());
        self.context.assistant.transcripts.is_some()
            && file.is_some_and(|file| {
                attachments::heard_on_demand(file, self.context.screen.api.file_limit()).is_ok()
            })
    }

    /// Cancels the batch while its files are being fetched, and confirms the stop.
    pub(super) fn cancel_batch(&mut self, stop_request: StopRequest) {
        let StopSource::Command(header) = stop_request.by else { return self.ignore(stop_request) };
        let mut batch = std::mem::take(&mut self.batch);
        let edits = batch.take_edits().into_iter().map(|edit| edit.update);
        let updates: Vec<UpdateId> = batch.updates().into_iter().chain(edits).collect();
        self.drop_copies(batch.discard());
        let context = self.context;
        self.background.push(Box::pin(async move {
            let db = &context.db;
            // Before the reply: a batch reported as stopped must not be answered after a crash.
            for update in updates {
                log_failure(db.persist(|| intake::mark_handled(db, update)).await);
            }
            log_failure(replies::reply(context, &header, |language, _| text::stopped(language)).await);
        }));
    }
}
