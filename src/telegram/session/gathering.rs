//! What a session asks of the batch that gathers.

use super::{Session, finish};
use crate::domain::message::Incoming;
use crate::telegram::handlers;
use crate::telegram::pipeline::queue::Batch;

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
}
