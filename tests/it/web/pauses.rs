//! Answers that the provider pauses, and searches that are open at the end of a round.

use playground::anthropic::{Reply, Step, StopReason};
use serde_json::json;

use super::{RATES, charged, citing, open_call, said};
use crate::harness::{Bot, prices};

#[tokio::test]
async fn a_paused_answer_is_sent_back_unchanged_as_often_as_needed() {
    let bot = Bot::start().await;
    let answer = bot.ask("!pause 3").await;
    assert!(
        answer.ends_with("Here is what I found after a longer search: one euro is 1.17 dollars."),
        "{answer}"
    );
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 4);
    let messages = |number: usize| requests[number].body["messages"].as_array().unwrap();
    for number in 1..4 {
        assert_eq!(messages(number).len(), number + 1);
        assert_eq!(messages(number).last().unwrap()["role"], "assistant");
        assert_eq!(requests[number].body["tools"], requests[0].body["tools"]);
        let usage = &requests[number].usage;
        let (read, written) =
            (usage["cache_read_input_tokens"].as_u64(), usage["cache_creation_input_tokens"].as_u64());
        assert!(read > written, "the prompt up to the pause comes from the cache: {usage}");
    }
    assert_eq!(charged(&bot).await, prices::requests(&requests));
    bot.database.until("SELECT count(*) FROM tool_calls WHERE tool = 'web_search' AND NOT failed", 3).await;
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_pauses_for_ever_has_to_come_to_its_end() {
    let bot = Bot::start().await;
    for number in 0..25 {
        let results = (number > 0).then_some(Step::Results);
        let pause = [said("Wait."), open_call("dollars euro"), Step::Stop(StopReason::PauseTurn)];
        bot.model.script(Reply::steps(results.into_iter().chain(pause).collect()));
    }
    bot.model.script(Reply::text("Here is what I have."));
    let answer = bot.ask("What is the rate?").await;
    assert!(answer.ends_with("Wait.\n\nHere is what I have."), "{answer}");
    let last = bot.request(26).await;
    assert_eq!(last.body["tool_choice"]["type"], "none");
    let before =
        last.body["messages"].as_array().unwrap().iter().rfind(|message| message["role"] == "assistant");
    let open = before.unwrap()["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|block| block["type"] == "server_tool_use");
    assert_eq!(open.count(), 0, "words of ours do not follow an open call");
    bot.end().await;
}

#[tokio::test]
async fn an_open_search_beside_a_call_of_ours_gets_its_result_in_the_next_round() {
    let bot = Bot::start().await;
    let estimate = json!({"input_chars": 1, "output_chars": 1});
    let own = Step::ToolUse { name: "cost_estimator".to_owned(), input: estimate };
    bot.model.script(Reply::steps(vec![open_call("dollars euro"), own, Step::Stop(StopReason::ToolUse)]));
    bot.model.script(Reply::steps(vec![Step::Results, citing("One euro is 1.17 dollars", RATES)]));
    let answer = bot.ask("What does it cost in dollars?").await;
    assert_eq!(answer, "One euro is 1.17 dollars[1]\n\nSources\n1. EUR/USD today");
    assert_eq!(charged(&bot).await, prices::requests(&bot.model.requests()));
    bot.database.until("SELECT count(*) FROM tool_calls WHERE NOT failed", 2).await;
    bot.end().await;
}
