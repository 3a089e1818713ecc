//! What is left of a turn that a panic or a crash has cut.

use std::borrow::Cow;

use super::closing::close;
use super::delivery::deliver;
use super::place::place;
use crate::db::turns::LeftOpen;
use crate::db::{DbError, outbox, turns};
use crate::domain::ids::MessageId;
use crate::domain::turn::{FILES_MARK, Outcome, TurnFailure, TurnReport, TurnRequest};
use crate::rendering::{Growing, RichText};
use crate::services::metering::CallLog;
use crate::services::recovery::Rest;
use crate::telegram::context::BotContext;
use crate::telegram::pipeline::reopening;
use crate::telegram::streaming::{self, ScreenResult};

/// The number of a message that comes behind all parts of an answer, when their count is not known: the keys
/// of parts count from 0, and the same key is never sent twice.
const BEHIND_ALL_PARTS: usize = 1_000;

/// What is left of a turn that panicked: the parts that were enqueued stand, and its calls were made.
pub(super) async fn salvage(
    context: &BotContext,
    request: &TurnRequest,
    call_log: &CallLog,
) -> (TurnReport, ScreenResult<'static>) {
    let (db, turn) = (&context.db, request.turn);
    let parts = db.persist(|| outbox::enqueued_parts(db, turn)).await;
    let text = parts.unwrap_or_default().texts.join("\n");
    let report = TurnReport {
        calls: call_log.final_calls(),
        ..TurnReport::without_work(text, Outcome::Failed(TurnFailure::Internal))
    };
    let live = db.persist(|| turns::live(db, turn)).await;
    let live = live.unwrap_or(request.live_message);
    (report, ScreenResult { posted: BEHIND_ALL_PARTS, live, ..ScreenResult::default() })
}

/// Closes a turn that a crash has cut with what was written down of its answer.
pub(crate) async fn close_cut(context: &BotContext, request: &TurnRequest, rest: Rest) {
    let (report, shown) = what_is_left(rest, request.live_message);
    // Calls that the crash kept from the books are not in the report.
    let closed = close(context, request, false, &report, shown).await;
    deliver(context, request, &report, closed).await;
}

/// What is left of a turn that a crash has cut: the parts that were enqueued stand, and what was written down
/// behind them is shown now.
fn what_is_left(rest: Rest, live: Option<MessageId>) -> (TurnReport, ScreenResult<'static>) {
    let Rest { mut report, parts, checkpoint } = rest;
    let known = checkpoint.unwrap_or_default();
    // Files that were sent in between have ended the parts before them.
    let written = known.split(FILES_MARK).flat_map(|text| {
        let mut growing = Growing::default();
        growing.push(text);
        growing.finish()
    });
    let mut written: Vec<RichText> = written.collect();
    if written.len() <= parts {
        // Parts have their numbers; a closing remark comes behind all of them.
        return (report, ScreenResult { posted: BEHIND_ALL_PARTS, live, ..ScreenResult::default() });
    }
    report.text = known.replace(FILES_MARK, "");
    let rest = written.split_off(parts);
    (report, ScreenResult { posted: parts, rest, live, ..ScreenResult::default() })
}

/// Searches for a half-written message in a group whose id a crash has kept from being recorded. Returns the turn with
/// it, if it is found.
pub(crate) async fn find_live_message<'a>(
    context: &BotContext,
    left: &'a LeftOpen,
) -> Result<Cow<'a, LeftOpen>, DbError> {
    if left.live_message.is_some() || !left.live_begun {
        return Ok(Cow::Borrowed(left));
    }
    let db = &context.db;
    let request = reopening::resume(context, left, (left.attempt, left.epoch)).await?;
    let place = place(&request);
    let live_message = streaming::find_lost(&context.screen.api, db, place).await;
    if live_message.is_some() {
        db.persist(|| turns::show_in(db.pool(), place.held(), live_message)).await?;
    }
    Ok(Cow::Owned(LeftOpen { live_message, ..left.clone() }))
}
