//! The effort of requests, chosen or automatic, and whether thinking is shown.

use playground::anthropic::{Reply, Step};

use super::efforts;
use crate::harness::{ANN, Bot};
use crate::models_command::card;

#[tokio::test]
async fn thinking_that_is_not_wanted_is_not_shown() {
    let bot = Bot::start().await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:thinking:off").await;
    bot.model.script(Reply::steps(vec![
        Step::Thinking("Is it four?".to_owned()),
        Step::Text("It is four.".to_owned()),
    ]));
    assert_eq!(bot.ask("what is two and two?").await, "It is four.");
    let drafts: Vec<String> = bot.telegram.drafts(ANN).into_iter().map(|draft| draft.text).collect();
    assert!(drafts.iter().all(|text| !text.contains('🧠')), "{drafts:?}");
    let thinking = &bot.request(1).await.body["thinking"];
    assert_eq!(thinking["type"], "adaptive", "the model thinks all the same");
    bot.end().await;
}

#[tokio::test]
async fn the_effort_is_the_chosen_one_or_fits_the_question() {
    let bot = Bot::start().await;
    for text in
        ["Hello!", "Prove that the square root of two is irrational", "Спасибо!", "Сравни эти два способа"]
    {
        bot.ask(text).await;
    }
    assert_eq!(efforts(&bot), ["low", "high", "low", "high"]);
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:effort:medium").await;
    bot.ask("Hello!").await;
    bot.tap(ANN, ANN, settings.id, "set:effort:auto").await;
    bot.ask("Hello!").await;
    assert_eq!(efforts(&bot)[4..], ["medium", "low"]);
    bot.end().await;
}

#[tokio::test]
async fn a_long_conversation_is_read_from_the_cache_whatever_is_asked() {
    let bot = Bot::start().await;
    bot.model.script(Reply::text("A long answer about many things. ".repeat(600)));
    let long = "Tell me about everything there is, in as many words as you like, from the beginning on.";
    for (number, text) in (1..).zip([long, "Prove it", "Thanks", "Thanks again", "Hello!", "Why?"]) {
        bot.ann(text);
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", number).await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    }
    assert_eq!(efforts(&bot), ["medium", "high", "high", "high", "high", "high"]);
    let requests = bot.model.requests();
    for request in &requests[2..] {
        let tokens = |name: &str| request.usage[name].as_u64().unwrap_or(0);
        let read = tokens("cache_read_input_tokens");
        let all = read + tokens("input_tokens") + tokens("cache_creation_input_tokens");
        assert!(read * 100 >= all * 95, "{read} of {all}");
    }
    bot.end().await;
}
