//! One round: a request to the model and its streamed answer, tried again until the first visible text.
//! Every try ([`attempt`]) leaves a [`ModelCall`] for the books, also when it failed or was cut.

mod attempt;
mod context;

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::assistant::Assistant;
use crate::domain::turn::ModelCall;
use crate::llm::error::RetryPauses;
use crate::llm::event::ToolCall;
use crate::llm::{LlmError, LlmRequest, StopReason};
use attempt::Attempt;
pub(super) use context::{RoundContext, RoundEnd};

/// What a round brought.
#[derive(Debug)]
pub(super) struct Round {
    /// The visible text.
    pub(super) text: String,
    /// Complete blocks, as they must be sent back.
    pub(super) blocks: Vec<Value>,
    /// Complete calls of our tools.
    pub(super) tool_calls: Vec<ToolCall>,
    /// Every try.
    pub(super) calls: Vec<ModelCall>,
    /// How it ended.
    pub(super) ended: RoundEnd,
}

/// Asks until there is an answer, the tries are used up or the turn is cut.
pub(super) async fn ask(ctx: RoundContext<'_>, request: &LlmRequest) -> Round {
    let RoundContext { assistant, meter, stop, tries, .. } = ctx;
    let mut calls = Vec::new();
    let mut pauses = RetryPauses::new();
    for number in 1.. {
        let started = Instant::now();
        let mut attempt = Attempt::new(meter.next_call_number());
        let result = attempt.run(ctx, request, started).await;
        let ended = match (result, stop.reason()) {
            (Ok(reason), _) => RoundEnd::Stop(reason),
            (Err(LlmError::Cancelled), Some(reason)) => RoundEnd::Cut(reason),
            (Err(error), _) => RoundEnd::Failed(error),
        };
        let call = attempt.call(request, Some(&ended), started);
        if call.estimated {
            let id = call.request_id.as_deref();
            tracing::warn!(model = %call.model, request.id = id, "usage was not reported, and is estimated");
        }
        // The last call is written down a moment later, with the turn.
        let last = matches!(&ended, RoundEnd::Stop(StopReason::EndTurn)) && attempt.tool_calls.is_empty();
        if last && ctx.screen.is_some() {
            meter.remember(call.clone());
        } else {
            meter.note(call.clone());
        }
        calls.push(call);
        let pause = match &ended {
            RoundEnd::Failed(error) if attempt.text.is_empty() && number < tries => {
                pauses.after(error.retry())
            }
            _ => None,
        };
        count(assistant, &calls, &ended, pause, ctx.screen.is_some());
        if let Some(pause) = pause {
            tracing::warn!(model = %request.model.id, number, pause_ms = pause.as_millis(), "asking the model again");
            if stop.or_cut(tokio::time::sleep(pause)).await.is_some() {
                continue;
            }
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

/// Counts a call; how soon text came matters only where somebody waits for it.
fn count(
    assistant: &Assistant,
    calls: &[ModelCall],
    ended: &RoundEnd,
    pause: Option<Duration>,
    watched: bool,
) {
    let metrics = &assistant.metrics;
    let result = match ended {
        RoundEnd::Stop(_) => "ok",
        RoundEnd::Cut(_) => "cut",
        RoundEnd::Failed(_) if pause.is_some() => "retried",
        RoundEnd::Failed(error) => {
            tracing::warn!(error = error as &dyn std::error::Error, "the model gave no (whole) answer");
            "failed"
        }
    };
    metrics.llm_requests.with_label_values(&[result]).inc();
    let Some(call) = calls.last() else { return };
    let seconds = |millis: i64| Duration::from_millis(millis.unsigned_abs()).as_secs_f64();
    metrics.llm_request.observe(seconds(call.duration_ms));
    call.first_text_ms
        .filter(|_| watched)
        .into_iter()
        .for_each(|first| metrics.first_text.observe(seconds(first)));
    let usage = &call.usage;
    for (kind, tokens) in [
        ("input", usage.input),
        ("cache_write", usage.cache_write_5m + usage.cache_write_1h),
        ("cache_read", usage.cache_read),
        ("output", usage.output),
    ] {
        metrics.llm_tokens.with_label_values(&[kind]).inc_by(tokens);
    }
}
