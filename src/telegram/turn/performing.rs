//! Performing a turn: the model answers, the screen shows, and every call is metered.

use tokio::sync::mpsc;

use crate::conversation::converse;
use crate::conversation::interrupt::Stop;
use crate::domain::turn::{TurnReport, TurnRequest};
use crate::lifecycle::kill_point;
use crate::services::meter_task;
use crate::services::metering::{MeterRequests, TurnMeter};
use crate::telegram::checkpoint::{self, CheckpointedEvents};
use crate::telegram::context::BotContext;
use crate::telegram::streaming::{self, ScreenResult};
use crate::telegram::turn::place::place;

/// Events between model and screen. The screen reads at once, so this only evens out bursts.
const EVENTS_IN_FLIGHT: usize = 256;

/// Runs the model, the screen and the meter of a turn that was admitted side by side.
pub(super) async fn perform<'a>(
    context: &'a BotContext,
    request: &TurnRequest,
    stop: &Stop,
    meter: TurnMeter,
    meter_requests: MeterRequests,
) -> (TurnReport, ScreenResult<'a>) {
    kill_point!("turn: admitted", request.asker.0);
    let (screen, events) = mpsc::channel(EVENTS_IN_FLIGHT);
    let events = CheckpointedEvents::new(&context.write_behind, request, events);
    let (mut report, shown, ()) = tokio::join!(
        // In this order an event is on the screen in the same step in which the model's word came.
        biased;
        converse(&context.assistant, request, screen, meter, stop),
        streaming::present(&context.screen, place(request), events),
        meter_task::run(&context.books, request.turn_ref(), &request.settings, meter_requests),
    );
    // The screen has shown the same list.
    let list = checkpoint::ending(&report.text, request.settings.language, &report.sources);
    report.text.push_str(&list.unwrap_or_default());
    (report, shown)
}
