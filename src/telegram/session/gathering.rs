//! What a session asks of the batch that gathers.

use super::{Session, finish};
use crate::domain::ids::UpdateId;
use crate::domain::message::Incoming;
use crate::services::intake;
use crate::telegram::pipeline::queue::{Batch, StopBy, StopWish};
use crate::telegram::{handlers, text};

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
        !self.batch.is_full() && !self.is_barred()
    }

    /// What is to be answered. Who has sent nothing but a file that did not arrive is asked to send it again.
    pub(super) fn take_batch(&mut self) -> Vec<Incoming> {
        let (blank, batch): (Vec<_>, Vec<_>) = self.batch.take().into_iter().partition(Incoming::is_blank);
        let context = self.context;
        for incoming in blank {
            self.chores.push(Box::pin(async move { finish(handlers::not_fetched(context, incoming).await) }));
        }
        batch
    }

    /// What waits for its files is not answered any more, and nothing is fetched for it.
    pub(super) fn leave_out(&mut self, wish: StopWish) {
        let StopBy::Command(envelope) = wish.by else { return self.ignore(wish) };
        let mut batch = std::mem::take(&mut self.batch);
        let edits = batch.take_edits().into_iter().map(|edit| edit.update);
        let updates: Vec<UpdateId> = batch.take_updates().into_iter().chain(edits).collect();
        let context = self.context;
        self.chores.push(Box::pin(async move {
            let (db, abort) = (&context.db, &context.life.abort);
            // Before the answer: whoever reads it is not answered all the same after a crash.
            for update in updates {
                finish(db.persist("intake::tick_off", abort, || intake::tick_off(db, update)).await);
            }
            finish(handlers::reply(context, &envelope, |language, _| text::stopped(language)).await);
        }));
    }
}
