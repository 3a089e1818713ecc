//! Numbered sources below an answer, and what the answer costs with its searches.

use playground::anthropic::web::PAGES;
use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use playground::telegram::Message;
use rust_decimal::Decimal;

use super::{RATES, charged, citing, draft_with, said};
use crate::harness::{ANN, Bot, GROUP, exact, prices, prompt};

/// A search and half of an answer that cites it, up to a gate.
fn half_a_report(bot: &Bot) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        said("I look."),
        Step::Search("dollars euro".to_owned()),
        citing("One euro is 1.17 dollars", RATES),
        said(", and"),
        Step::Gate(gate),
        said(" nothing else."),
    ]));
    keeper
}

/// Returns the addresses of the links in a message, in order.
fn links(message: &Message) -> Vec<String> {
    let links = message.entities.iter().filter(|entity| entity["type"] == "text_link");
    links.map(|entity| entity["url"].as_str().unwrap().to_owned()).collect()
}

fn newest(bot: &Bot, chat: i64) -> Message {
    bot.telegram.view(|view| view.answers(chat).last().cloned()).unwrap()
}

#[tokio::test]
async fn an_answer_from_the_web_has_numbered_sources_and_costs_its_search() {
    let bot = Bot::start().await;
    let answer = bot.ask("!search dollars euro").await;
    insta::assert_snapshot!(exact(answer), @r"
    Let me look that up.

    I found this: One euro is 1.17 dollars[1]. The official rate of the euro was 1.168 dollars at noon[2].

    Sources
    1. EUR/USD today
    2. The euro (official rate) · Bank
    ");
    assert_eq!(links(&newest(&bot, ANN)), [RATES, "https://www.bank.example/euro?year=2026#rate"]);
    assert_eq!(charged(&bot).await, prices::requests(&bot.model.requests()));
    assert_eq!(
        bot.database.count("SELECT sum(web_searches)::bigint FROM model_calls WHERE NOT estimated").await,
        1
    );
    let row = "SELECT count(*) FROM tool_calls WHERE tool = 'web_search' AND NOT failed AND cost = 0.01";
    bot.database.until(row, 1).await;
    bot.ask("thanks").await;
    insta::assert_snapshot!(prompt(&bot.request(2).await), @r"
    user: !search dollars euro
    assistant: Let me look that up.

    I found this: One euro is 1.17 dollars[1]. The official rate of the euro was 1.168 dollars at noon[2].

    **Sources**
    1. [EUR/USD today](<https://rates.example/eur>)
    2. [The euro (official rate) · Bank](<https://www.bank.example/euro?year=2026#rate>)
    user: thanks
    ");
    let statement = bot.tell("/balance").await;
    assert!(statement.contains(" · Claude Sonnet 5.5 + web search · "), "{statement}");
    assert_eq!(statement.matches(" + ").count(), 1, "{statement}");
    assert!(!bot.screen(ANN).contains("c2VhbGVk"), "sealed content is not shown");
    for secret in ["c2VhbGVk", "dollars euro", "rates.example"] {
        assert!(!bot.has_logged(secret), "{secret} is logged");
    }
    bot.end().await;
}

#[tokio::test]
async fn an_answer_without_citations_has_no_list_and_a_source_stands_there_once() {
    let bot = Bot::start().await;
    bot.model
        .script(Reply::steps(vec![Step::Search("dollars euro".to_owned()), said("I found nothing of use.")]));
    assert_eq!(bot.ask("search").await, "I found nothing of use.");
    let bank = PAGES[1].url;
    bot.model.script(Reply::steps(vec![
        Step::Search("dollars euro".to_owned()),
        citing("One", bank),
        citing("(two)", RATES),
        said("(three) and "),
        citing("four", bank),
        said("."),
    ]));
    insta::assert_snapshot!(exact(bot.ask("again").await), @r"
    One[1] (two)[2] (three) and four[1].

    Sources
    1. The euro (official rate) · Bank
    2. EUR/USD today
    ");
    bot.end().await;
}

#[tokio::test]
async fn a_page_is_cited_by_its_address_and_costs_only_its_tokens() {
    let bot = Bot::start().await;
    insta::assert_snapshot!(exact(bot.ask("!fetch https://rates.example/eur").await), @r"
    Let me read that page.

    The page says: One euro is 1.17 dollars[1].

    Sources
    1. EUR/USD today
    ");
    assert_eq!(links(&newest(&bot, ANN)), [RATES]);
    assert_eq!(charged(&bot).await, prices::requests(&bot.model.requests()));
    bot.database.until("SELECT count(*) FROM tool_calls WHERE tool = 'web_fetch' AND cost = 0", 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM model_calls WHERE web_searches > 0").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_in_a_group_has_its_sources_too() {
    let bot = Bot::start().await;
    let answer = bot.ask_in(GROUP, ANN, "@starling_bot, search the web please").await;
    assert!(
        answer.ends_with("\n\nSources\n1. EUR/USD today\n2. The euro (official rate) · Bank"),
        "{answer}"
    );
    bot.end().await;
}

#[tokio::test]
async fn a_long_answer_has_its_sources_below_its_last_part() {
    let bot = Bot::start().await;
    let paragraphs: String =
        (1..=60).map(|number| format!("\n\nParagraph {number}: {}", "word ".repeat(20))).collect();
    bot.model.script(Reply::steps(vec![
        Step::Search("dollars euro".to_owned()),
        citing("One euro is 1.17 dollars", RATES),
        Step::Text(format!("{paragraphs}\n\n```rust\nlet rate = 1.17;")),
    ]));
    bot.ann("Tell me all about it.");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let parts = bot.answers(ANN);
    assert!(parts.len() > 1 && parts[0].starts_with("One euro is 1.17 dollars[1]"), "{}", parts[0]);
    let last = newest(&bot, ANN);
    assert!(last.text.ends_with("let rate = 1.17;\n\nSources\n1. EUR/USD today"), "{}", last.text);
    assert_eq!(links(&last), [RATES], "the list stands outside the code that the answer leaves open");
    bot.end().await;
}

#[tokio::test]
async fn a_stopped_answer_lists_the_sources_that_it_has_and_is_charged_for_its_search() {
    let bot = Bot::start().await;
    let keeper = half_a_report(&bot);
    bot.ann("What is the rate?");
    draft_with(&bot, "dollars[1], and").await;
    bot.ann("/stop");
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    I look.

    One euro is 1.17 dollars[1], and

    Sources
    1. EUR/USD today

    ⏹ Stopped.
    ");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    // The provider has not reported the search yet.
    assert_eq!(
        bot.database.count("SELECT count(*) FROM model_calls WHERE web_searches = 1 AND estimated").await,
        1
    );
    assert!(charged(&bot).await > Decimal::new(1, 2));
    drop(keeper);
    bot.ask("go on").await;
    let said = prompt(&bot.model.requests().pop().unwrap());
    assert!(
        said.contains("1. [EUR/USD today](<https://rates.example/eur>)\n\n[this answer was cut off here]"),
        "{said}"
    );
    bot.end().await;
}

#[tokio::test]
async fn the_sources_survive_a_crash() {
    let mut bot = Bot::start().await;
    let keeper = half_a_report(&bot);
    bot.ann("What is the rate?");
    bot.database.until("SELECT count(*) FROM checkpoints WHERE text LIKE '%**Sources**%'", 1).await;
    bot.kill().await;
    bot.run().await;
    let answer = bot.answer(ANN, 1).await;
    let kept =
        "I look.\n\nOne euro is 1.17 dollars[1], and\n\nSources\n1. EUR/USD today\n\n⚠️ I was restarted";
    assert!(answer.starts_with(kept), "{answer}");
    assert_eq!(links(&newest(&bot, ANN)), [RATES]);
    assert_eq!(bot.model.requests().len(), 1, "the model is not asked again");
    drop(keeper);
    bot.end().await;
}
