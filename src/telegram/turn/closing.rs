//! Closing a turn: the last state of its screen becomes messages that are owed, and the books are settled.

use super::place::place;
use crate::bot_api::flow::Class;
use crate::db::model_calls::Payer;
use crate::db::{DbError, files};
use crate::domain::blank::{is_blank, is_invisible};
use crate::domain::turn::{Interruption, ModelCall, Outcome, TurnReport, TurnRequest};
use crate::rendering::{Limits, RichText};
use crate::services::settlement::{self, Case, Settled};
use crate::telegram::context::BotContext;
use crate::telegram::streaming::{self, Place, ScreenResult, Surface};
use crate::telegram::text;

/// A turn whose books are closed, as far as the database was there for it.
pub(super) struct Closed {
    /// What was written down.
    pub(super) settled: Result<Settled, DbError>,
    /// Whether the first message is written down as one that Telegram is being asked to send.
    pub(super) begun: bool,
    /// Whether all parts of the answer were promised while it grew.
    pub(super) shown_before: bool,
}

/// Closes the books; what is owed then is still to be delivered. `known` tells whether the report names all calls.
pub(super) async fn close(
    context: &BotContext,
    request: &TurnRequest,
    known: bool,
    report: &TurnReport,
    shown: ScreenResult<'_>,
) -> Closed {
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
    let db = &context.db;
    let subject = request.settings.model.name.as_str();
    let (turn, user) = (request.turn, request.key.user);
    let case = Case { turn, user, attempt: request.attempt, known, subject };
    let begun = context.screen.courier.is_idle(place.chat);
    forget_lost(context, request, report).await;
    let settle = || settlement::settle(&context.books, case, report, &owed, begun);
    let (settled, ()) = tokio::join!(db.persist(settle), async {
        shown.frame.arrived().await;
        synchronise(context, place, shown.posted, shown.draft.as_deref(), parts.first()).await;
    });
    Closed { settled, begun, shown_before: parts.is_empty() && shown.posted > 0 }
}

/// Leaves a turn that had shown nothing to the next start, whose attempt is not the second one.
pub(super) async fn postpone(context: &BotContext, request: &TurnRequest, calls: &[ModelCall]) {
    let (turn, db) = (request.turn, &context.db);
    tracing::info!(turn.id = turn.0, "the turn {turn} had shown nothing, the next start answers it");
    let postpone = || settlement::postpone(&context.books, turn, request.attempt, calls);
    match db.persist(postpone).await {
        Ok(lost) => context.metrics.costs.with_label_values(&[Payer::Owner.name()]).inc_by(lost.nano()),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "an attempt was not taken back");
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
    if let Err(error) = db.persist(forget).await {
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
