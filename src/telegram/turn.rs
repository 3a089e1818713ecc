//! One turn from request to books: the model answers, the screen shows, the settlement writes, the courier delivers.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::checkpoint::CheckpointedEvents;
use super::context::BotContext;
use super::pipeline::isolation::Permit;
use super::pipeline::slots::Slot;
use super::streaming::{self, Place, ScreenResult, Surface};
use super::text;
use crate::bot_api::flow::Class;
use crate::conversation::converse;
use crate::conversation::interrupt::Stop;
use crate::db::holds::{self, Gate};
use crate::db::model_calls::Payer;
use crate::db::turns::LeftOpen;
use crate::db::{DbError, files, outbox, turns};
use crate::domain::blank::{is_blank, is_invisible};
use crate::domain::ids::{MessageId, TurnId};
use crate::domain::people::ChatKind;
use crate::domain::record::Record;
use crate::domain::turn::{Interruption, ModelCall, Outcome, TurnFailure, TurnReport, TurnRequest};
use crate::lifecycle::kill_point;
use crate::rendering::{Growing, Limits, RichText};
use crate::services::metering::{self, Account, CallLog, MeterRequests, TurnMeter};
use crate::services::recovery::Rest;
use crate::services::settlement::{self, Case, Settled};
use crate::services::turn_context;
use crate::services::unshown;

/// Events between model and screen. The screen reads at once, so this only evens out bursts.
const EVENTS_IN_FLIGHT: usize = 256;

/// How long to wait before asking again whether reserved money is free.
const RESERVED_PAUSE: Duration = Duration::from_millis(200);
/// How long to wait for money that is reserved for something that does not end: work that nobody has in hand is taken up
/// only when this turn is over.
const RESERVED_LIMIT: Duration = Duration::from_secs(300);

/// The number of a message that comes behind all parts of an answer, when their count is not known: the keys of parts
/// count from 0, and the same key is never sent twice.
pub(super) const BEHIND_ALL_PARTS: usize = 1_000;

/// Answers an open turn and closes it. Whatever happens inside, the turn is settled or, at shutdown, left for the
/// next start.
pub(super) async fn drive(context: &BotContext, request: TurnRequest, mut permit: Permit, stop: &Stop) {
    let place = place(&request);
    let _active = Active::count(context, request.turn);
    let (meter, meter_requests) = metering::channel();
    let call_log = meter.call_log();
    let performing = Box::pin(
        AssertUnwindSafe(perform(context, &request, &mut permit, place, stop, meter, meter_requests))
            .catch_unwind(),
    );
    let (report, shown, slot) = match performing.await {
        Ok(done) => done,
        Err(_panic) => {
            tracing::error!(turn.id = request.turn.0, "the turn {} panicked", request.turn);
            let (report, shown) = salvage(context, &request, &call_log).await;
            (report, shown, None)
        }
    };
    if report.outcome == Outcome::Interrupted(Interruption::Shutdown) && is_blank(&report.text) {
        return postpone(context, &request, &report.calls).await;
    }
    Box::pin(close(context, &request, true, &report, shown)).await;
    // Whoever waits for the place finds the money free.
    drop((slot, permit));
}

/// What is left of a turn that panicked: the parts that were promised to the chat stand, and its calls were made.
async fn salvage(
    context: &BotContext,
    request: &TurnRequest,
    call_log: &CallLog,
) -> (TurnReport, ScreenResult<'static>) {
    let (db, turn) = (&context.db, request.turn);
    let parts =
        db.persist("outbox::promised_parts", &context.life.abort, || outbox::promised_parts(db, turn)).await;
    let text = parts.unwrap_or_default().join("\n");
    let report = TurnReport {
        calls: call_log.final_calls(),
        ..TurnReport::without_work(text, Outcome::Failed(TurnFailure::Internal))
    };
    let live = db.persist("turns::live", &context.life.abort, || turns::live(db, turn)).await;
    let live = live.unwrap_or(request.live_message);
    (report, ScreenResult { posted: BEHIND_ALL_PARTS, live, ..ScreenResult::default() })
}

