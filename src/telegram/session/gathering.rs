//! What a session asks of the batch that gathers.

use std::collections::HashSet;

use super::{Session, finish};
use crate::domain::ids::UpdateId;
use crate::domain::message::Incoming;
use crate::services::intake;
use crate::telegram::pipeline::queue::{Batch, StopRequest, StopSource};
use crate::telegram::{replies, text};

impl Session<'_> {
    /// Whether no new turns are begun: what has gathered is left in the inbox for the next start.
    pub(super) fn is_drained(&mut self) -> bool {
        let drained = self.context.life.drain.is_cancelled();
        if drained {
            self.batch = Batch::default();
        }
        drained
    }

    /// Whether further messages may join those that wait.
    pub(super) fn takes_more(&self) -> bool {
        !self.batch.is_full() && !self.is_blocked_by_clear()
    }

    /// What is to be answered. A part of an album without content is told of if another part has some. Who has sent
    /// nothing but a file that cannot be read or did not arrive is told so, once for each album.
    pub(super) fn take_batch(&mut self) -> Vec<Incoming> {
        let (batch, withheld) = (self.batch.take(), self.batch.take_withheld());
        let albums = |blank: bool| -> HashSet<String> {
            let parts = batch.iter().filter(|incoming| incoming.is_blank() == blank);
            parts.filter_map(|incoming| incoming.album.clone()).collect()
        };
        let (told, mut refused) = (albums(false), albums(true));
        let is_told = |incoming: &Incoming| {
            // The gate tells why a file was not tried, or lets it pass now.
            !incoming.is_blank()
                // Its turn tells why nothing was heard, and keeps the message.
                || incoming.is_spoken()
                || withheld.contains(&incoming.message)
                || incoming.album.as_ref().is_some_and(|album| told.contains(album))
        };
        let (batch, blank): (Vec<_>, Vec<_>) = batch.into_iter().partition(is_told);
        let context = self.context;
        for incoming in blank {
            if incoming.album.as_ref().is_some_and(|album| !refused.remove(album)) {
                self.mark_handled(incoming.update);
                continue;
            }
            self.background
                .push(Box::pin(async move { finish(replies::not_fetched(context, incoming).await) }));
        }
        batch
    }

    /// What waits for its files is not answered any more, and nothing is fetched for it.
    pub(super) fn cancel_batch(&mut self, stop_request: StopRequest) {
        let StopSource::Command(header) = stop_request.by else { return self.ignore(stop_request) };
        let mut batch = std::mem::take(&mut self.batch);
        let edits = batch.take_edits().into_iter().map(|edit| edit.update);
        let updates: Vec<UpdateId> = batch.take_updates().into_iter().chain(edits).collect();
        let context = self.context;
        self.background.push(Box::pin(async move {
            let db = &context.db;
            // Before the answer: whoever reads it is not answered all the same after a crash.
            for update in updates {
                finish(db.persist(|| intake::mark_handled(db, update)).await);
            }
            finish(replies::reply(context, &header, |language, _| text::stopped(language)).await);
        }));
    }
}
