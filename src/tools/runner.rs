//! Runs the calls of one round concurrently and returns a result for each, in the order of the calls: the
//! provider refuses a conversation in which a call has no result.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::tool::{Definition, Failure, Output, Price, ToolContext};
use super::toolbox::Toolbox;
use crate::domain::money::Usd;
use crate::llm::event::ToolCall;
use crate::llm::request::Block;
use crate::services::metering::{ReserveError, TurnMeter};

/// The result of a tool call.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct ToolOutcome {
    /// The content for the model.
    pub content: Value,
    /// Whether the call failed.
    pub failed: bool,
    /// The cost in US dollars; the model calls behind it are recorded by the meter.
    pub cost: Usd,
    /// How long the call took.
    pub duration: Duration,
}

/// Runs the calls concurrently. Failures become results that the model can react to.
pub(crate) async fn run(
    toolbox: &Toolbox,
    context: ToolContext<'_>,
    meter: &TurnMeter,
    calls: &[ToolCall],
) -> Vec<ToolOutcome> {
    join_all(calls.iter().map(|call| answer(toolbox, context, meter, call))).await
}

/// Returns the results as content blocks for the model, in the order of the calls.
pub(crate) fn results(calls: &[ToolCall], ran: Vec<ToolOutcome>) -> Vec<Block> {
    let block = |(call, ran): (&ToolCall, ToolOutcome)| {
        let ToolOutcome { content, failed, .. } = ran;
        Block::ToolResult { call: call.id.clone(), content: content.to_string(), is_error: failed }
    };
    calls.iter().zip(ran).map(block).collect()
}

#[tracing::instrument(
    name = "tool",
    skip_all,
    fields(name = toolbox.find(&call.name).map_or("unknown", |tool| tool.spec.name))
)]
async fn answer(
    toolbox: &Toolbox,
    context: ToolContext<'_>,
    meter: &TurnMeter,
    call: &ToolCall,
) -> ToolOutcome {
    let started = Instant::now();
    let (result, cost) = match (toolbox.find(&call.name), &call.input) {
        (None, _) => (Err(unknown(toolbox, call)), Usd::ZERO),
        (Some(_), Err(reason)) => {
            (Err(error_json(Failure::arguments(format!("no valid JSON: {reason}")))), Usd::ZERO)
        }
        (Some(tool), Ok(input)) => work(tool, input, context, meter, &call.name).await,
    };
    let (content, failed) = match result {
        Ok(content) => (content, false),
        Err(content) => (content, true),
    };
    ToolOutcome { content, failed, cost, duration: started.elapsed() }
}