/// What is left of a turn that a crash has cut: the parts that were promised stand, and what was written down behind
/// them is shown now.
pub(super) fn what_is_left(rest: Rest, live: Option<MessageId>) -> (TurnReport, ScreenResult<'static>) {
    let Rest { mut report, parts, checkpoint } = rest;
    let known = checkpoint.unwrap_or_default();
    let mut growing = Growing::default();
    growing.push(&known);
    let mut written = growing.finish();
    if written.len() <= parts {
        // Parts have their numbers; a closing remark comes behind all of them.
        return (report, ScreenResult { posted: BEHIND_ALL_PARTS, live, ..ScreenResult::default() });
    }
    report.text = known;
    let rest = written.split_off(parts);
    (report, ScreenResult { posted: parts, rest, live, ..ScreenResult::default() })
}

/// A half-written message in a group that a crash has kept us from remembering is found again.
pub(super) async fn find_live_message(
    context: &BotContext,
    left: &LeftOpen,
    request: &mut TurnRequest,
) -> Result<(), DbError> {
    if request.live_message.is_some() || !left.live_begun {
        return Ok(());
    }
    let (db, abort) = (&context.db, &context.life.abort);
    let lost = streaming::find_lost(&context.screen.api, db, place(request));
    request.live_message = abort.run_until_cancelled(lost).await.flatten();
    if request.live_message.is_some() {
        let (turn, live) = (left.turn, request.live_message);
        db.persist("turns::show_in", abort, || turns::show_in(db.pool(), turn, live)).await?;
    }
    Ok(())
}

/// Leaves a turn that had shown nothing to the next start, whose attempt is not the second one.
async fn postpone(context: &BotContext, request: &TurnRequest, calls: &[ModelCall]) {
    let (turn, db) = (request.turn, &context.db);
    tracing::info!(turn.id = turn.0, "the turn {turn} had shown nothing, the next start answers it");
    let postpone = || settlement::postpone(&context.books, turn, request.attempt, calls);
    match db.persist("settlement::postpone", &context.life.abort, postpone).await {
        Ok(lost) => context.metrics.costs.with_label_values(&[Payer::Owner.name()]).inc_by(lost.nano()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "an attempt was not taken back");
        }
    }
}

/// Model, screen and tab side by side, once the user has a free place and something to spend.
async fn perform<'a>(
    context: &'a BotContext,
    request: &TurnRequest,
    permit: &mut Permit,
    place: Place,
    stop: &Stop,
    meter: TurnMeter,
    meter_requests: MeterRequests,
) -> (TurnReport, ScreenResult<'a>, Option<Slot>) {
    let admitted = match stop.or_cut(admit(context, request, permit)).await {
        Some(admitted) => admitted.map_err(Outcome::Failed),
        None => Err(Outcome::Interrupted(stop.reason().unwrap_or(Interruption::Superseded))),
    };
    let slot = match admitted {
        Ok(slot) => slot,
        Err(outcome) => {
            let report = TurnReport::without_work(String::new(), outcome);
            return (report, ScreenResult { live: request.live_message, ..ScreenResult::default() }, None);
        }
    };
    kill_point!("turn: admitted", request.key.user.0);
    let (screen, events) = mpsc::channel(EVENTS_IN_FLIGHT);
    let events = CheckpointedEvents::new(&context.write_behind, request, events);
    let (turn, attempt, user) = (request.turn, request.attempt, request.key.user);
    let account = Account { turn, attempt, user, model: &request.settings.model };
    let (report, shown, ()) = tokio::join!(
        // In this order an event is on the screen in the same step in which the model's word came.
        biased;
        converse(&context.assistant, request, screen, meter, stop),
        streaming::present(&context.screen, place, events),
        metering::run(&context.books, &context.life.abort, account, meter_requests),
    );
    (report, shown, Some(slot))
}

