//! `/retry` and the buttons "try again" and "answer again": the last question is asked again, in order with the
//! messages of its conversation.

use super::Session;
use crate::db::DbError;
use crate::services::retrying::{self, Retried, RetryRefusal};
use crate::telegram::pipeline::isolation::Mode;
use crate::telegram::pipeline::queue::RetryRequest;
use crate::telegram::pipeline::reopening;
use crate::telegram::{locale, replies, text};

/// The most wishes that wait. Only the first can be granted.
const MOST: usize = 4;

impl Session<'_> {
    /// Queues a wish to ask again. A redelivered one keeps its place.
    pub(super) fn queue_retry(&mut self, wish: Box<RetryRequest>) {
        if self.retries.iter().any(|known| known.header.update == wish.header.update) {
            return;
        }
        if self.batch.has_before(wish.header.message) {
            // The last question is about to be answered for the first time.
            self.refuse_retry(*wish, RetryRefusal::Running);
        } else if self.retries.len() < MOST {
            self.retries.push_back(wish);
        } else {
            self.refuse_retry(*wish, RetryRefusal::Used);
        }
    }

    /// Asks the last question again for the first wish, once what was written before it is answered. Returns
    /// `false` if there is none.
    pub(super) async fn retry(&mut self) -> Result<bool, DbError> {
        let context = self.context;
        if context.life.drain.is_cancelled() {
            // They stay in the inbox, like the messages.
            self.retries.clear();
        }
        let batch = &self.batch;
        let Some(wish) = self.retries.pop_front_if(|wish| !batch.has_before(wish.header.message)) else {
            return Ok(false);
        };
        self.finish_background().await;
        let RetryRequest { header, turn, callback } = &*wish;
        let retry = || retrying::retry(&context.books, &context.cache, header.caller(), *turn);
        let left = match context.db.persist(retry).await? {
            Retried::Opened(left) => left,
            Retried::Refused(why) => {
                self.refuse_retry(*wish, why);
                return Ok(true);
            }
        };
        if let Some(callback) = callback {
            replies::answer_tap(context, callback.clone(), None);
            replies::retry::taken(context, header, turn.unwrap_or(left.turn));
        }
        self.changed = true;
        // During a drain the turn waits for the next start.
        let entering = context.isolation.enter(Mode::Shared);
        let Some(permit) = context.life.drain.run_until_cancelled(entering).await else { return Ok(true) };
        let request = reopening::resume(context, &left, (left.attempt, left.epoch)).await?;
        tracing::info!(turn.id = left.turn.0, "a question is asked again");
        self.asked.clear();
        self.answer(request, permit, None).await;
        Ok(true)
    }

    /// Says why nothing is asked again.
    pub(super) fn refuse_retry(&mut self, wish: RetryRequest, why: RetryRefusal) {
        let RetryRequest { header, callback, .. } = wish;
        let context = self.context;
        if let Some(callback) = callback {
            self.mark_handled(header.update);
            self.background.push(Box::pin(async move {
                let language = locale::soon(context, &header.sender).await;
                replies::answer_tap(context, callback, Some(text::retry::refused(language, why)));
            }));
            return;
        }
        self.background.push(Box::pin(async move {
            let said = replies::reply(context, &header, |language, _| text::retry::refused(language, why));
            super::log_failure(said.await);
        }));
    }
}
