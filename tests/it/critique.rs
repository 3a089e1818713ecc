//! `self_critique`: a paid tool. Its money is held before it runs, it is refused without money, it is bounded
//! by its own limit, and it is charged with the turn to the last digit, even if the turn is cut.

use playground::anthropic::{Gate, Recorded, Reply, Step, StopReason};
use playground::telegram::NewFile;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;

use crate::harness::{ANN, BOUND, Bot, exact, prices};
use crate::python::Lab;

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

#[tokio::test]
async fn a_critic_works_in_rounds_of_its_own_and_everything_is_paid_once() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(tools(vec![Step::Text("I let it be checked.".to_owned()), check("2 + 2 = 5")]));
    bot.model.script(tools(vec![Step::Gate(gate), Step::Text("I look at it.".to_owned()), estimate()]));
    bot.model.script(Reply::text(format!("```json\n{VERDICT}\n```")));
    bot.model.script(Reply::text("It is 4."));
    bot.ann("2 + 2? Check it!");
    let critic = bot.request(2).await;
    let held: Decimal = sqlx::query_scalar("SELECT held FROM users WHERE id = $1")
        .bind(ANN)
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert!(held >= Decimal::new(5, 1), "{held} are held while the critic works");
    keeper.open();
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    I let it be checked.

    It is 4.
    ");
    assert_eq!(critic.body["model"], "claude-opus-5-5");
    let offered: Vec<&str> =
        critic.body["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(!offered.contains(&"self_critique"), "a critic calls no critic: {offered:?}");
    let asked = critic.newest_user_text();
    assert!(asked.contains("2 + 2 = 5") && asked.contains(r#"["accuracy"]"#), "{asked}");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 4);
    let verdict = &results(&requests[3])[0];
    assert_eq!((&verdict["verdict"], &verdict["rounds"]), (&json!("NEEDS_IMPROVEMENT"), &json!(2)));
    assert_eq!(verdict["issues"][0]["description"], "2 + 2 is not 5");
    let of_critic = prices::request(&requests[1]) + prices::request(&requests[2]);
    assert_eq!(verdict["cost_usd"].as_str().unwrap().parse::<Decimal>().unwrap(), of_critic);
    assert_eq!(charged(&bot).await, [requests.iter().map(prices::request).sum::<Decimal>()]);
    bot.database.until("SELECT count(*) FROM tool_calls WHERE tool = 'self_critique' AND cost > 0", 1).await;
    bot.end().await;
}

#[tokio::test]
async fn without_half_a_dollar_nothing_is_checked_and_the_model_can_say_why() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.3")]).await;
    bot.model.script(tools(vec![check("2 + 2 = 5"), estimate()]));
    bot.model.script(Reply::text("Unchecked: 5."));
    assert_eq!(bot.ask("2 + 2? Check it!").await, "Unchecked: 5.");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 2, "no critic was asked");
    let refused = &results(&requests[1]);
    assert_eq!(
        (&refused[0]["error"], &refused[0]["required_usd"]),
        (&json!("insufficient_balance"), &json!("0.5"))
    );
    assert!(refused[0]["message"].as_str().unwrap().contains("/pay"));
    assert!(refused[1]["error"].is_null(), "what is free works: {}", refused[1]);
    assert_eq!(charged(&bot).await, [requests.iter().map(prices::request).sum::<Decimal>()]);
    bot.end().await;
}

#[tokio::test]
async fn of_two_checks_side_by_side_only_one_is_covered() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.9")]).await;
    bot.model.script(tools(vec![check("one"), check("two")]));
    bot.model.script(Reply::text(VERDICT));
    bot.model.script(Reply::text("Half checked."));
    assert_eq!(bot.ask("Check both!").await, "Half checked.");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 3);
    let results = results(&requests[2]);
    assert_eq!(results[0]["verdict"], "NEEDS_IMPROVEMENT");
    assert_eq!(results[1]["error"], "insufficient_balance");
    bot.end().await;
}

#[tokio::test]
async fn a_critic_that_goes_in_circles_has_to_come_to_its_end() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    bot.model.script(tools(vec![check("2 + 2 = 5")]));
    for _ in 0..7 {
        bot.model.script(tools(vec![estimate()]));
    }
    bot.model.script(Reply::text(VERDICT));
    bot.model.script(Reply::text("It is 4."));
    assert_eq!(bot.ask("Check it!").await, "It is 4.");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 10);
    let last = &requests[8];
    assert_eq!(last.body["tool_choice"]["type"], "none");
    assert!(last.newest_user_text().contains("Give your verdict now"), "{}", last.newest_user_text());
    assert_eq!(results(&requests[9])[0]["rounds"], 8);
    bot.end().await;
}

