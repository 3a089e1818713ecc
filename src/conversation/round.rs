//! One round: a request to the model and its streamed answer, retried until there is visible text.
//! Each try ([`attempt`]) is recorded as a [`ModelCall`], even if it failed or was stopped.

mod attempt;
mod context;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tracing::Instrument;

use crate::domain::blank::is_blank;
use crate::domain::tool::ToolName;
use crate::domain::turn::{Interruption, ModelCall};
use crate::llm::error::RetryPauses;
use crate::llm::event::ToolCall;
use crate::llm::{LlmError, LlmRequest, StopReason};
use attempt::Attempt;
pub(super) use context::{RoundContext, RoundEnd};

/// The result of a round.
#[derive(Debug)]
pub(super) struct Round {
    /// The visible text.
    pub(super) text: String,
    /// The complete blocks, in the form in which they must be sent back.
    pub(super) blocks: Vec<Value>,
    /// The complete calls of our tools.
    pub(super) tool_calls: Vec<ToolCall>,
    /// The calls of all tries, oldest first.
    pub(super) calls: Vec<ModelCall>,
    /// How the round ended.
    pub(super) ended: RoundEnd,
}

/// Sends the request until an answer arrives, the tries are used up or the turn is stopped.
pub(super) async fn ask(ctx: RoundContext<'_>, request: &LlmRequest) -> Round {
    let RoundContext { meter, stop, tries, .. } = ctx;
    let mut calls = Vec::new();
    let mut pauses = RetryPauses::new();
    for number in 1.. {
        let started = Instant::now();
        let call_number = meter.next_call_number();
        let span = tracing::info_span!("request", model = %request.model.id, number = call_number, try_number = number);
        let mut attempt = Attempt::new(call_number);
        let result = attempt.run(ctx, request, started).instrument(span.clone()).await;
        let ended = match (result, stop.reason()) {
            (Ok(reason), _) => RoundEnd::Stop(reason),
            (Err(LlmError::Cancelled), Some(reason)) => RoundEnd::Cut(reason),
            (Err(error), _) => RoundEnd::Failed(error),
        };
        match &ended {
            RoundEnd::Stop(_) => attempt.teach(ctx.assistant, request),
            // A shutdown has no time to ask.
            RoundEnd::Cut(reason) => {
                let counted = *reason != Interruption::Shutdown;
                attempt.measure(ctx.assistant, request, counted).instrument(span.clone()).await;
            }
            RoundEnd::Failed(_) => {}
        }
        let pause = match &ended {
            RoundEnd::Failed(error) if is_blank(&attempt.text) && number < tries => {
                pauses.after(error.retry())
            }
            _ => None,
        };
        span.in_scope(|| {
            calls.push(record(ctx, &attempt, request, &ended, started));
            count(ctx, &calls, &ended, pause);
        });
        if let Some(pause) = pause
            && stop.or_cut(tokio::time::sleep(pause)).await.is_some()
        {
            continue;
        }
        let ended = match stop.reason() {
            Some(reason) if pause.is_some() => RoundEnd::Cut(reason),
            _ => ended,
        };
        let Attempt { text, blocks, tool_calls, .. } = attempt;
        return Round { text, blocks, tool_calls, calls, ended };
    }
    unreachable!("the last try has no pause, so it returns")
}

/// Passes the call of a try that has ended to the meter, and returns it.
fn record(
    ctx: RoundContext<'_>,
    attempt: &Attempt,
    request: &LlmRequest,
    ended: &RoundEnd,
    started: Instant,
) -> ModelCall {
    let call = attempt.call(request, Some(ended), started);
    if call.estimated && !matches!(ended, RoundEnd::Cut(_)) {
        let id = call.request_id.as_deref();
        tracing::warn!(request.id = id, "usage was not reported, and is estimated");
    }
    // The last call is stored a moment later, with the turn.
    let last = matches!(ended, RoundEnd::Stop(StopReason::EndTurn)) && attempt.tool_calls.is_empty();
    if last && ctx.screen.is_some() {
        ctx.meter.remember(call.clone());
    } else {
        ctx.meter.note(call.clone());
    }
    call
}

/// Counts a call in the metrics and logs a failure. The time to the first text is recorded only if a screen
/// shows it.
fn count(ctx: RoundContext<'_>, calls: &[ModelCall], ended: &RoundEnd, pause: Option<Duration>) {
    let metrics = &ctx.assistant.metrics;
    let model = calls.last().map_or("unknown", |call| &call.model.0);
    let result = match (ended, pause) {
        (RoundEnd::Stop(_), _) => "ok",
        (RoundEnd::Cut(_), _) => "cut",
        (RoundEnd::Failed(_), Some(pause)) => {
            tracing::warn!(pause_ms = pause.as_millis(), "asking the model again");
            "retried"
        }
        (RoundEnd::Failed(error), None) => {
            tracing::warn!(error = error as &dyn std::error::Error, "the model gave no (whole) answer");
            "failed"
        }
    };
    metrics.llm_requests.with_label_values(&[model, result]).inc();
    let Some(call) = calls.last() else { return };
    let seconds = |millis: i64| Duration::from_millis(millis.unsigned_abs()).as_secs_f64();
    metrics.llm_request.observe(seconds(call.duration_ms));
    call.first_text_ms
        .filter(|_| ctx.screen.is_some())
        .into_iter()
        .for_each(|first| metrics.first_text.observe(seconds(first)));
    let usage = &call.usage;
    for (kind, tokens) in [
        ("input", usage.input),
        ("cache_write", usage.cache_write_5m + usage.cache_write_1h),
        ("cache_read", usage.cache_read),
        ("output", usage.output),
    ] {
        metrics.llm_tokens.with_label_values(&[model, kind]).inc_by(tokens);
    }
    metrics.tool_calls.with_label_values(&[ToolName::WebSearch.name(), "success"]).inc_by(usage.web_searches);
}
