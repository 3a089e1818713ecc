//! Loops of tool calls: how long they go on, and what wrong calls of the model lead to.

use playground::anthropic::{Reply, Step, StopReason};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, Bot, GROUP};

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

/// Returns the blocks of a request's messages, in order, each as its role, type and what identifies it.
fn outline(body: &Value) -> Vec<String> {
    let block = |role: &Value, block: &Value| {
        let word = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
        let what = match block["type"].as_str().unwrap() {
            "text" => word("text"),
            "tool_use" => format!("{} {}", word("name"), block["input"]),
            "tool_result" => word("content").chars().take(12).collect(),
            other => other.to_owned(),
        };
        format!("{} {}", role.as_str().unwrap(), what)
    };
    let messages = body["messages"].as_array().unwrap().iter();
    messages
        .flat_map(|message| {
            let blocks = message["content"].as_array().unwrap().iter();
            blocks.map(|part| block(&message["role"], part)).collect::<Vec<_>>()
        })
        .collect()
}

#[tokio::test]
async fn the_next_prompt_has_the_calls_of_an_answer_and_their_results() {
    let mut bot = Bot::start().await;
    let input = json!({"input_chars": 1_000, "output_chars": 10});
    let first = Step::ToolUse { name: "cost_estimator".to_owned(), input };
    bot.model.script(Reply::steps(vec![
        Step::Text("Let me see.".to_owned()),
        first,
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::text("Little."));
    bot.ask("what does it cost?").await;
    bot.ask("and now?").await;
    let expected = [
        "user what does it cost?",
        "assistant Let me see.",
        r#"assistant cost_estimator {"input_chars":1000,"output_chars":10}"#,
        r#"user {"estimates""#,
        "assistant Little.",
        "user and now?",
    ];
    let outlined = |bot: &Bot| outline(&bot.model.requests().last().unwrap().body);
    assert_eq!(outlined(&bot), expected, "from the cached history");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.kill().await;
    bot.run().await;
    bot.ask("and after a restart?").await;
    assert_eq!(outlined(&bot)[..6], expected, "from PostgreSQL");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_was_stopped_while_a_tool_ran_leaves_no_open_call() {
    let bot = Bot::start().await;
    bot.model.script(call("cost_estimator", json!({"input_chars": 1, "output_chars": 1})));
    bot.model.script(Reply::steps(vec![Step::Hang]));
    bot.ann("estimate");
    bot.request(2).await;
    bot.ann("never mind");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'superseded'", 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'complete'", 1).await;
    let outlined = outline(&bot.model.requests().last().unwrap().body);
    assert_eq!(outlined.first().map(String::as_str), Some("user estimate"));
    assert!(outlined.iter().any(|line| line.starts_with("assistant cost_estimator")), "{outlined:?}");
    assert!(!bot.answers(ANN).is_empty());
    bot.end().await;
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the share is a figure to read")]
async fn a_conversation_of_five_rounds_reads_most_of_its_input_from_the_cache() {
    let bot = Bot::start().await;
    // A conversation as people have it: a long text is discussed, then worked on with tools.
    bot.ask(&format!("Read this: {}", "Жил-был у бабушки серенький козлик. ".repeat(100))).await;
    for number in 1..=5_u32 {
        let input = json!({"input_chars": 1_000 * number, "output_chars": 500});
        bot.model.script(Reply::steps(vec![
            Step::Text(format!("Part {number} of the estimate: {}", "a sentence about it. ".repeat(20))),
            Step::ToolUse { name: "cost_estimator".to_owned(), input },
            Step::Stop(StopReason::ToolUse),
        ]));
    }
    bot.model.script(Reply::text("That is all."));
    bot.ask("what would it cost in five editions?").await;
    bot.ask("thank you").await;
    let share = |requests: &[playground::anthropic::Recorded]| {
        let tokens = |field: &str| -> u64 {
            requests.iter().map(|request| request.usage[field].as_u64().unwrap_or_default()).sum()
        };
        let read = tokens("cache_read_input_tokens");
        read * 100 / (read + tokens("input_tokens") + tokens("cache_creation_input_tokens"))
    };
    let requests = bot.model.requests();
    let (rounds, next) = (share(&requests[1..7]), share(&requests[7..]));
    println!("read from the cache: {rounds} % of the input of the six requests, {next} % of the next turn's");
    assert!(rounds >= 80, "{rounds} %");
    assert!(next >= 60, "{next} %");
    bot.end().await;
}

#[tokio::test]
async fn at_the_limit_of_one_request_the_person_is_asked_whether_to_go_on() {
    let bot = Bot::with([("TURN_LIMIT_USD", "0.10")]).await;
    for number in 1..=2 {
        // Each round costs about six cents for the text, and a little for the prompt.
        let text = format!("Part {number} {}", "x".repeat(24_000));
        let input = json!({"input_chars": 1, "output_chars": 1});
        let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
        bot.model.script(Reply::steps(vec![Step::Text(text), call, Step::Stop(StopReason::ToolUse)]));
    }
    bot.model.script(Reply::text("Two parts are done, three are left."));
    bot.ann("work hard");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'turn_limit'", 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 3);
    let last = requests.last().unwrap();
    assert_eq!(last.body["tool_choice"]["type"], "none");
    assert!(last.newest_user_text().contains("the most that one request may cost"));
    let asking = bot.telegram.messages(ANN).into_iter().rfind(|message| message.from_bot).unwrap();
    assert!(asking.text.ends_with("Shall I go on?"), "{}", asking.text);
    // However often it is pressed, the model goes on once.
    let before = bot.answers(ANN).len();
    bot.telegram.press(ANN, ANN, asking.id, "go:on");
    bot.telegram.press(ANN, ANN, asking.id, "go:on");
    assert!(bot.answer(ANN, before + 1).await.contains("You said: Go on."));
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.database.until("SELECT count(*) FROM turns", 2).await;
    let prompt = outline(&bot.model.requests().last().unwrap().body);
    assert_eq!(prompt.last().map(String::as_str), Some("user Go on."));
    assert!(prompt.iter().any(|line| line.starts_with("assistant cost_estimator")), "{prompt:?}");
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_the_model_goes_on_only_for_the_person_who_pays() {
    let bot = Bot::with([("TURN_LIMIT_USD", "0.10")]).await;
    let input = json!({"input_chars": 1, "output_chars": 1});
    let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
    let words = Step::Text("x".repeat(48_000));
    bot.model.script(Reply::steps(vec![words, call, Step::Stop(StopReason::ToolUse)]));
    bot.model.script(Reply::text("One part is done."));
    bot.telegram.say(GROUP, ANN, "@starling_bot work hard");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'turn_limit'", 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let asking = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    assert!(asking.text.ends_with("Shall I go on?"), "{}", asking.text);
    let told = bot.tap(GROUP, BOB, asking.id, "go:on").await;
    assert_eq!(told.as_deref(), Some("This button is for somebody else."));
    assert_eq!(bot.tap(GROUP, ANN, asking.id, "go:on").await, None);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    let asked = "SELECT count(DISTINCT threads.user_id) FROM turns JOIN threads ON threads.id = thread_id";
    assert_eq!(bot.database.count(asked).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn the_model_knows_the_day_and_the_shared_instructions_stay_cached() {
    let bot = Bot::start().await;
    let asked = chrono::Utc::now();
    bot.ask("what day is it?").await;
    let request = &bot.model.requests()[0];
    let system = request.body["system"].as_array().unwrap();
    let dated = system[1]["text"].as_str().unwrap();
    // The test may run across midnight.
    let days =
        [asked, chrono::Utc::now()].map(|day| format!("Today is {} (UTC).", day.format("%a %Y-%m-%d")));
    assert!(days.iter().any(|day| day == dated), "{dated}");
    assert_eq!(
        system[0]["cache_control"]["ttl"], "1h",
        "the date stands behind what all conversations share"
    );
    assert!(system[1]["cache_control"].is_null());
    bot.end().await;
}