#[tokio::test]
async fn a_critic_that_talks_too_much_stays_below_its_limit_and_still_judges() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    bot.model.script(tools(vec![check("2 + 2 = 5")]));
    // Six thousand tokens of Opus: twelve cents and more.
    bot.model.script(tools(vec![Step::Text("so ".repeat(8_000)), estimate()]));
    bot.model.script(Reply::text(VERDICT));
    bot.model.script(Reply::text("It is 4."));
    assert_eq!(bot.ask("Check it!").await, "It is 4.");
    let requests = bot.model.requests();
    let last = requests.last().unwrap();
    assert_eq!(results(last)[0]["verdict"], "NEEDS_IMPROVEMENT", "{}", results(last)[0]);
    assert_eq!(requests[2].body["tool_choice"]["type"], "none", "it is asked for its end in time");
    let limits: Vec<u64> =
        requests.iter().map(|request| request.body["max_tokens"].as_u64().unwrap()).collect();
    let of_critic = &requests[1..requests.len() - 1];
    assert!(of_critic.iter().map(prices::request).sum::<Decimal>() <= Decimal::new(5, 1), "{limits:?}");
    assert!(limits[1] < limits[0], "something is kept back for a last answer: {limits:?}");
    bot.end().await;
}

#[tokio::test]
async fn tries_that_fail_after_their_usage_count_towards_the_limit() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    bot.model.script(tools(vec![check(&"2 + 2 = 5. ".repeat(5_000))]));
    for _ in 0..3 {
        let (kind, message) = ("overloaded_error".to_owned(), "Overloaded".to_owned());
        bot.model.script(Reply::steps(vec![Step::Error { kind, message }]));
    }
    bot.ask("Check it!").await;
    let requests = bot.model.requests();
    let of_critic = &requests[1..requests.len() - 1];
    assert!(of_critic.len() > 1, "it is tried again");
    assert!(of_critic.iter().map(prices::request).sum::<Decimal>() <= Decimal::new(5, 1));
    let limits: Vec<u64> =
        of_critic.iter().map(|request| request.body["max_tokens"].as_u64().unwrap()).collect();
    assert!(limits.is_sorted_by(|one, next| one >= next), "{limits:?}");
    bot.end().await;
}

#[tokio::test]
async fn what_is_no_verdict_is_told_and_paid() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    bot.model.script(tools(vec![check("2 + 2 = 5")]));
    bot.model.script(Reply::text("Looks fine to me."));
    bot.model.script(Reply::text("Unchecked: 5."));
    assert_eq!(bot.ask("Check it!").await, "Unchecked: 5.");
    let requests = bot.model.requests();
    let told = &results(&requests[2])[0];
    assert_eq!(told["error"], "no_verdict");
    assert!(told["message"].as_str().unwrap().contains("Looks fine to me."));
    assert_eq!(charged(&bot).await, [requests.iter().map(prices::request).sum::<Decimal>()]);
    bot.end().await;
}

#[tokio::test]
async fn a_stop_cuts_the_critic_too_and_what_it_used_is_paid() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(tools(vec![Step::Text("I let it be checked.".to_owned()), check("2 + 2 = 5")]));
    bot.model.script(Reply::steps(vec![Step::Text("Hm".to_owned()), Step::Gate(gate)]));
    bot.ann("Check it!");
    bot.database.until("SELECT count(*) FROM model_calls WHERE call = 1", 1).await;
    bot.ann("/stop");
    bot.request_end(2).await;
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.starts_with("I let it be checked."), "{answer}");
    assert_eq!(charged(&bot).await, [bot.model.requests().iter().map(prices::request).sum::<Decimal>()]);
    bot.database.until("SELECT count(*) FROM model_calls WHERE ended = 'cut' AND payer = 'user'", 1).await;
    drop(keeper);
    bot.end().await;
}

