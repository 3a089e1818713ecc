//! A critic stays within the balance of the person and within its own limits of money and rounds.

use playground::anthropic::{Reply, Step};
use rust_decimal::Decimal;
use serde_json::json;

use super::{VERDICT, charged, check, estimate, python, results, tools};
use crate::harness::{Bot, prices};
use crate::python::Lab;

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
async fn a_critic_computes_nothing_that_its_limit_does_not_cover() {
    // At this price a run of the usual length may cost $0.72, which is more than a whole check.
    let table = include_str!("../../../src/llm/models.toml");
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
