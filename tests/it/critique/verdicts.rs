//! What a critic does and says, what the chat shows of it, and what all of it costs, also after a stop.

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::NewFile;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;

use super::{VERDICT, charged, check, estimate, python, results, tools};
use crate::harness::{ANN, BOUND, Bot, exact, prices};
use crate::python::Lab;

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