/// The chat shows one line for the critic; the critic's own text stays hidden.
#[tokio::test]
async fn the_chat_shows_that_something_is_checked_and_nothing_of_what_the_critic_says() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "2")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(tools(vec![check("2 + 2 = 5")]));
    bot.model.script(Reply::steps(vec![Step::Text("MUTTERING".to_owned()), Step::Gate(gate)]));
    bot.model.script(Reply::text("Unchecked."));
    bot.ann("Check it!");
    let line = bot.telegram.until("the line of the tool", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains("🔧 checking the answer")).map(drop)
    });
    line.await.unwrap();
    keeper.open();
    bot.answer(ANN, 1).await;
    assert!(!bot.screen(ANN).contains("MUTTERING"), "{}", bot.screen(ANN));
    bot.end().await;
}

fn python(code: &str) -> Step {
    Step::ToolUse { name: "execute_python".to_owned(), input: json!({ "code": code }) }
}

fn usd(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_a_critic_computes_and_looks_at_is_part_of_what_the_check_costs() {
    let lab = Lab::with([("STARTER_BALANCE_USD", "0.7")]).await;
    let bot = &lab.bot;
    bot.telegram.send(ANN, ANN, NewFile::photo(64, 64).captioned("Here."));
    bot.answer(ANN, 1).await;
    let id: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap();
    let file = PublicFileId::from_column(&id).unwrap().to_string();
    let look = Step::ToolUse {
        name: "analyze_image".to_owned(),
        input: json!({"file_id": file, "question": "Is it a cat?"}),
    };
    bot.model.script(tools(vec![check("2 + 2 = 5, and the picture shows a cat.")]));
    bot.model.script(tools(vec![python("import time\ntime.sleep(1)\n2 + 2"), look]));
    bot.model.script(Reply::text("It is a square."));
    bot.model.script(Reply::text(VERDICT));
    bot.model.script(Reply::text("It is 4."));
    bot.ann("2 + 2? Check it!");
    assert_eq!(bot.answer(ANN, 2).await, "It is 4.");
    // The question, the answer with the check, the critic, the model that looks, the critic, the answer.
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 6);
    let found = results(&requests[4]);
    assert_eq!((&found[0]["value"], &found[1]["answer"]), (&json!("4"), &json!("It is a square.")));
    let computed = usd(&found[0]["cost_usd"]);
    assert!(computed >= Decimal::new(5, 5), "a second of Python costs more than {computed}");
    assert_eq!(usd(&found[1]["cost_usd"]), prices::request(&requests[3]));
    let verdict = &results(&requests[5])[0];
    let of_check = computed + requests[2..5].iter().map(prices::request).sum::<Decimal>();
    assert_eq!(usd(&verdict["cost_usd"]), of_check, "{verdict}");
    let all = computed + requests.iter().map(prices::request).sum::<Decimal>();
    assert_eq!(charged(bot).await.into_iter().sum::<Decimal>(), all);
    lab.end().await;
}

#[tokio::test]
async fn a_critic_computes_nothing_that_its_limit_does_not_cover() {
    // At this price a run of the usual length may cost $0.72, which is more than a whole check.
    let table = include_str!("../../src/llm/models.toml");
    let dear = table.replace("price = \"0.00005\"", "price = \"0.001\"");
    assert_ne!(dear, table);
    let file = std::env::temp_dir().join(format!("starling-models-{}.toml", std::process::id()));
    std::fs::write(&file, dear).unwrap();
    let settings = [("STARTER_BALANCE_USD", "5"), ("MODELS_FILE", file.to_str().unwrap())];
    let lab = Lab::with(settings).await;
    let bot = &lab.bot;
    bot.model.script(tools(vec![check("2 + 2 = 5")]));
    bot.model.script(tools(vec![python("2 + 2")]));
    bot.model.script(Reply::text(VERDICT));
    bot.model.script(Reply::text("It is 4."));
    assert_eq!(bot.ask("2 + 2? Check it!").await, "It is 4.");
    let requests = bot.model.requests();
    let refused = &results(&requests[2])[0];
    assert_eq!(refused["error"], "limit_reached");
    assert!(refused["message"].as_str().unwrap().contains("up to $0.72"), "{refused}");
    assert!(lab.e2b.calls().is_empty(), "no sandbox was used");
    assert_eq!(charged(bot).await, [requests.iter().map(prices::request).sum::<Decimal>()]);
    lab.end().await;
    std::fs::remove_file(file).unwrap();
}
