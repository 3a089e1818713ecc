//! Runs the calls of one round side by side and answers every one of them, in the order of the calls: the provider
//! refuses a conversation in which a call has no result.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Failure, Tool, Toolbox, Workshop};
use crate::domain::money::Usd;
use crate::llm::event::ToolCall;
use crate::llm::request::Block;
use crate::services::tab::Tab;

/// How long a call may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Answers the calls. What goes wrong is told to the model, which can do better.
pub async fn run(toolbox: &Toolbox, workshop: Workshop<'_>, tab: &Tab, calls: &[ToolCall]) -> Vec<Block> {
    join_all(calls.iter().map(|call| answer(toolbox, workshop, tab, call))).await
}

async fn answer(toolbox: &Toolbox, workshop: Workshop<'_>, tab: &Tab, call: &ToolCall) -> Block {
    let result = match (toolbox.find(&call.name), &call.input) {
        (None, _) => Err(unknown(toolbox, call)),
        (Some(_), Err(reason)) => Err(told(Failure::arguments(format!("no valid JSON: {reason}")))),
        (Some(tool), Ok(input)) => work(tool, input, workshop, tab, &call.name).await,
    };
    let (content, is_error) = match result {
        Ok(content) => (content, false),
        Err(content) => (content, true),
    };
    Block::ToolResult { call: call.id.clone(), content: content.to_string(), is_error }
}

/// A tool that costs money runs only while the balance, this turn's cost taken off, is not below zero.
async fn work(
    tool: Tool,
    input: &Value,
    workshop: Workshop<'_>,
    tab: &Tab,
    name: &str,
) -> Result<Value, Value> {
    if tool.is_paid()
        && let Some(balance) = tab.balance().await.filter(|&balance| balance < Usd::ZERO)
    {
        tracing::info!(tool = name, "a paid tool was refused for lack of money");
        return Err(Failure::no_money(name, balance));
    }
    match tokio::time::timeout(LIMIT, tool.run(input, workshop)).await {
        Ok(result) => result.map_err(told),
        Err(_elapsed) => Err(json!({
            "error": "timeout",
            "message": format!("{name} did not end within {} seconds.", LIMIT.as_secs()),
        })),
    }
}

fn told(failure: Failure) -> Value {
    let Failure { error, message } = failure;
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
    use super::*;
    use crate::llm::registry::Registry;
    use crate::services::tab;

    fn call(id: &str, name: &str, input: Value) -> ToolCall {
        ToolCall { id: id.to_owned(), name: name.to_owned(), input: Ok(input) }
    }

    async fn results(balance: &str, calls: &[ToolCall]) -> Vec<(Value, bool)> {
        let registry = Registry::load(None).unwrap();
        let workshop = Workshop { registry: &registry, today: "2026-11-21".parse().unwrap() };
        let toolbox = Toolbox::of(vec![Tool::CostEstimator, Tool::Expensive]);
        let (tab, slips) = tab::open();
        let run = async {
            let results = run(&toolbox, workshop, &tab, calls).await;
            drop(tab);
            results
        };
        let (blocks, ()) = tokio::join!(run, slips.tell(Usd(balance.parse().unwrap())));
        let result = |block| match block {
            Block::ToolResult { content, is_error, .. } => {
                (serde_json::from_str(&content).unwrap(), is_error)
            }
            other => panic!("{other:?} is no result"),
        };
        blocks.into_iter().map(result).collect()
    }

    #[tokio::test]
    async fn a_paid_tool_is_refused_below_zero_with_what_the_model_can_tell() {
        let paid = call("1", "expensive", json!({}));
        let free = call("2", "cost_estimator", json!({"input_chars": 1, "output_chars": 1}));
        let below = results("-0.000000001", &[paid.clone(), free.clone()]).await;
        assert_eq!(below[0].0["error"], "insufficient_balance");
        assert_eq!(below[0].0["balance_usd"], "-0.000000001");
        assert_eq!(below[0].0["tool_name"], "expensive");
        assert!(below[0].1 && below[0].0["message"].as_str().unwrap().contains("/pay"));
        assert!(!below[1].1, "what is free works at any balance");
        let zero = results("0", &[paid, free]).await;
        assert_eq!(zero[0], (json!({"done": true}), false));
    }

    #[tokio::test]
    async fn results_come_in_the_order_of_the_calls_whatever_they_are() {
        let broken = ToolCall { input: Err("ends early".into()), ..call("1", "expensive", json!({})) };
        let unknown = call("2", "of_tomorrow", json!({}));
        let wrong = call("3", "cost_estimator", json!({"input_chars": "many"}));
        let results = results("1", &[broken, unknown, wrong]).await;
        let errors: Vec<&str> = results.iter().map(|(result, _)| result["error"].as_str().unwrap()).collect();
        assert_eq!(errors, ["invalid_arguments", "unknown_tool", "invalid_arguments"]);
        assert!(results.iter().all(|(_, is_error)| *is_error));
    }
}
