//! While an answer runs: newer messages and stop requests cut it.

use std::pin::pin;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tracing::Instrument;

use super::{Session, log_failure, stopping};
use crate::conversation::interrupt::Stop;
use crate::domain::ids::{TurnId, UserId};
use crate::domain::turn::{Interruption, TurnRequest};
use crate::services::retrying::RetryRefusal;
use crate::telegram::pipeline::isolation::Permit;
use crate::telegram::pipeline::queue::{SessionInput, StopRequest, StopSource};
use crate::telegram::{replies, streaming, text, turn};

impl Session<'_> {
    /// Runs the turn while reading the mailbox, so that a newer message or a stop can cut the answer. This
    /// loop must not await anything else: the answer makes progress only while it is polled here.
    pub(super) async fn answer(
        &mut self,
        request: TurnRequest,
        permit: Permit,
        stopped: Option<StopRequest>,
    ) {
        let context = self.context;
        let (turn, question, cleared, asker) =
            (request.turn, request.question, request.cleared, request.asker);
        let stop = Stop::new(&context.life.abort);
        if let Some(stop_request) = stopped {
            stop.cut(Interruption::Stopped);
            self.apply_stop(stop_request);
        }
        let span = turn::span(&request, self.asked.iter().map(|(update, _)| *update));
        // Stops by others, whose right in the group is being asked for.
        let mut judging = FuturesUnordered::new();
        let mut running = pin!(turn::drive(context, request, permit, &stop).instrument(span));
        loop {
            let input = tokio::select! {
                () = &mut running => {
                    stopping::too_late(context, judging);
                    return;
                }
                Some((stop_request, may)) = judging.next() => {
                    if may == Some(true) {
                        stop.cut(Interruption::Stopped);
                        self.apply_stop(stop_request);
                    } else {
                        stopping::refuse(context, stop_request, may);
                    }
                    continue;
                }
                Some(()) = self.background.next() => continue,
                Some(edit) = self.edits.next() => {
                    self.apply_prepared(edit);
                    continue;
                }
                Some(input) = self.mailbox.recv(), if self.takes_edits() && !self.is_blocked_by_clear() => input,
            };
            if self.is_asked(&input) {
                continue;
            }
            // What is asked again is the last question, which is being answered.
            let input = match input {
                SessionInput::Retry(wish) if self.batch.closes().is_none() => {
                    self.refuse_retry(*wish, RetryRefusal::Running);
                    continue;
                }
                input => input,
            };
            if matches!(&input, SessionInput::Clear(clear) if self.ends(clear, question)) {
                stop.cut(Interruption::Stopped);
            }
            let is_newer = matches!(&input, SessionInput::Message(message, _)
                if message.message > question && message.sender.id == asker);
            // During a drain a newer message waits for the next start, so it does not cut the answer. Neither
            // does a message after a `/clear`: its prompt will not contain the current question. An older one
            // was delayed by crashes and is answered behind it.
            let is_forgotten = cleared || !self.clears.is_empty();
            if is_newer && !context.life.drain.is_cancelled() && !is_forgotten {
                stop.cut(Interruption::Superseded);
            }
            if let Some(stop_request) = self.take(input)
                && let Some(others) = self.obey(stop_request, &stop, (turn, asker))
            {
                judging.push(stopping::judge(context.clone(), self.key.chat, others));
            }
        }
    }

    /// Returns whether an input is a message that is being answered. The same message in another update, such
    /// as a second press of a button, is handled with it.
    fn is_asked(&mut self, input: &SessionInput) -> bool {
        let SessionInput::Message(message, _) = input else { return false };
        let Some(&(update, _)) = self.asked.iter().find(|(_, asked)| *asked == message.message) else {
            return false;
        };
        if message.update != update {
            self.mark_handled(message.update);
        }
        true
    }

    /// Carries out a stop while the answer of `turn` to `asker` runs. Returns it if it is for that answer and
    /// comes from somebody else.
    fn obey(
        &mut self,
        stop_request: StopRequest,
        stop: &Stop,
        (turn, asker): (TurnId, UserId),
    ) -> Option<StopRequest> {
        if self.is_for_next(&stop_request) && stop.reason().is_some() {
            // It applies to the waiting message, which has already cut the running answer.
            self.stop_next(stop_request);
        } else if !concerns(&stop_request.by, turn) {
            self.ignore(stop_request);
        } else if stop_request.is_of(asker) {
            stop.cut(Interruption::Stopped);
            self.apply_stop(stop_request);
        } else {
            return Some(stop_request);
        }
        None
    }

    /// Stops the next answer before it starts.
    pub(super) fn stop_next(&mut self, stop_request: StopRequest) {
        if self.is_fetching() && self.batch.is_of(|sender| stop_request.is_of(sender)) {
            return self.cancel_batch(stop_request);
        }
        if let Some(earlier) = self.stopped.replace(stop_request) {
            self.mark_handled(earlier.update);
        }
    }

    /// Acknowledges a stop request that cut the running answer.
    fn apply_stop(&mut self, stop_request: StopRequest) {
        if let StopSource::Button { callback, .. } = stop_request.by {
            replies::answer_tap(self.context, callback, None);
        }
        self.mark_handled(stop_request.update);
    }

    /// Handles a stop request that matches no running answer of this session.
    pub(super) fn ignore(&mut self, stop_request: StopRequest) {
        if let StopSource::Button { callback, person, .. } = stop_request.by {
            replies::answer_tap_in_words(self.context, callback, person, text::not_yours_to_stop);
        }
        self.mark_handled(stop_request.update);
    }

    /// Replies to `/stop` that there is nothing to stop.
    pub(super) fn reply_nothing_to_stop(&mut self, stop_request: StopRequest) {
        let StopSource::Command(header) = stop_request.by else { return self.ignore(stop_request) };
        let context = self.context;
        self.background.push(Box::pin(async move {
            log_failure(
                replies::reply(context, &header, |language, _| text::nothing_to_stop(language)).await,
            );
        }));
    }
}

/// Returns whether a stop request applies to this turn: the command always does, a button only to its own
/// turn.
fn concerns(by: &StopSource, turn: TurnId) -> bool {
    match by {
        StopSource::Command(_) | StopSource::Erasure => true,
        StopSource::Draft(draft) => streaming::is_draft_of(turn, *draft),
        StopSource::Button { turn: tapped, .. } => *tapped == turn,
    }
}
