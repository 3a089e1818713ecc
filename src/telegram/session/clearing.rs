//! `/clear` on its way through a session: it stands in line with the messages. What was written before it is answered
//! first and never shares a prompt with what was written after it.

use super::Session;
use crate::db::DbError;
use crate::domain::ids::MessageId;
use crate::telegram::inbound::MessageHeader;
use crate::telegram::replies;

impl Session<'_> {
    /// Puts a `/clear` in line. One that waits there already stays where it is.
    pub(super) fn queue_clear(&mut self, clear: Box<MessageHeader>) {
        if !self.waits(&clear) {
            self.clears.push_back(clear);
        }
    }

    /// Whether a `/clear` ends the answer to `question`: it was written after that, and comes for the first time. During
    /// a drain it waits for the next start.
    pub(super) fn ends(&self, clear: &MessageHeader, question: MessageId) -> bool {
        question < clear.message && !self.waits(clear) && !self.context.life.drain.is_cancelled()
    }

    fn waits(&self, clear: &MessageHeader) -> bool {
        self.clears.iter().any(|known| known.update == clear.update)
    }

    /// Whether messages wait that were written before a `/clear` that waits behind them: nothing may join them then.
    pub(super) fn is_blocked_by_clear(&self) -> bool {
        self.clears.back().is_some_and(|clear| self.batch.has_before(clear.message))
    }

    /// Carries out the first `/clear` if everything written before it is answered; false if there is none.
    pub(super) async fn clear(&mut self) -> Result<bool, DbError> {
        if self.context.life.drain.is_cancelled() {
            // They stay in the inbox, as the messages do.
            self.clears.clear();
        }
        let batch = &self.batch;
        let Some(clear) = self.clears.pop_front_if(|clear| !batch.has_before(clear.message)) else {
            return Ok(false);
        };
        Box::pin(replies::clear::forget(self.context, &clear)).await?;
        self.changed = true;
        Ok(true)
    }
}
