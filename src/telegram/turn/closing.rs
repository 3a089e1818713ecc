//! Closes a turn: the last state of its screen becomes messages in the outbox, and the turn is settled.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::place::place;
use crate::bot_api::flow::Class;
use crate::db::model_calls::Payer;
use crate::db::{DbError, files};
use crate::domain::blank::{is_blank, is_invisible};
use crate::domain::money::Usd;
use crate::domain::turn::{Interruption, ModelCall, Outcome, TurnFailure, TurnReport, TurnRequest};
use crate::rendering::{Limits, RichText};
use crate::services::file_allowance::DailyLimit;
use crate::services::settlement::{self, Ending, Settled};
use crate::telegram::context::BotContext;
use crate::telegram::keyboards;
use crate::telegram::streaming::{self, Place, ScreenResult, Surface};
use crate::telegram::text;

/// How long settling is tried once more if the service is to end at once: what the model has cost belongs in the
/// books.
const LAST_TRY: Duration = Duration::from_secs(2);

/// What settling a turn has led to.
pub(super) struct Closed {
    pub(super) settled: Result<Settled, DbError>,
    /// Whether the first message is stored as one that Telegram is being asked to send.
    pub(super) begun: bool,
    /// Whether all parts of the answer were enqueued while it grew.
    pub(super) shown_before: bool,
}

/// Settles a turn. Its messages are stored and still to be delivered. `calls_complete` says whether the
/// report contains all model calls.
pub(super) async fn close(
    context: &BotContext,
    request: &TurnRequest,
    calls_complete: bool,
    report: &TurnReport,
    shown: ScreenResult<'_>,
) -> Closed {
    let place = place(request);
    // If nothing was shown, there is nothing to explain.
    let silent = report.outcome == Outcome::Interrupted(Interruption::Superseded)
        && is_blank(&report.text)
        && shown.draft.is_none()
        && shown.live.is_none();
    let daily_limit = DailyLimit::of(&context.books);
    let sponsored = request.payer.sponsored_in.is_some();
    let language = request.settings.language;
    let closing = text::closings(language, (report.outcome, sponsored), request.unfetched, daily_limit);
    let closing = closing.filter(|_| !silent);
    let rest = if shown.posted == 0 { or_raw(shown.rest, &report.text) } else { shown.rest };
    let costing = cost_line(context, request, calls_complete, report);
    let draft = shown.draft.as_deref();
    let cost =
        keeping(context, place, shown.posted, draft.and(rest.first()), costing).await.filter(|_| !silent);
    let (parts, cost_of_files) = with_cost(with_closing(rest, closing), cost);
    let mut live = shown.live;
    let texts = (shown.posted..).zip(&parts).map(|(number, part)| place.part(number, part, live.take()));
    let mut messages: Vec<_> = texts.collect();
    if let Some(last) = messages.last_mut() {
        last.keyboard = keyboard(request, report.outcome);
        last.owner = last.keyboard.as_ref().map(|_| request.asker);
    }
    // What was not enqueued before is not sent once the answer was cut.
    if !matches!(report.outcome, Outcome::Interrupted(_)) {
        for delivery in shown.files.iter().chain(&report.deliveries) {
            let leads = messages.is_empty() && shown.posted == 0 && !shown.has_files;
            messages.extend(place.files(delivery, leads));
        }
    }
    let number = shown.posted + parts.len();
    messages.extend(cost_of_files.map(|line| place.part(number, &RichText::plain(line), live)));
    let db = &context.db;
    let subject = request.settings.model.name.as_str();
    let begun = context.screen.courier.sends_at_once(place.chat);
    let ending = Ending { report, calls_complete, subject, messages: &messages, begun };
    let settle = || settlement::settle(&context.books, request.turn_ref(), ending);
    let last = parts.first();
    let settling = async {
        forget_lost(context, request, report).await;
        match db.persist(settle).await {
            // The connection alone may have broken, while this process stood still.
            Err(DbError::Cancelled) => timeout(LAST_TRY, db.attempt(settle()))
                .await
                .ok()
                .filter(|settled| !settled.as_ref().is_err_and(DbError::is_transient))
                .unwrap_or(Err(DbError::Cancelled)),
            settled => settled,
        }
    };
    let (settled, ()) =
        tokio::join!(keeping(context, place, shown.posted, draft.and(last), settling), async {
            shown.frame.arrived().await;
            synchronise(context, place, shown.posted, draft, last).await;
        });
    let shown_before = messages.is_empty() && (shown.posted > 0 || shown.has_files);
    Closed { settled, begun, shown_before }
}

