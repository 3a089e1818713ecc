//! What a finished piece of work changes on the screen, and what a refusal of Telegram means for the rest.

use tokio::time::Instant;

use super::Presenter;
use crate::bot_api::{ApiError, Postponed};
use crate::telegram::streaming::files;
use crate::telegram::streaming::pace::Pace;
use crate::telegram::streaming::paint::Painted;
use crate::telegram::streaming::place::Surface;
use crate::telegram::streaming::work::{Purpose, Seen, WorkResult};

impl Presenter<'_> {
    pub(super) fn on_work_done(&mut self, done: WorkResult) {
        self.work = None;
        match done {
            WorkResult::Painted(shows, Ok(Painted { live })) => {
                self.live = live.or(self.live);
                if shows == Seen::Words
                    && self.seen != Seen::Words
                    && let Some(worded) = self.worded
                {
                    self.screen.metrics.first_shown.observe(worded.elapsed().as_secs_f64());
                }
                self.seen = shows;
            }
            WorkResult::Painted(_, Err(Postponed::NotBefore(time))) => self.pace.postponed(time),
            WorkResult::Painted(_, Err(Postponed::Failed(error))) => self.failed(&error),
            WorkResult::Enqueued(delivery) => {
                self.posted += 1;
                self.live = None;
                let Some(delivery) = delivery else { return };
                // The next part belongs below this one, so it is not shown before this one was delivered.
                let arrived = async move {
                    delivery.await.ok();
                    WorkResult::Delivered
                };
                self.work = Some((Purpose::Arrival, Box::pin(arrived)));
            }
            WorkResult::EnqueuedFiles(rows, receipt) => {
                self.work = Some(files::arrival(self.screen, rows, receipt));
            }
            WorkResult::NotEnqueued(part, error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a part of an answer cannot be stored"
                );
                // It is sent with the rest after the settlement; until then nothing may be shown below it.
                self.finished_parts.push_front(part);
                self.stuck = true;
            }
            WorkResult::Delivered => {
                self.draft = None;
                if !self.answer.is_blank() {
                    self.pace.changed();
                }
            }
        }
    }

    fn failed(&mut self, error: &ApiError) {
        tracing::debug!(error = error as &dyn std::error::Error, "an unfinished answer could not be shown");
        match error {
            // The chat cannot be written to; the final message will record that for the settlement.
            ApiError::Blocked(_) | ApiError::Closed(_) | ApiError::MessageGone(_) | ApiError::Migrated(_) => {
                self.cannot_show = true;
                self.live = None;
            }
            // A reply would go to the topic of the message that it replies to.
            ApiError::TopicGone if self.place.topic.is_some() => {
                (self.place.topic, self.place.reply_to) = (None, None);
                self.pace.postponed(Instant::now());
            }
            // This chat has no drafts: show a message instead.
            ApiError::Refused { .. } if self.place.surface == Surface::Draft => {
                self.place.surface = Surface::Message(None);
                self.draft = None;
                self.pace = Pace::edits();
                self.pace.changed();
            }
            ApiError::Refused { .. } | ApiError::TopicGone => self.cannot_show = true,
            // The message may have been sent, so no second one is sent.
            ApiError::Broken(_) | ApiError::Server(_) | ApiError::Unreadable(_)
                if self.place.surface != Surface::Draft && self.live.is_none() =>
            {
                self.cannot_show = true;
            }
            // The last state must not get lost: it is tried again with the next update.
            _ => self.pace.postponed(Instant::now()),
        }
    }
}
