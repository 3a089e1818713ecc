//! Runs the calls of one round concurrently and returns a result for each, in the order of the calls: the
//! provider refuses a conversation in which a call has no result.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::failure::repeated;
use super::funds::{self, Unfunded};
use super::tool::{Definition, Failure, Output, Price, ToolContext};
use super::toolbox::Toolbox;
use crate::domain::money::Usd;
use crate::lifecycle::kill_point;
use crate::llm::event::ToolCall;
use crate::llm::message::{Block, ToolImage};

/// The result of a tool call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ToolOutcome {
    /// The text for the model: JSON, unless it had to be cut.
    pub content: String,
    /// The pictures that the model sees below it.
    pub images: Vec<ToolImage>,
    /// Whether the call failed.
    pub failed: bool,
    /// Why a paid call was not run, as metrics name it.
    pub refusal: Option<&'static str>,
    /// The cost in US dollars; the model calls behind it are recorded by the meter.
    pub cost: Usd,
    /// How long the call took.
    pub duration: Duration,
}

/// The largest result of a tool, in bytes of JSON: some 30,000 tokens. Tools have lower limits of their own.
const MOST_CONTENT: usize = 120_000;
/// The most pictures in a result.
const MOST_IMAGES: usize = 5;
/// The largest picture in a result, in bytes. Every further request of the turn repeats it.
const MOST_IMAGE: usize = 1_500_000;

/// Runs the calls concurrently. Failures become results that the model can react to.
pub(crate) async fn run(toolbox: &Toolbox, context: ToolContext<'_>, calls: &[ToolCall]) -> Vec<ToolOutcome> {
    join_all(calls.iter().map(|call| answer(toolbox, context, call))).await
}

/// Returns the results as content blocks for the model, in the order of the calls.
pub(crate) fn results(calls: &[ToolCall], ran: Vec<ToolOutcome>) -> Vec<Block> {
    let block = |(call, ran): (&ToolCall, ToolOutcome)| {
        let ToolOutcome { content, images, failed, .. } = ran;
        Block::ToolResult { call: call.id.clone(), content, images, is_error: failed }
    };
    calls.iter().zip(ran).map(block).collect()
}

/// Returns results for the calls of an answer that reached its length limit. Their arguments may be cut, so
/// none is run.
pub(crate) fn not_run(calls: &[ToolCall]) -> Vec<Block> {
    let message = "Your answer reached its length limit at this call, so it was not run. Do the work in smaller steps, \
        with shorter arguments.";
    let content = Failure { error: "too_long", message: message.to_owned() }.json().to_string();
    let block = |call: &ToolCall| Block::ToolResult {
        call: call.id.clone(),
        content: content.clone(),
        images: Vec::new(),
        is_error: true,
    };
    calls.iter().map(block).collect()
}

#[tracing::instrument(
    name = "tool",
    skip_all,
    fields(name = toolbox.find(&call.name).map_or("unknown", |tool| tool.spec.name))
)]
async fn answer(toolbox: &Toolbox, context: ToolContext<'_>, call: &ToolCall) -> ToolOutcome {
    let context = ToolContext { progress: context.progress.of(&call.id), ..context };
    let started = Instant::now();
    let output = match (toolbox.find(&call.name), &call.input) {
        (None, _) => refused(unknown(toolbox, call)),
        (Some(_), Err(reason)) => refused(Failure::arguments(format!("no valid JSON: {reason}")).json()),
        (Some(tool), Ok(input)) => match context.outages.of(tool.spec.name) {
            Some(failure) => refused(failure.json()),
            None => work(tool, input, context).await,
        },
    };
    kill_point!("tool: ended");
    bounded(output, started.elapsed())
}

/// The result of a call before the limits of results are applied.
struct Ran {
    result: Result<Value, Value>,
    images: Vec<ToolImage>,
    cost: Usd,
}

/// Returns the outcome of a call that was not run.
fn refused(error: Value) -> Ran {
    Ran { result: Err(error), images: Vec::new(), cost: Usd::ZERO }
}

