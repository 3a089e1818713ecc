//! One round: a request to the model and its streamed answer, tried again until the first visible text.
//! Every try ([`attempt`]) leaves a [`ModelCall`] for the books, also when it failed or was cut.

mod attempt;

use std::time::Duration;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Mind;
use super::interrupt::Stop;
use crate::domain::turn::{Interruption, ModelCall, TurnEvent};
use crate::llm::event::ToolCall;
use crate::llm::{LlmError, LlmRequest, StopReason};
use crate::services::tab::{CUT, Tab};
use attempt::Attempt;

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
    pub(super) ended: Ended,
}

/// How a round ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The model stopped.
    Stop(StopReason),
    /// The turn was cut.
    Cut(Interruption),
    /// No answer, or one that broke off.
    Failed(LlmError),
}

impl Ended {
    /// The column name.
    fn name(&self) -> &str {
        match self {
            Self::Stop(reason) => reason.name(),
            Self::Cut(_) => CUT,
            Self::Failed(error) => error.name(),
        }
    }
}

/// Where a round goes on.
#[derive(Clone, Copy)]
pub(super) struct Desk<'a> {
    /// Who answers, and where that is counted.
    pub(super) mind: &'a Mind,
    /// Where its calls are noted.
    pub(super) tab: &'a Tab,
    /// Who watches; nobody watches a sub-agent.
    pub(super) screen: Option<&'a mpsc::Sender<TurnEvent>>,
    /// What cuts it.
    pub(super) stop: &'a Stop,
    /// How often a request may be sent that brings no visible text.
    pub(super) tries: u32,
}

/// Asks until there is an answer, the tries are used up or the turn is cut.
pub(super) async fn ask(desk: Desk<'_>, request: &LlmRequest) -> Round {
    let Desk { mind, tab, stop, tries, .. } = desk;
    let mut calls = Vec::new();
    for number in 1.. {
        let started = Instant::now();
        let mut attempt = Attempt::new(tab.number());
        let result = attempt.run(desk, request, started).await;
        let ended = match (result, stop.reason()) {
            (Ok(reason), _) => Ended::Stop(reason),
            (Err(LlmError::Cancelled), Some(reason)) => Ended::Cut(reason),
            (Err(error), _) => Ended::Failed(error),
        };
        let call = attempt.call(request, Some(&ended), started);
        if call.estimated {
            let id = call.request_id.as_deref();
            tracing::warn!(model = %call.model, request.id = id, "usage was not reported, and is estimated");
        }
        // The last call is written down a moment later, with the turn.
        let last = matches!(&ended, Ended::Stop(StopReason::EndTurn)) && attempt.tool_calls.is_empty();
        if last && desk.screen.is_some() {
            tab.remember(call.clone());
        } else {
            tab.note(call.clone());
        }
        calls.push(call);
        let pause = match &ended {
            Ended::Failed(error) if attempt.text.is_empty() && number < tries => error.retry().pause(number),
            _ => None,
        };
        count(mind, &calls, &ended, pause, desk.screen.is_some());
        if let Some(pause) = pause {
            tracing::warn!(model = %request.model.id, number, pause_ms = pause.as_millis(), "asking the model again");
            if stop.or_cut(tokio::time::sleep(pause)).await.is_some() {
                continue;
            }
        }
        let ended = match stop.reason() {
            Some(reason) if pause.is_some() => Ended::Cut(reason),
            _ => ended,
        };
        let Attempt { text, blocks, tool_calls, .. } = attempt;
        return Round { text, blocks, tool_calls, calls, ended };
    }
    unreachable!("the last try has no pause, so it returns")
}

/// Counts a call; how soon text came matters only where somebody waits for it.
fn count(mind: &Mind, calls: &[ModelCall], ended: &Ended, pause: Option<Duration>, watched: bool) {
    let metrics = &mind.metrics;
    let result = match ended {
        Ended::Stop(_) => "ok",
        Ended::Cut(_) => "cut",
        Ended::Failed(_) if pause.is_some() => "retried",
        Ended::Failed(error) => {
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