/// Returns the line with the cost of an answer, if its person wants it and pays anything.
async fn cost_line(
    context: &BotContext,
    request: &TurnRequest,
    calls_complete: bool,
    report: &TurnReport,
) -> Option<String> {
    if !request.settings.shows_cost {
        return None;
    }
    let (books, turn) = (&context.books, request.turn_ref());
    match context.db.persist(|| settlement::charge(books, turn, report, calls_complete)).await {
        Ok(cost) => (cost > Usd::ZERO).then(|| text::preferences::cost(request.settings.language, cost)),
        Err(error) => {
            // Settling fails for the same reason, and says so.
            tracing::debug!(error = &error as &dyn std::error::Error, "the cost of a turn is not known");
            None
        }
    }
}

/// Returns the button below the last message of a turn.
fn keyboard(request: &TurnRequest, outcome: Outcome) -> Option<Value> {
    let language = request.settings.language;
    let keyboard = match outcome {
        Outcome::LimitReached => keyboards::go_on(language),
        // The same question may be answered another time.
        Outcome::Failed(
            TurnFailure::Overloaded
            | TurnFailure::Unreachable
            | TurnFailure::Rejected
            | TurnFailure::Empty
            | TurnFailure::Internal
            | TurnFailure::NoFunds,
        ) => keyboards::try_again(request.turn, language),
        _ => return None,
    };
    Some(keyboard.0)
}

/// Leaves a turn that had shown nothing to the next start. This attempt then counts as no crash.
pub(super) async fn postpone(context: &BotContext, request: &TurnRequest, calls: &[ModelCall]) {
    let (turn, db) = (request.turn, &context.db);
    tracing::info!(turn.id = turn.0, "the turn {turn} had shown nothing, the next start answers it");
    let postpone = || settlement::postpone(&context.books, request.turn_ref(), calls);
    match db.persist(postpone).await {
        Ok(lost) => context.metrics.costs.with_label_values(&[Payer::Owner.name()]).inc_by(lost.nano()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "an attempt was not taken back");
        }
    }
}

/// Forgets copies that the provider did not have. From now on prompts mention these files in a line.
async fn forget_lost(context: &BotContext, request: &TurnRequest, report: &TurnReport) {
    let (db, lost) = (&context.db, &report.lost_files);
    if lost.is_empty() {
        return;
    }
    let forget = || files::lost(db, request.thread, lost);
    if let Err(error) = db.persist(forget).await {
        // The next turn finds it out again.
        tracing::warn!(error = &error as &dyn std::error::Error, "lost copies are still recorded");
    }
    context.copies_dropped.notify_one();
}

/// Replaces a draft that does not begin like the final message, because it would stay beside that for half a
/// minute.
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

/// Does a `work` that needs the database, and shows the finished answer as a draft meanwhile: a database that is
/// away may delay it for longer than a draft lasts.
async fn keeping<T>(
    context: &BotContext,
    place: Place,
    part: usize,
    last: Option<&RichText>,
    work: impl Future<Output = T>,
) -> T {
    let Some(last) = last.filter(|_| place.surface == Surface::Draft) else { return work.await };
    let (working, mut ends) = oneshot::channel::<()>();
    let showing = async {
        while tokio::time::timeout(streaming::REMINDER, &mut ends).await.is_err() {
            let shown = streaming::draft(&context.screen.api, place, part, Class::Draft, last).await;
            if let Err(postponed) = shown {
                tracing::debug!(?postponed, "the draft of an unsettled answer could not be shown again");
            }
        }
    };
    let working = async {
        let done = work.await;
        drop(working);
        done
    };
    tokio::join!(working, showing).0
}

/// Returns the raw text of an answer that is nothing but markup, so that something is seen of it.
fn or_raw(rest: Vec<RichText>, answer: &str) -> Vec<RichText> {
    if !rest.is_empty() || is_blank(answer) {
        return rest;
    }
    let seen = answer.trim_matches(is_invisible).chars().take(Limits::MESSAGE.code_points);
    vec![RichText::plain(seen.collect::<String>())]
}

/// Appends the cost of an answer to its last part. That of an answer of files alone is returned, because it
/// stands behind them.
fn with_cost(parts: Vec<RichText>, cost: Option<String>) -> (Vec<RichText>, Option<String>) {
    if parts.is_empty() { (parts, cost) } else { (with_closing(parts, cost), None) }
}

/// Appends the bot's own remark to the last part, or as a part of its own if there is no room.
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
