//! `self_critique`: a paid tool. Its money is held before it runs, it is refused without money, it is bounded
//! by its own limit, and it is charged with the turn to the last digit, even if the turn is cut.

mod limits;
mod verdicts;

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::harness::Bot;

const VERDICT: &str = r#"{"verdict": "NEEDS_IMPROVEMENT", "alignment_score": 60, "confidence": 90,
    "issues": [{"severity": "major", "description": "2 + 2 is not 5", "location": "line 1"}],
    "recommendations": ["Write 4."], "summary": "One number is wrong."}"#;

fn check(work: &str) -> Step {
    let input = json!({"user_request": "What is 2 + 2?", "content": work, "focus_areas": ["accuracy"]});
    Step::ToolUse { name: "self_critique".to_owned(), input }
}

fn estimate() -> Step {
    let input = json!({"input_chars": 1, "output_chars": 1});
    Step::ToolUse { name: "cost_estimator".to_owned(), input }
}

fn tools(calls: Vec<Step>) -> Reply {
    Reply::steps(calls.into_iter().chain([Step::Stop(StopReason::ToolUse)]).collect())
}

async fn charged(bot: &Bot) -> Vec<Decimal> {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    sqlx::query_scalar("SELECT -amount FROM balance_operations WHERE kind = 'usage'")
        .fetch_all(bot.books())
        .await
        .unwrap()
}

/// Returns the tool results in the newest message of a request.
fn results(request: &Recorded) -> Vec<Value> {
    let newest = request.body["messages"].as_array().unwrap().last().unwrap();
    let blocks = newest["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
    blocks
        .map(|block| {
            let content =
                block["content"].as_str().unwrap_or_else(|| block["content"][0]["text"].as_str().unwrap());
            serde_json::from_str(content).unwrap()
        })
        .collect()
}

fn python(code: &str) -> Step {
    Step::ToolUse { name: "execute_python".to_owned(), input: json!({ "code": code }) }
}
