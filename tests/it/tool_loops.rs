//! Loops of tool calls: how long they go on, and what wrong calls of the model lead to.

use playground::anthropic::{Reply, Step, StopReason};
use serde_json::{Value, json};

use crate::harness::Bot;

fn call(name: &str, input: Value) -> Reply {
    let call = Step::ToolUse { name: name.to_owned(), input };
    Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)])
}

#[tokio::test]
async fn a_model_that_never_stops_calling_tools_is_asked_for_an_answer_after_25_rounds() {
    let bot = Bot::start().await;
    for _ in 0..25 {
        bot.model.script(call("cost_estimator", json!({"input_chars": 1, "output_chars": 1})));
    }
    bot.model.script(Reply::text("Here is what I have."));
    assert_eq!(bot.ask("estimate everything").await, "Here is what I have.");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'complete'", 1).await;
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 26);
    assert!(requests[..25].iter().all(|request| request.body["tool_choice"].is_null()));
    assert_eq!(requests[25].body["tool_choice"]["type"], "none");
    let told = requests[25].newest_user_text();
    assert!(told.contains("used all rounds"), "{told}");
    let rows = "SELECT count(*) FROM tool_calls WHERE NOT failed";
    bot.database.until(rows, 25).await;
    bot.end().await;
}

#[tokio::test]
async fn wrong_calls_of_the_model_become_results_and_the_turn_ends_well() {
    let bot = Bot::start().await;
    let wrong = [
        ("cost_estimator", json!({})),
        ("cost_estimator", json!({"input_chars": "many", "output_chars": 1})),
        ("cost_estimator", json!({"input_chars": 1, "output_chars": 1, "colour": "red"})),
        ("cost_estimator", json!({"input_chars": -1, "output_chars": 1})),
        ("deliver_file", json!({"file_id": "x".repeat(100_000)})),
        ("list_files", json!({"file_id": {"a": []}})),
        ("no_such_tool", json!({})),
    ];
    let calls =
        wrong.iter().map(|(name, input)| Step::ToolUse { name: (*name).to_owned(), input: input.clone() });
    bot.model.script(Reply::steps(calls.chain([Step::Stop(StopReason::ToolUse)]).collect()));
    bot.model.script(Reply::text("That did not work."));
    assert_eq!(bot.ask("try everything").await, "That did not work.");
    let requests = bot.model.requests();
    let results = requests[1].body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), wrong.len());
    for (result, (name, _)) in results.iter().zip(&wrong) {
        assert_eq!(result["is_error"], true, "{name}: {result}");
        let content = result["content"].as_str().unwrap();
        assert!(content.len() < 200_000, "{name}: {} bytes", content.len());
    }
    let rows = "SELECT count(*) FROM tool_calls WHERE failed";
    bot.database.until(rows, 7).await;
    bot.end().await;
}

#[tokio::test]
async fn arguments_of_ten_megabytes_end_in_a_second_try() {
    let bot = Bot::start().await;
    bot.model.script(call("deliver_file", json!({"file_id": "x".repeat(10_000_000)})));
    bot.model.script(Reply::text("That was too much."));
    assert_eq!(bot.ask("send it").await, "That was too much.");
    bot.end().await;
}
