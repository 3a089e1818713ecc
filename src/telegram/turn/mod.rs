//! One turn from request to books: the model answers, the screen shows, the settlement writes, the courier
//! delivers.

mod admission;
mod closing;
mod delivery;
mod performing;
mod place;
mod recovering;

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tracing::Span;

use self::admission::enter;
use self::closing::{close, postpone};
use self::delivery::deliver;
use self::performing::perform;
use self::recovering::salvage;
pub(super) use self::recovering::{close_cut, find_live_message};
use super::context::BotContext;
use super::pipeline::isolation::Permit;
use super::pipeline::slots::Slot;
use super::streaming::ScreenResult;
use crate::conversation::interrupt::Stop;
use crate::domain::blank::is_blank;
use crate::domain::ids::{TurnId, UpdateId};
use crate::domain::people::ChatKind;
use crate::domain::turn::{Interruption, Outcome, TurnReport, TurnRequest};
use crate::services::metering::{self, MeterRequests, TurnMeter};

/// Answers an open turn and closes it. Whatever happens inside, the turn is settled or, at shutdown, left for
/// the next start.
pub(super) async fn drive(context: &BotContext, mut request: TurnRequest, mut permit: Permit, stop: &Stop) {
    let _active = Active::count(context, request.turn);
    let (report, shown, slot) = Box::pin(run(context, &mut request, &mut permit, stop)).await;
    let has_nothing = is_blank(&report.text) && shown.posted == 0 && !shown.has_files;
    if report.outcome == Outcome::Interrupted(Interruption::Shutdown) && has_nothing {
        return postpone(context, &request, &report.calls).await;
    }
    // What was cut at the gate of a group may have a sponsor by now, of whom only the books know.
    let knows_payer = slot.is_some() || request.chat_kind == ChatKind::Private;
    let closed = Box::pin(close(context, &request, knows_payer, &report, shown)).await;
    Box::pin(deliver(context, &request, &report, closed)).await;
    // Whoever waits for the place finds the money free.
    drop((slot, permit));
}

/// Creates the span of a turn. The lines about its work, requests and tool calls are inside it; `updates`
/// brought its messages.
pub(super) fn span(request: &TurnRequest, updates: impl Iterator<Item = UpdateId>) -> Span {
    let updates = updates.map(|update| update.0).collect::<Vec<_>>();
    tracing::info_span!(
        "turn",
        turn.id = request.turn.0,
        turn.attempt = request.attempt,
        thread.id = request.thread.0,
        chat.id = request.key.chat.0,
        user.id = request.asker.0,
        ?updates,
    )
}

/// How a turn has ended: its report, what its screen leaves behind, and the place of its user, if it has got
/// one.
type Ended<'a> = (TurnReport, ScreenResult<'a>, Option<Slot>);

/// Enters and performs a turn; a panic ends it as a failed one.
async fn run<'a>(
    context: &'a BotContext,
    request: &mut TurnRequest,
    permit: &mut Permit,
    stop: &Stop,
) -> Ended<'a> {
    let (meter, meter_requests) = metering::channel();
    let call_log = meter.call_log();
    let running = enter_and_perform(context, request, permit, stop, meter, meter_requests);
    match AssertUnwindSafe(running).catch_unwind().await {
        Ok(ended) => ended,
        Err(_panic) => {
            tracing::error!(turn.id = request.turn.0, "the turn {} panicked", request.turn);
            let (report, shown) = salvage(context, request, &call_log).await;
            (report, shown, None)
        }
    }
}

async fn enter_and_perform<'a>(
    context: &'a BotContext,
    request: &mut TurnRequest,
    permit: &mut Permit,
    stop: &Stop,
    meter: TurnMeter,
    meter_requests: MeterRequests,
) -> Ended<'a> {
    match enter(context, request, permit, stop).await {
        Ok(slot) => {
            let (report, shown) = perform(context, request, stop, meter, meter_requests).await;
            (report, shown, Some(slot))
        }
        Err(outcome) => {
            let report = TurnReport::without_work(String::new(), outcome);
            (report, ScreenResult { live: request.live_message, ..ScreenResult::default() }, None)
        }
    }
}

/// Counts a running turn for as long as it lives, and lets the sweep know that somebody has it.
struct Active<'a> {
    context: &'a BotContext,
    turn: TurnId,
}

impl<'a> Active<'a> {
    fn count(context: &'a BotContext, turn: TurnId) -> Self {
        context.metrics.turns_active.inc();
        context.running.insert(turn);
        Self { context, turn }
    }
}

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.context.metrics.turns_active.dec();
        self.context.running.remove(self.turn);
    }
}