/// The gate: waits for a place and for money that other turns of the same user have reserved. A turn that is not
/// covered runs alone, so that a user can overdraw by one turn at most, however many are asked for side by side.
async fn admit(
    context: &BotContext,
    request: &TurnRequest,
    permit: &mut Permit,
) -> Result<Slot, TurnFailure> {
    let (user, turn) = (request.key.user, request.turn);
    if request.held {
        return Ok(context.slots.acquire(user).await);
    }
    let free = context.books.is_privileged(user);
    let db = &context.db;
    let mut patience = None;
    loop {
        let slot = context.slots.acquire_all(user).await;
        // Only now nothing else of the user runs here, however long that took.
        let patience = *patience.get_or_insert_with(|| Instant::now() + RESERVED_LIMIT);
        let take = || holds::take(db, turn, user, request.reserve, free);
        match db.persist("holds::take", &context.life.abort, take).await {
            Ok(Gate::Held) => return Ok(slot),
            Ok(Gate::Banned) => return Err(TurnFailure::Banned),
            // Somebody is before us in the queue, or another instance has a turn of this user.
            Ok(Gate::Reserved) if Instant::now() < patience => {
                drop(slot);
                // It may be reserved for what waits until nothing else is in flight.
                permit.pause(RESERVED_PAUSE).await;
            }
            Ok(Gate::Short | Gate::Reserved) => return Err(TurnFailure::NoFunds),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(turn.id = turn.0, error, "the gate of the turn {turn} failed");
                return Err(TurnFailure::Internal);
            }
        }
    }
}

/// Writes the books and sends what is owed. `known` tells whether the report names all calls.
pub(super) async fn close(
    context: &BotContext,
    request: &TurnRequest,
    known: bool,
    report: &TurnReport,
    shown: ScreenResult<'_>,
) {
    let place = place(request);
    // Where nothing was shown, nothing has to be explained.
    let silent = report.outcome == Outcome::Interrupted(Interruption::Superseded)
        && is_blank(&report.text)
        && shown.draft.is_none()
        && shown.live.is_none();
    let closing = text::closings(request.settings.language, report.outcome, request.unfetched);
    let closing = closing.filter(|_| !silent);
    let rest = if shown.posted == 0 { or_raw(shown.rest, &report.text) } else { shown.rest };
    let parts = with_closing(rest, closing);
    let mut live = shown.live;
    let owed: Vec<_> =
        (shown.posted..).zip(&parts).map(|(number, part)| place.part(number, part, live.take())).collect();
    let (db, life) = (&context.db, &context.life);
    let subject = request.settings.model.name.as_str();
    let (turn, user) = (request.turn, request.key.user);
    let case = Case { turn, user, attempt: request.attempt, known, subject };
    let begun = context.screen.courier.is_idle(place.chat);
    forget_lost(context, request, report).await;
    let settle = || settlement::settle(&context.books, case, report, &owed, begun);
    let (settled, ()) = tokio::join!(db.persist("settlement::settle", &life.abort, settle), async {
        shown.frame.arrived().await;
        synchronise(context, place, shown.posted, shown.draft.as_deref(), parts.first()).await;
    });
    match settled {
        Ok(Settled::Closed { owed, fresh, cost, payer, history_version }) => {
            context.metrics.costs.with_label_values(&[payer.name()]).inc_by(cost.nano());
            let courier = &context.screen.courier;
            match (fresh, begun) {
                (true, true) => drop(courier.deliver_begun(owed)),
                (true, false) => drop(courier.deliver(owed)),
                (false, _) => courier.deliver_again(owed),
            }
            // The messages go first.
            tokio::task::yield_now().await;
            if parts.is_empty() && shown.posted > 0 {
                give_back_unshown(context, request.turn).await;
            }
            turn_context::keep_history(&context.cache, request, report, history_version).await;
            context.write_behind.put(Record::UserStats { turn: request.turn }).await;
        }
        Ok(Settled::AlreadyClosed(owed)) => {
            tracing::warn!(turn.id = request.turn.0, "the turn {} was closed before", request.turn);
            context.screen.courier.deliver_again(owed);
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(turn.id = request.turn.0, error, "the turn {} is not settled", request.turn);
        }
    }
    summarise(context, request, report);
}