/// Runs one call. A paid tool runs only under a reservation, which is granted only while enough is left to
/// spend after this turn's cost and the tools running beside it.
async fn work(
    tool: &Definition,
    input: &Value,
    context: ToolContext<'_>,
    meter: &TurnMeter,
    name: &str,
) -> (Result<Value, Value>, Usd) {
    let _reservation = match tool.price {
        Price::Free => None,
        Price::Paid(paid) => match meter.reserve(paid).await {
            Ok(reservation) => Some(reservation),
            Err(ReserveError::Short(left)) => {
                tracing::info!(tool = name, "a paid tool was refused for lack of money");
                return (Err(no_money(name, left, paid.least)), Usd::ZERO);
            }
            Err(ReserveError::Unknown) => {
                let message = "The books could not be asked, so this tool was not run. Answer without it.";
                return (Err(json!({"error": "unavailable", "message": message})), Usd::ZERO);
            }
        },
    };
    let limit = tool.time_limit;
    match tokio::time::timeout(limit, (tool.run)(input, context)).await {
        Ok(Output { result, cost }) => (result.map_err(error_json), cost),
        Err(_elapsed) => {
            let message = format!("{name} did not end within {} seconds.", limit.as_secs());
            (Err(json!({"error": "timeout", "message": message})), Usd::ZERO)
        }
    }
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

fn error_json(error: Failure) -> Value {
    let Failure { error, message } = error;
    json!({"error": error, "message": message})
}

fn unknown(toolbox: &Toolbox, call: &ToolCall) -> Value {
    let names: Vec<&str> = toolbox.specs().iter().map(|spec| spec.name).collect();
    json!({
        "error": "unknown_tool",
        "message": format!("There is no tool {}. The tools are: {}.", call.name, names.join(", ")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::cost_estimator::CostEstimator;
    use super::super::self_critique::SelfCritique;
    use super::super::tool::testing;
    use super::*;
    use crate::llm::registry::Registry;
    use crate::llm::request::ToolSpec;
    use crate::services::metering::{self, PaidWork};

    /// A paid tool.
    fn expensive() -> Definition {
        Definition {
            spec: ToolSpec {
                name: "expensive",
                description: "Costs money.",
                schema: json!({"type": "object"}),
            },
            price: Price::Paid(PaidWork { least: Usd::ZERO, most: Usd::ZERO }),
            time_limit: Duration::from_secs(60),
            run: |_, _| Box::pin(std::future::ready(Output::free(Ok(json!({"done": true}))))),
        }
    }

    fn call(id: &str, name: &str, input: Value) -> ToolCall {
        ToolCall { id: id.to_owned(), name: name.to_owned(), input: Ok(input) }
    }

    async fn ran(balance: &str, calls: &[ToolCall]) -> Vec<(Value, bool)> {
        let registry = Registry::load(None).unwrap();
        let made_files = crate::services::made_files::MadeFiles::nowhere();
        let context = testing::tool_context(&registry, &made_files);
        let tools = vec![Definition::of::<CostEstimator>(), Definition::of::<SelfCritique>(), expensive()];
        let toolbox = Toolbox::of(tools);
        let (meter, meter_requests) = metering::channel();
        let run = async {
            let ran = run(&toolbox, context, &meter, calls).await;
            drop(meter);
            ran
        };
        let (ran, ()) = tokio::join!(run, meter_requests.tell(Usd(balance.parse().unwrap())));
        ran.into_iter().map(|ran| (ran.content, ran.failed)).collect()
    }

    #[tokio::test]
    async fn a_paid_tool_is_refused_below_zero_with_what_the_model_can_tell() {
        let paid = call("1", "expensive", json!({}));
        let free = call("2", "cost_estimator", json!({"input_chars": 1, "output_chars": 1}));
        let below = ran("-0.000000001", &[paid.clone(), free.clone()]).await;
        assert_eq!(below[0].0["error"], "insufficient_balance");
        assert_eq!(below[0].0["balance_usd"], "-0.000000001");
        assert_eq!(below[0].0["tool_name"], "expensive");
        assert!(below[0].1 && below[0].0["message"].as_str().unwrap().contains("/pay"));
        assert!(!below[1].1, "what is free works at any balance");
        let zero = ran("0", &[paid, free]).await;
        assert_eq!(zero[0], (json!({"done": true}), false));
    }

    #[tokio::test]
    async fn of_two_expensive_tools_side_by_side_the_second_sees_what_the_first_has_reserved() {
        let critique = |id| call(id, "self_critique", json!({"user_request": "a", "content": "b"}));
        let both = ran("0.99", &[critique("1"), critique("2")]).await;
        assert_eq!(both[0].0["error"], "cost_cap", "the first one runs: {both:?}");
        assert_eq!(both[1].0["error"], "insufficient_balance");
        assert_eq!(both[1].0["balance_usd"], "0.49");
        assert_eq!(both[1].0["required_usd"], "0.5");
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_the_calls_whatever_they_are() {
        let broken = ToolCall { input: Err("ends early".into()), ..call("1", "expensive", json!({})) };
        let unknown = call("2", "of_tomorrow", json!({}));
        let wrong = call("3", "cost_estimator", json!({"input_chars": "many"}));
        let calls = [broken, unknown, wrong];
        let ran = ran("1", &calls).await;
        let errors: Vec<&str> = ran.iter().map(|(result, _)| result["error"].as_str().unwrap()).collect();
        assert_eq!(errors, ["invalid_arguments", "unknown_tool", "invalid_arguments"]);
        assert!(ran.iter().all(|(_, failed)| *failed));
    }
}
