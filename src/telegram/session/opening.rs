//! Opens the turn of a complete batch, or passes the batch to the dialog that waits for it.

use tokio::time::Instant;

use super::{Session, log_failure};
use crate::db::DbError;
use crate::db::dialogs::Dialog;
use crate::domain::message::Incoming;
use crate::domain::turn::TurnRequest;
use crate::telegram::pipeline::edits::PreparedEdit;
use crate::telegram::pipeline::processor::{self, BatchOutcome, Opening, Prepared};
use crate::telegram::pipeline::queue;
use crate::telegram::replies;

impl Session<'_> {
    /// Opens a turn for the batch, whose window closed at `closed`.
    pub(super) async fn open_turn(
        &mut self,
        mut prepared: Prepared,
        closed: Instant,
    ) -> Result<Option<TurnRequest>, DbError> {
        let context = self.context;
        let (mut batch, mut edits, mut held) =
            (self.take_batch(), self.batch.take_edits(), self.batch.take_held());
        // A turn has the messages of one person, who pays for it; those of others are the next one's.
        let asker = batch.first().map(|first| (first.sender.clone(), first.chat.clone()));
        let own =
            |incoming: &Incoming| asker.as_ref().is_some_and(|(asker, _)| incoming.sender.id == asker.id);
        let others = batch.split_off(batch.iter().take_while(|incoming| own(incoming)).count());
        if let Some((asker, chat)) = asker.as_ref().filter(|(asker, _)| !prepared.is_for(asker)) {
            prepared = processor::prepare(context, self.key, asker, chat).await?;
        }
        let Opening { outcome, taken } = processor::open(context, prepared, &batch).await?;
        let back = batch.split_off(taken).into_iter().chain(others).collect();
        self.batch.put_back(back, &mut edits, &mut held);
        let request = match outcome {
            BatchOutcome::Turn(request) => {
                context.metrics.messages_batched.inc_by(batch.len().saturating_sub(1) as u64);
                context.metrics.preparation.observe(closed.elapsed().as_secs_f64());
                self.asked = batch.iter().map(|incoming| (incoming.update, incoming.message)).collect();
                Some(*request)
            }
            BatchOutcome::Reply(dialog) => {
                self.drop_copies(queue::copies_of(&batch));
                self.answer_question(dialog, batch).await;
                None
            }
            BatchOutcome::Duplicate => {
                self.drop_copies(queue::copies_of(&batch));
                None
            }
        };
        self.apply(edits.into_iter().map(PreparedEdit::from));
        Ok(request)
    }

    /// Passes the newest message to the waiting dialog. The earlier ones in the batch are not sent as a
    /// prompt; they belong to the answer if that is a long text, which arrives in pieces.
    async fn answer_question(&mut self, dialog: Dialog, mut batch: Vec<Incoming>) {
        let Some(mut newest) = batch.pop() else { return };
        for incoming in &batch {
            self.mark_handled(incoming.update);
        }
        let context = self.context.clone();
        let answered = match dialog {
            Dialog::CustomAmount => replies::amount::take_amount(context, newest).await,
            Dialog::Personality => {
                let pieces = batch.into_iter().map(|incoming| incoming.text).chain([newest.text]);
                newest.text = pieces.collect::<Vec<_>>().join("\n");
                replies::personality::take(context, newest).await
            }
            Dialog::Announcement => replies::announcement::take(context, newest.into()).await,
        };
        log_failure(answered);
    }
}
