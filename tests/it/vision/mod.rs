//! `analyze_image` and `analyze_pdf`: a question to a model about one file, of which it sees no more than was
//! asked for; paid with the turn to the last digit, cheaper for the next question, stopped with the turn.

mod refused;
mod seen;
mod setbacks;

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use rust_decimal::Decimal;
use serde_json::Value;
use starling::domain::file_id::PublicFileId;

use crate::harness::{Bot, prices};

const PDF: &str = "application/pdf";
const OPEN: &str = "SELECT count(*) FROM turns WHERE state = 'open'";

/// Lets the model call a tool with these arguments in one round.
fn calls(bot: &Bot, tool: &str, inputs: Vec<Value>) {
    let call = |input| Step::ToolUse { name: tool.to_owned(), input };
    let steps = inputs.into_iter().map(call).chain([Step::Stop(StopReason::ToolUse)]).collect();
    bot.model.script(Reply::steps(steps));
}

/// Returns the results of the newest tool calls in a request.
fn results(request: &Recorded) -> Vec<Value> {
    let newest = request.body["messages"].as_array().unwrap().last().unwrap();
    let results = newest["content"].as_array().unwrap().iter().filter(|block| block["type"] == "tool_result");
    let read = |result: &Value| {
        let content = &result["content"];
        serde_json::from_str(content.as_str().or(content[0]["text"].as_str()).unwrap()).unwrap()
    };
    results.map(read).collect()
}

/// Lets the model call a tool once; returns the result, and the request in which the file was seen.
async fn asked(bot: &Bot, tool: &str, input: Value) -> (Value, Option<Recorded>) {
    let before = bot.model.requests().len();
    calls(bot, tool, vec![input]);
    bot.ask("Go on.").await;
    let new = bot.model.requests().split_off(before);
    let result = results(new.last().unwrap()).swap_remove(0);
    (result, (new.len() == 3).then(|| new[1].clone()))
}

/// Returns the ids of the files that people have sent, oldest first.
async fn ids(bot: &Bot) -> Vec<String> {
    let rows: Vec<String> = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id")
        .fetch_all(bot.books())
        .await
        .unwrap();
    rows.iter().map(|row| PublicFileId::from_column(row).unwrap().to_string()).collect()
}

/// Returns the blocks of the only message of a request.
fn blocks(request: &Recorded) -> Vec<Value> {
    let messages = request.body["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 1, "one message of the user");
    messages[0]["content"].as_array().unwrap().clone()
}

/// Returns what all turns have cost.
async fn charged(bot: &Bot) -> Decimal {
    bot.database.until(OPEN, 0).await;
    sqlx::query_scalar("SELECT coalesce(sum(-amount), 0) FROM balance_operations WHERE kind = 'usage'")
        .fetch_one(bot.books())
        .await
        .unwrap()
}

fn cost_of_all(bot: &Bot) -> Decimal {
    prices::requests(&bot.model.requests())
}