/// All parts of the answer were promised while it grew. Those that were refused meanwhile found no charge to give back.
async fn give_back_unshown(context: &BotContext, turn: TurnId) {
    let db = &context.db;
    match db.persist("unshown::look", &context.life.abort, || unshown::look(db, turn)).await {
        Ok(returned) => context.metrics.returned.inc_by(returned.unwrap_or_default().nano()),
        // The next start looks again.
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(turn.id = turn.0, error, "whether the turn {turn} was shown is not known");
        }
    }
}

/// Copies that the provider did not have are told of in a line from now on.
async fn forget_lost(context: &BotContext, request: &TurnRequest, report: &TurnReport) {
    let (db, lost) = (&context.db, &report.lost_files);
    if lost.is_empty() {
        return;
    }
    let forget = || files::lost(db, request.thread, lost);
    if let Err(error) = db.persist("files::lost", &context.life.abort, forget).await {
        // The next turn finds it out again.
        tracing::warn!(error = &error as &dyn std::error::Error, "lost copies are still noted");
    }
}

/// A draft that does not begin like the final message would stay beside it for half a minute, so it is replaced once.
async fn synchronise(
    context: &BotContext,
    place: Place,
    part: usize,
    draft: Option<&str>,
    last: Option<&RichText>,
) {
    let (Some(draft), Some(last)) = (draft, last) else { return };
    if place.surface != Surface::Draft || last.text.starts_with(draft) {
        return;
    }
    if let Err(postponed) = streaming::draft(&context.screen.api, place, part, Class::Draft, last).await {
        tracing::debug!(?postponed, "the draft could not be brought in line with the final message");
    }
}

/// An answer of nothing but markup is better seen raw than not at all.
fn or_raw(rest: Vec<RichText>, answer: &str) -> Vec<RichText> {
    if !rest.is_empty() || is_blank(answer) {
        return rest;
    }
    let seen = answer.trim_matches(is_invisible).chars().take(Limits::MESSAGE.code_points);
    vec![RichText::plain(seen.collect::<String>())]
}

/// Puts the bot's own remark below the last part, or behind it if there is no room.
fn with_closing(mut parts: Vec<RichText>, closing: Option<String>) -> Vec<RichText> {
    let Some(closing) = closing else { return parts };
    match parts.last_mut() {
        Some(last) if last.code_points() + closing.chars().count() + 2 <= Limits::MESSAGE.code_points => {
            last.text.push_str("\n\n");
            last.text.push_str(&closing);
        }
        _ => parts.push(RichText::plain(closing)),
    }
    parts
}

/// Where and how a turn is shown.
fn place(request: &TurnRequest) -> Place {
    let private = request.chat_kind == ChatKind::Private;
    Place {
        chat: request.key.chat,
        topic: request.key.topic,
        turn: request.turn,
        question: request.question,
        // The number of a question in a chat that has become another one means nothing there.
        reply_to: Some(request.question).filter(|question| !private && question.0 > 0),
        language: request.settings.language,
        // A chat that had refused drafts in an earlier attempt has a message that must be replaced.
        surface: if private && request.live_message.is_none() {
            Surface::Draft
        } else {
            Surface::Message(request.live_message)
        },
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

/// The one line that the log has for a turn.
fn summarise(context: &BotContext, request: &TurnRequest, report: &TurnReport) {
    let outcome = report.outcome.detail();
    context.metrics.turns.with_label_values(&[outcome]).inc();
    let sum = |field: fn(&crate::domain::usage::Usage) -> u64| -> u64 {
        report.calls.iter().map(|call| field(&call.usage)).sum()
    };
    tracing::info!(
        turn.id = request.turn.0,
        turn.attempt = request.attempt,
        turn.outcome = outcome,
        thread.id = request.thread.0,
        chat.id = request.key.chat.0,
        user.id = request.key.user.0,
        model = %request.settings.model.id,
        calls = report.calls.len(),
        tokens.input = sum(|usage| usage.input),
        tokens.cache_read = sum(|usage| usage.cache_read),
        tokens.cache_write = sum(|usage| usage.cache_write_5m + usage.cache_write_1h),
        tokens.output = sum(|usage| usage.output),
        first_text_ms = report.calls.iter().find_map(|call| call.first_text_ms),
        answer_chars = report.text.chars().count(),
        "turn {} {outcome}",
        request.turn,
    );
}
