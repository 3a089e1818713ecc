//! `generate_image` when something goes wrong: refusals, faults of the service, little money, a stop, a
//! crash.

use std::time::Duration;

use futures::StreamExt;
use playground::anthropic::{Reply as Answer, Step, StopReason};
use playground::gemini::{ApiError, Outcome, Reply};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::drawing::{Drawn, Studio, charges, results, usd};
use crate::files_out::arrived;
use crate::harness::{ANN, BOUND, Bot};

fn cat() -> Value {
    json!({"prompt": "A cat"})
}

/// Lets the model draw once with this answer of the service; returns what it was told.
async fn told(studio: &Studio, reply: Reply, number: usize) -> Value {
    studio.gemini.script(reply);
    studio.draws("", &[cat()]);
    assert_eq!(studio.bot.ask("Draw a cat").await, "That is all.");
    results(&studio.bot.request(number * 2).await).remove(0).0
}

#[tokio::test]
async fn refusals_are_told_and_cost_what_the_service_counts() {
    let studio = Studio::open().await;
    for (number, (reply, error, says, cost)) in [
        (Reply::refused("IMAGE_SAFETY"), "policy", "rules about content", "0.001804"),
        (Reply::refused("PROHIBITED_CONTENT"), "policy", "rules about content", "0.001804"),
        (Reply::blocked("PROHIBITED_CONTENT"), "policy", "rules about content", "0.000004"),
        (Reply::refused("IMAGE_RECITATION"), "recitation", "somebody else's work", "0.001804"),
        (Reply::refused("NO_IMAGE"), "words_only", "drew nothing", "0.001804"),
        (Reply::words("I would rather not."), "words_only", "\"I would rather not.\"", "0.001864"),
        (Reply::raw(200, r#"{"candidates": null, "new": 1}"#), "words_only", "drew nothing", "0.000004"),
    ]
    .into_iter()
    .enumerate()
    {
        let told = told(&studio, reply, number + 1).await;
        assert_eq!(told["error"], json!(error), "{told}");
        assert!(told["message"].as_str().unwrap().contains(says), "{told}");
        let drawn = studio.calls().await.pop().unwrap();
        assert_eq!((drawn.ended.as_str(), drawn.cost), (error, usd(cost)), "{told}");
    }
    assert!(studio.bot.telegram.sent_media(ANN).is_empty());
    studio.end().await;
}

#[tokio::test]
async fn what_passes_is_tried_again_and_drawn_once() {
    let studio = Studio::open().await;
    let retry_info = ApiError::rate_limited("0.6s");
    for (number, fault) in [
        Reply::error(ApiError::overloaded()),
        Reply::error(ApiError::internal()),
        Reply::error(retry_info),
        Reply::error(ApiError::new(429, "RESOURCE_EXHAUSTED", "Slow down.").retry_after(1)),
        Reply::cut(),
        Reply::cut_midway(),
        Reply::raw(200, r#"{"candidates": ["#),
    ]
    .into_iter()
    .enumerate()
    {
        studio.gemini.script(fault);
        studio.draws("", &[cat()]);
        studio.bot.ann("Draw a cat");
        arrived(&studio.bot, ANN, number + 1).await;
        studio.settled().await;
        assert_eq!(studio.gemini.requests().len(), number * 2 + 2);
    }
    let costs: Vec<Decimal> = studio.calls().await.into_iter().map(|drawn| drawn.cost).collect();
    assert_eq!(costs, [usd("0.136204"); 7], "failed tries cost nothing");
    studio.end().await;
}

#[tokio::test]
async fn a_service_that_is_down_is_not_asked_again_in_the_turn() {
    let mut studio = Studio::with([("GOOGLE_TIMEOUT_SECONDS", "1")]).await;
    studio.bot.expect_error("the image service rejects the key or the model");
    studio.bot.expect_error("the quota of the image service is used up");
    let mut requests = 0;
    for (number, (reply, asked)) in [
        (Reply::error(ApiError::wrong_key()), 1),
        (Reply::error(ApiError::new(403, "PERMISSION_DENIED", "No.")), 1),
        (Reply::error(ApiError::new(401, "UNAUTHENTICATED", "No.")), 1),
        (Reply::error(ApiError::quota_of_the_day()), 1),
        (Reply::error(ApiError::rate_limited("3600s")), 1),
        (Reply::hang(), 1),
    ]
    .into_iter()
    .enumerate()
    {
        studio.gemini.script(reply);
        let call = || Step::ToolUse { name: "generate_image".to_owned(), input: cat() };
        for _ in 0..2 {
            studio.bot.model.script(Answer::steps(vec![call(), Step::Stop(StopReason::ToolUse)]));
        }
        studio.bot.model.script(Answer::text("It is down."));
        assert_eq!(studio.bot.ask("Draw a cat").await, "It is down.");
        for request in [2, 3] {
            let told = results(&studio.bot.request(number * 3 + request).await).remove(0).0;
            assert_eq!(told["error"], "service_down", "{told}");
            assert!(!told.to_string().contains("AIza") && !told.to_string().contains("127.0.0.1"), "{told}");
        }
        requests += asked;
        assert_eq!(studio.gemini.requests().len(), requests, "{number}");
    }
    assert!(studio.calls().await.iter().all(|drawn| drawn.cost == Decimal::ZERO));
    studio.end().await;
}

#[tokio::test]
async fn a_request_that_is_not_taken_and_an_answer_without_end_cost_nothing() {
    let studio = Studio::open().await;
    let invalid = Reply::error(ApiError::new(400, "INVALID_ARGUMENT", "A cat is not supported."));
    let answer = told(&studio, invalid, 1).await;
    assert_eq!(answer["error"], "rejected");
    assert!(!answer.to_string().contains("not supported"), "{answer}");
    let endless = Reply::raw(200, format!("{{\"candidates\": \"{}", "x".repeat(65 * 1024 * 1024)));
    assert_eq!(told(&studio, endless, 2).await["error"], "too_large");
    let nonsense = json!({"candidates": [{"content": {"parts": [
        {"inlineData": {"mimeType": "image/png", "data": "aGVsbG8="}}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 2, "candidatesTokenCount": 1120, "totalTokenCount": 1122}});
    assert_eq!(told(&studio, Reply::raw(200, nonsense.to_string()), 3).await["error"], "broken");
    let costs: Vec<Decimal> = studio.calls().await.into_iter().map(|drawn| drawn.cost).collect();
    assert_eq!(costs, [Decimal::ZERO, Decimal::ZERO, usd("0.134404")], "what was drawn was counted");
    studio.end().await;
}

#[tokio::test]
async fn of_ten_wishes_at_once_only_those_run_that_the_balance_covers() {
    let studio = Studio::with([("STARTER_BALANCE_USD", "1")]).await;
    let wishes: Vec<Value> = (0..10).map(|number| json!({"prompt": format!("Cat {number}")})).collect();
    studio.draws("", &wishes);
    studio.bot.ann("Ten cats, please");
    let told = results(&studio.bot.request(2).await);
    studio.settled().await;
    let refused = |told: &&(Value, Vec<Value>)| told.0["error"] == "insufficient_balance";
    let (drawn, without) = (studio.gemini.requests().len(), told.iter().filter(refused).count());
    // Each reserves about $0.17.
    assert_eq!((drawn, without), (5, 5), "{told:?}");
    assert_eq!(studio.bot.telegram.sent_media(ANN).len(), drawn);
    assert!(studio.bot.balance(ANN).await > usd("0.2"));
    let costs: Vec<Decimal> = studio.calls().await.into_iter().map(|drawn| drawn.cost).collect();
    assert_eq!(costs, vec![usd("0.136204"); drawn]);
    studio.end().await;
}

#[tokio::test]
async fn a_stop_ends_the_request_and_one_picture_is_charged_as_an_estimate() {
    let studio = Studio::open().await;
    let bot = &studio.bot;
    studio.gemini.script(Reply::hang());
    studio.draws("I draw.", &[cat()]);
    bot.ann("Draw a cat");
    let begun = |all: &[playground::gemini::Request]| all.first().map(|_| ());
    studio.gemini.until("the request for a picture", BOUND, begun).await.unwrap();
    bot.ann("/stop");
    let left =
        |all: &[playground::gemini::Request]| (all[0].outcome == Outcome::ClosedByClient).then_some(());
    studio.gemini.until("the end of the request", Duration::from_secs(10), left).await.unwrap();
    studio.settled().await;
    let drawn = studio.calls().await;
    let expected = Drawn {
        ended: "cut".to_owned(),
        input: 2,
        output: 0,
        image_output: 1_120,
        estimated: true,
        cost: usd("0.134404"),
        payer: Some("user".to_owned()),
    };
    assert_eq!(drawn, [expected]);
    assert!(bot.telegram.sent_media(ANN).is_empty());
    studio.end().await;
}

#[tokio::test]
async fn a_kill_after_the_answer_charges_and_sends_one_picture() {
    let points = ["draw: answered", "draw: kept"];
    futures::stream::iter(points).for_each_concurrent(2, dies_while_drawing).await;
}

async fn dies_while_drawing(point: &str) {
    let mut studio = Studio::with([("KILL_AT", point)]).await;
    let call = || Step::ToolUse { name: "generate_image".to_owned(), input: cat() };
    studio.bot.model.script(Answer::steps(vec![call(), Step::Stop(StopReason::ToolUse)]));
    studio.bot.ann("Draw a cat");
    tokio::time::timeout(BOUND, studio.bot.died()).await.expect("the bot dies in time");
    assert!(studio.bot.telegram.sent_media(ANN).is_empty(), "{point}");
    studio.bot.set("KILL_AT", "");
    // Nothing was shown, so the question is put again.
    studio.draws("", &[cat()]);
    studio.bot.run().await;
    arrived(&studio.bot, ANN, 1).await;
    studio.settled().await;
    assert_eq!(studio.bot.telegram.sent_media(ANN).len(), 1, "{point}");
    charged_once(&studio.bot, point).await;
    let payers: Vec<Option<String>> = studio.calls().await.into_iter().map(|drawn| drawn.payer).collect();
    let paid = payers.iter().filter(|payer| payer.as_deref() == Some("user")).count();
    assert_eq!(paid, 1, "{point}: {payers:?}");
    studio.end().await;
}

/// Asserts that the user paid for the calls of the attempt that ended, and for nothing else.
async fn charged_once(bot: &Bot, point: &str) {
    let of_user: Decimal = sqlx::query_scalar("SELECT sum(cost) FROM model_calls WHERE payer = 'user'")
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert_eq!(charges(bot).await, [of_user], "{point}");
}