/// Runs one call. A paid tool runs only under a reservation, which is granted only while enough is left to
/// spend after this turn's cost and the tools running beside it.
async fn work(tool: &Definition, input: &Value, context: ToolContext<'_>) -> Ran {
    let name = tool.spec.name;
    let paid = match tool.price {
        Price::Free | Price::ReservedByTool => None,
        Price::Paid(work) => Some(work),
        Price::Varying(work) => Some(work(input, context)),
    };
    let _reservation = match paid {
        None => None,
        Some(paid) => match context.reserve(paid).await {
            Ok(reservation) => reservation,
            Err(Unfunded::Balance(left)) => {
                tracing::info!(tool = name, "a paid tool was refused for lack of money");
                return refused(no_money(name, left, paid.least));
            }
            Err(Unfunded::Limit(left)) => return refused(funds::over_limit(left, paid.most).json()),
            Err(Unfunded::Unknown) => return refused(funds::no_books().json()),
        },
    };
    let limit = tool.time_limit;
    let running = AssertUnwindSafe((tool.run)(input, context)).catch_unwind();
    match tokio::time::timeout(limit, running).await {
        Ok(Ok(Output { result, cost, images })) => {
            if cost > Usd::ZERO && tool.is_free() {
                tracing::error!(tool = name, %cost, "the tool {name} cost money but is declared free");
            }
            let result = result.map_err(|failure| {
                context.outages.learn(name, &failure);
                failure.json()
            });
            Ran { result, images, cost }
        }
        // The panic itself is logged by the hook that the service installs.
        Ok(Err(_panic)) => {
            tracing::error!(tool = name, "the tool {name} panicked");
            let message = format!("{name} failed because of a fault in it. Answer without it.");
            refused(json!({"error": "internal", "message": message}))
        }
        Err(_elapsed) => {
            let message = format!("{name} did not end within {} seconds.", limit.as_secs());
            refused(json!({"error": "timeout", "message": message}))
        }
    }
}

/// Applies the limits of results. What is left out is named, so that the model does not rely on it.
fn bounded(Ran { result, mut images, cost }: Ran, duration: Duration) -> ToolOutcome {
    let failed = result.is_err();
    let refusal = result.as_ref().err().and_then(funds::refusal);
    let (Ok(mut value) | Err(mut value)) = result;
    let all = images.len();
    images.retain(|image| image.bytes.len() <= MOST_IMAGE);
    images.truncate(MOST_IMAGES);
    if images.len() < all
        && let Some(fields) = value.as_object_mut()
    {
        fields.insert("pictures_not_shown_to_you".to_owned(), json!(all - images.len()));
    }
    let mut content = value.to_string();
    if content.len() > MOST_CONTENT {
        let left_out = content.len() - content.floor_char_boundary(MOST_CONTENT);
        content.truncate(content.floor_char_boundary(MOST_CONTENT));
        let remark = format!("\n[cut here: {left_out} more bytes were left out; ask for less at once]");
        content.push_str(&remark);
    }
    ToolOutcome { content, images, failed, refusal, cost, duration }
}

/// Returns the result for the model if the user has too little money for a tool.
fn no_money(tool: &str, balance: Usd, least: Usd) -> Value {
    json!({
        "error": "insufficient_balance",
        "message": "The balance of the person does not allow this tool. Tell them that /pay tops it up, and answer \
                    without this tool as well as you can.",
        "balance_usd": balance,
        "required_usd": least,
        "tool_name": tool,
    })
}

fn unknown(toolbox: &Toolbox, call: &ToolCall) -> Value {
    let names: Vec<&str> = toolbox.specs().iter().map(|spec| spec.name).collect();
    json!({
        "error": "unknown_tool",
        "message": format!("There is no tool {}. The tools are: {}.", repeated(&call.name), names.join(", ")),
    })
}

#[cfg(test)]
mod tests;
