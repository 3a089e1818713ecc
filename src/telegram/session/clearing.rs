//! `/clear` in a session: it is queued with the messages. Messages before it are answered first and never
//! share a prompt with messages after it.

use super::{Session, log_failure};
use crate::db::DbError;
use crate::domain::ids::MessageId;
use crate::telegram::inbound::MessageHeader;
use crate::telegram::replies::rights;
use crate::telegram::{replies, text};

impl Session<'_> {
    /// Queues a `/clear`. A redelivered one keeps its place.
    pub(super) fn queue_clear(&mut self, clear: Box<MessageHeader>) {
        if !self.waits(&clear) {
            self.clears.push_back(clear);
        }
    }

    /// Returns whether a `/clear` ends the answer to `question`: if it was written after the question and is
    /// not queued yet. During a drain it waits for the next start.
    pub(super) fn ends(&self, clear: &MessageHeader, question: MessageId) -> bool {
        // Whether a person may make a shared conversation forgotten, and so end the answers of others, is not
        // known yet.
        let is_own = !self.key.owner.is_group();
        is_own && question < clear.message && !self.waits(clear) && !self.context.life.drain.is_cancelled()
    }

    fn waits(&self, clear: &MessageHeader) -> bool {
        self.clears.iter().any(|known| known.update == clear.update)
    }

    /// Returns whether the batch contains messages from before a queued `/clear`. Nothing may join the batch
    /// then.
    pub(super) fn is_blocked_by_clear(&self) -> bool {
        self.clears.back().is_some_and(|clear| self.batch.has_before(clear.message))
    }

    /// Executes the first `/clear` once everything before it is answered. Returns `false` if none can be
    /// executed.
    pub(super) async fn clear(&mut self) -> Result<bool, DbError> {
        if self.context.life.drain.is_cancelled() {
            // They stay in the inbox, like the messages.
            self.clears.clear();
        }
        let batch = &self.batch;
        let Some(clear) = self.clears.pop_front_if(|clear| !batch.has_before(clear.message)) else {
            return Ok(false);
        };
        // Nothing may hold a connection of the database while the session waits for one.
        self.finish_background().await;
        if self.key.owner.is_group() && !Box::pin(self.may_clear(&clear)).await {
            return Ok(true);
        }
        Box::pin(replies::clear::forget(self.context, &clear)).await?;
        self.changed = true;
        Ok(true)
    }

    /// Returns whether a person may make a shared conversation forgotten, as administrators of the group may. Tells
    /// the others.
    async fn may_clear(&mut self, clear: &MessageHeader) -> bool {
        let context = self.context;
        let may = rights::administers(context, self.key.chat, clear.sender.id).await;
        // During a drain it stays in the inbox.
        if may != Some(true) && !context.life.drain.is_cancelled() {
            let why = move |language| match may {
                Some(_) => text::groups::clear_not_allowed(language),
                None => text::clear::later(language),
            };
            let clear = clear.clone();
            self.background.push(Box::pin(async move {
                log_failure(replies::reply(context, &clear, |language, _| why(language)).await);
            }));
        }
        may == Some(true)
    }
}
