//! Streams that deviate from the model API's documentation: the answer arrives once and is charged.

use std::time::Duration;

use playground::anthropic::{Reply, Step, StopReason};
use serde_json::{Value, json};

use crate::harness::{ANN, Bot, conversation};

/// An answer that is sent exactly as given, byte for byte.
fn raw(events: &[&str]) -> Reply {
    Reply::steps(vec![Step::Raw(events.iter().map(|&event| event.to_owned()).collect())])
}

const START: &str = r#"{"type":"message_start","message":{"usage":{"input_tokens":400,"output_tokens":1}}}"#;
const BLOCK: &str = r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#;
const END: &str =
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn says(text: &str) -> String {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
        .to_string()
}

#[tokio::test]
async fn usage_that_is_not_reported_is_estimated_paid_and_marked() {
    let bot = Bot::start().await;
    let words = "word ".repeat(60);
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":-1}}"#;
    for usage in ["null", r#"{"input_tokens":null,"output_tokens":3}"#, r#"{"input_tokens":1e300}"#] {
        let start = format!(r#"{{"type":"message_start","message":{{"usage":{usage}}}}}"#);
        bot.model.script(raw(&[&start, BLOCK, &says(&words), end, STOP]));
        assert_eq!(bot.ask("hello").await, words.trim());
    }
    // Only text and a stop event, without a start event.
    bot.model.script(raw(&[&says(&words), STOP]));
    assert_eq!(bot.ask("hello").await, words.trim());
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let calls: Vec<(i64, i64, bool)> =
        sqlx::query_as("SELECT input, output, estimated AND cost > 0 FROM model_calls ORDER BY turn_id")
            .fetch_all(bot.books())
            .await
            .unwrap();
    assert_eq!(calls.len(), 4);
    for (input, output, paid_and_marked) in calls {
        // 300 characters are a hundred tokens; the prompt has instructions of some size.
        assert!(input > 100 && output == 100 && paid_and_marked, "{input} {output} {paid_and_marked}");
    }
    assert!(bot.has_logged("usage was not reported"));
    bot.ask("and now as usual").await;
    let usual = "SELECT count(*) FROM model_calls WHERE NOT estimated";
    bot.database.until(usual, 1).await;
    bot.end().await;
}

#[tokio::test]
async fn an_answer_is_complete_when_the_model_has_said_why_it_ends() {
    let bot = Bot::with([("ANTHROPIC_IDLE_SECONDS", "1")]).await;
    let last_words = |last: Step| {
        let events = [START, BLOCK, &says("All of it."), END].map(str::to_owned).to_vec();
        Reply::steps(vec![Step::Raw(events), last])
    };
    // First the stream ends early, then it stays open, with and without keep-alive events.
    for last in [Step::Cut, Step::Hang, Step::Pings(Duration::from_millis(100))] {
        bot.model.script(last_words(last));
        assert_eq!(bot.ask("tell me").await, "All of it.");
    }
    assert_eq!(bot.model.requests().len(), 3, "nothing is asked again");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let calls = "SELECT count(*) FROM model_calls WHERE ended = 'end_turn' AND output = 20 AND NOT estimated";
    assert_eq!(bot.database.count(calls).await, 3);
    bot.end().await;
}

#[tokio::test]
async fn a_stream_of_nothing_but_pings_is_given_up_and_asked_again() {
    let bot = Bot::with([("ANTHROPIC_MAX_SILENCE_SECONDS", "1")]).await;
    let pings = || Step::Pings(Duration::from_millis(50));
    bot.model.script(Reply::steps(vec![pings()]));
    bot.model.script(Reply::steps(vec![Step::Text("I was about to".to_owned()), pings()]));
    bot.model.script(Reply::text(" say this."));
    assert_eq!(bot.ask("say it").await, "I was about to say this.");
    let ended: Vec<String> = sqlx::query_scalar("SELECT ended FROM model_calls ORDER BY call")
        .fetch_all(bot.books())
        .await
        .unwrap();
    assert_eq!(ended, ["silent", "silent", "end_turn"]);
    bot.end().await;
}

#[tokio::test]
async fn a_tool_that_is_called_under_another_reason_is_run() {
    let bot = Bot::start().await;
    for reason in [StopReason::EndTurn, StopReason::StopSequence] {
        let input = json!({"input_chars": 10, "output_chars": 10});
        let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
        bot.model.script(Reply::steps(vec![Step::Text("Let me see.".to_owned()), call, Step::Stop(reason)]));
        bot.model.script(Reply::text("Little."));
        assert_eq!(bot.ask("what does it cost?").await, "Let me see.\n\nLittle.");
    }
    let result = |request: usize| -> Value {
        let requests = bot.model.requests();
        let content = requests[request].body["messages"].as_array().unwrap().last().unwrap().clone();
        content["content"][0].clone()
    };
    assert_eq!(
        (result(1)["type"].as_str(), result(1)["is_error"].as_bool()),
        (Some("tool_result"), Some(false))
    );
    assert_eq!(result(3)["type"], "tool_result");
    bot.end().await;
}

#[tokio::test]
async fn a_tool_call_whose_end_may_be_missing_is_not_run_and_the_model_is_told_once() {
    let bot = Bot::start().await;
    let input = json!({"input_chars": 10, "output_chars": 10});
    let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
    let cut = || Reply::steps(vec![call.clone(), Step::Stop(StopReason::MaxTokens)]);
    bot.model.script(cut());
    bot.model.script(Reply::text("In smaller steps, then."));
    assert_eq!(bot.ask("what does it cost?").await, "In smaller steps, then.");
    let requests = bot.model.requests();
    let result = &requests[1].body["messages"].as_array().unwrap().last().unwrap()["content"][0];
    assert_eq!((result["type"].as_str(), result["is_error"].as_bool()), (Some("tool_result"), Some(true)));
    assert!(result["content"].as_str().unwrap().contains("was not run"), "{result}");
    bot.model.script(cut());
    bot.model.script(cut());
    let answer = bot.ask("and now?").await;
    assert!(answer.contains("The model gave no answer"), "{answer}");
    assert_eq!(bot.model.requests().len(), 4);
    assert_eq!(bot.database.count("SELECT count(*) FROM tool_calls").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn an_emoji_in_two_halves_is_shown_and_half_of_one_is_not() {
    let bot = Bot::start().await;
    let half = |half: &str| {
        format!(
            r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{half}"}}}}"#
        )
    };
    let (first, second, alone) = (half(r"Hi \ud83d"), half(r"\ude00!"), half(r" \ud83d"));
    bot.model.script(raw(&[START, BLOCK, &first, &second, &alone, &says(" Bye."), END, STOP]));
    assert_eq!(bot.ask("hello").await, "Hi 😀!  Bye.");
    bot.ask("next").await;
    assert_eq!(conversation(&bot.request(2).await)[1], "assistant: Hi 😀!  Bye.");
    assert_eq!(bot.answers(ANN).len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_without_places_names_and_beginnings_is_read() {
    let bot = Bot::start().await;
    bot.model.script(raw(&[
        "not json",
        r#"{"type":"message_start","message":null}"#,
        r#"{"type":"content_block_delta","index":null,"delta":{"type":"text_delta","text":"One"}}"#,
        START,
        r#"{"type":"content_block_delta","delta":{"text":", two"}}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"brand_new","x":1e999}}"#,
        r#"{"type":"content_block_delta","index":7,"delta":{"type":"text_delta","text":", three."}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"because"},"usage":{"output_tokens":"9"}}"#,
    ]));
    assert_eq!(bot.ask("count").await, "One, two, three.");
    assert_eq!(bot.model.requests().len(), 1);
    bot.database.until("SELECT count(*) FROM model_calls WHERE ended = 'because' AND output = 9", 1).await;
    bot.end().await;
}
