//! The charge of an answer: exactly the cost reported for every model call, once, and nothing for our own
//! faults.

use playground::anthropic::{Gate, Recorded, Reply, Step, StopReason};
use rust_decimal::Decimal;
use serde_json::json;

use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, prices};

async fn spent(bot: &Bot, user: i64) -> Decimal {
    Decimal::from(1_000) - bot.balance(user).await
}

async fn charges(bot: &Bot) -> Vec<Decimal> {
    sqlx::query_scalar(
        "SELECT -amount FROM balance_operations WHERE kind = 'usage' ORDER BY created_at, user_id, seq",
    )
    .fetch_all(bot.books())
    .await
    .unwrap()
}

/// Waits until no turn is open.
async fn settled(bot: &Bot) {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
}

#[tokio::test]
async fn an_answer_costs_what_its_usage_says_to_the_last_digit() {
    let bot = Bot::start().await;
    for question in ["hello", "and then?", "!markdown"] {
        bot.ask(question).await;
    }
    settled(&bot).await;
    let requests = bot.model.requests();
    assert_eq!(charges(&bot).await.len(), 3);
    assert_eq!(spent(&bot, ANN).await, prices::requests(&requests));
    assert!(spent(&bot, ANN).await > Decimal::ZERO);
    bot.end().await;
}

#[tokio::test]
async fn a_tool_loop_of_five_calls_costs_the_sum_of_five_usages() {
    let bot = Bot::start().await;
    for number in 1..=4_u32 {
        let input = json!({"input_chars": 1_000 * number, "output_chars": 500});
        bot.model.script(Reply::steps(vec![
            Step::Text(format!("Let me see, part {number}.")),
            Step::ToolUse { name: "cost_estimator".to_owned(), input },
            Step::Stop(StopReason::ToolUse),
        ]));
    }
    bot.model.script(Reply::text("That is all."));
    let answer = bot.ask("what would a novel cost?").await;
    settled(&bot).await;
    assert!(answer.starts_with("Let me see, part 1.\n\nLet me see, part 2."), "{answer}");
    assert!(answer.ends_with("That is all."), "{answer}");
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 5);
    assert_eq!(charges(&bot).await, [prices::requests(&requests)]);
    let calls = "SELECT count(*) FROM model_calls WHERE payer = 'user' AND cost > 0";
    assert_eq!(bot.database.count(calls).await, 5);
    let result = &requests[1].body["messages"][2]["content"][0];
    assert_eq!(
        (result["type"].as_str(), result["is_error"].as_bool()),
        (Some("tool_result"), Some(false)),
        "{result}"
    );
    bot.end().await;
}

#[tokio::test]
async fn the_chat_shows_the_tool_while_it_works() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    let input = json!({"input_chars": 10, "output_chars": 10});
    let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
    bot.model.script(Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Little.".to_owned())]));
    bot.ann("what does it cost?");
    let line = bot.telegram.until("the line of the tool", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text.contains("✅ estimating costs")).map(drop)
    });
    line.await.unwrap();
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "Little.");
    bot.end().await;
}

#[tokio::test]
async fn how_a_tool_has_ended_stands_below_the_text_until_words_follow() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    let estimate = |input| Step::ToolUse { name: "cost_estimator".to_owned(), input };
    bot.model.script(Reply::steps(vec![
        Step::Text("Let me see.".to_owned()),
        estimate(json!({"input_chars": 10, "output_chars": 10})),
        estimate(json!({"input_chars": "many"})),
    ]));
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Little.".to_owned())]));
    bot.ann("what does it cost?");
    let lines = "Let me see.\n\n✅ estimating costs\n⚠️ estimating costs";
    let seen = bot.telegram.until("both lines", BOUND, |view| {
        view.live_draft(ANN).filter(|draft| draft.text == lines).map(drop)
    });
    seen.await.unwrap();
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "Let me see.\n\nLittle.");
    bot.end().await;
}

#[tokio::test]
async fn two_people_at_once_pay_for_themselves() {
    let bot = Bot::start().await;
    for round in 0..3 {
        bot.telegram.say(ANN, ANN, &format!("a long question of Ann, number {round}, with many words in it"));
        bot.telegram.say(BOB, BOB, &format!("Bob {round}"));
        bot.answer(ANN, round + 1).await;
        bot.answer(BOB, round + 1).await;
    }
    settled(&bot).await;
    let (ann, bob): (Vec<Recorded>, Vec<Recorded>) =
        bot.model.requests().into_iter().partition(|request| request.newest_user_text().contains("Ann"));
    assert_eq!((ann.len(), bob.len()), (3, 3));
    assert_eq!(spent(&bot, ANN).await, prices::requests(&ann));
    assert_eq!(spent(&bot, BOB).await, prices::requests(&bob));
    bot.end().await;
}

#[tokio::test]
async fn a_stopped_answer_costs_more_than_its_prompt() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The first half.".to_owned()), Step::Gate(gate)]));
    bot.ann("tell me everything");
    let seen = bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop));
    seen.await.unwrap();
    bot.ann("/stop");
    bot.answer(ANN, 1).await;
    settled(&bot).await;
    // `stopped.rs` says how much more.
    let (charged, reported) = (charges(&bot).await, prices::requests(&bot.model.requests()));
    assert!(charged.len() == 1 && charged[0] > reported, "{charged:?} for {reported}");
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn failed_tries_with_usage_are_part_of_the_price_and_those_without_are_free() {
    let bot = Bot::start().await;
    bot.model.script(Reply::status(529, "overloaded_error"));
    bot.model.script(Reply::steps(vec![Step::Error {
        kind: "overloaded_error".to_owned(),
        message: "Overloaded".to_owned(),
    }]));
    bot.ask("hello").await;
    settled(&bot).await;
    let requests = bot.model.requests();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests.iter().filter(|request| request.usage.is_null()).count(), 1);
    assert_eq!(charges(&bot).await, [prices::requests(&requests)]);
    bot.end().await;
}

#[tokio::test]
async fn a_failure_without_any_usage_costs_nothing() {
    let bot = Bot::start().await;
    for _ in 0..4 {
        bot.model.script(Reply::status(400, "invalid_request_error"));
    }
    assert!(bot.ask("hello").await.starts_with("⚠️"));
    settled(&bot).await;
    assert_eq!(spent(&bot, ANN).await, Decimal::ZERO);
    assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE held > 0").await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE held <> 0").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_telegram_refuses_was_still_made() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Nobody will read".to_owned()), Step::Gate(gate)]));
    bot.ann("hello");
    bot.request(1).await;
    bot.telegram.block(ANN);
    keeper.open();
    settled(&bot).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'refused'", 1).await;
    assert_eq!(charges(&bot).await, [prices::requests(&bot.model.requests())]);
    bot.end().await;
}

#[tokio::test]
async fn a_crash_before_anything_was_shown_is_the_owners_loss() {
    let mut bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Lost".to_owned()), Step::Gate(gate)]));
    bot.ann("hello");
    bot.database.until("SELECT count(*) FROM model_calls WHERE ended = 'running'", 1).await;
    bot.kill().await;
    bot.run().await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    settled(&bot).await;
    assert_eq!(charges(&bot).await, [prices::requests(&bot.model.requests()[1..])]);
    let lost = "SELECT count(*) FROM model_calls WHERE payer = 'owner' AND attempt = 1 AND cost > 0";
    assert_eq!(bot.database.count(lost).await, 1);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn a_stop_of_the_service_before_the_first_word_is_the_owners_loss_too() {
    let mut bot = Bot::with([("SHUTDOWN_GRACE_SECONDS", "0")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate)]));
    bot.ann("hello");
    bot.database.until("SELECT count(*) FROM model_calls WHERE ended = 'running'", 1).await;
    bot.terminate();
    bot.exit_code().await;
    bot.run().await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    settled(&bot).await;
    assert_eq!(charges(&bot).await, [prices::requests(&bot.model.requests()[1..])]);
    let lost = "SELECT count(*) FROM model_calls WHERE payer = 'owner' AND ended = 'cut'";
    assert_eq!(bot.database.count(lost).await, 1);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn the_starter_grant_is_the_first_row_and_comes_once() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.10")]).await;
    bot.ann("/start");
    bot.telegram.say(GROUP, ANN, "/start@starling_bot");
    bot.answer(ANN, 1).await;
    bot.answer(GROUP, 1).await;
    let rows: Vec<(i64, String, Decimal)> =
        sqlx::query_as("SELECT seq, kind, amount FROM balance_operations")
            .fetch_all(bot.books())
            .await
            .unwrap();
    assert_eq!(rows, [(1, "starter".to_owned(), "0.10".parse().unwrap())]);
    bot.end().await;
}

#[tokio::test]
async fn who_has_nothing_left_is_told_how_to_pay_and_everything_free_still_works() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0")]).await;
    let refused = bot.ask("hello").await;
    assert!(refused.contains("/pay") && refused.starts_with("💳"), "{refused}");
    assert!(bot.model.requests().is_empty(), "nothing was asked");
    for (command, part) in [
        ("/pay", "Top up your balance"),
        ("/balance", "$0.00"),
        ("/stop", "Nothing is running"),
        ("/help", "Write to me"),
        ("/refund", "no payment"),
        ("/paysupport", "Questions about a payment"),
        ("/terms", "You pay in advance"),
        ("/cancel", "nothing to cancel"),
        ("/start", "Welcome back"),
    ] {
        let answer = bot.ask(command).await;
        assert!(answer.contains(part), "{command}: {answer}");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE detail = 'no_funds'").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn what_was_asked_without_money_is_known_once_there_is_some() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0"), ("PRIVILEGED_USERS", "43")]).await;
    bot.ask("my name is Ann").await;
    bot.ask_in(BOB, BOB, &format!("/topup {ANN} 1")).await;
    bot.ask("go on").await;
    let said = crate::harness::conversation(&bot.request(1).await);
    assert_eq!(said, ["user: my name is Ann | go on"]);
    bot.end().await;
}

#[tokio::test]
async fn a_started_answer_is_finished_below_zero_and_the_next_one_is_refused() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.000000001")]).await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    settled(&bot).await;
    assert!(bot.balance(ANN).await < Decimal::ZERO);
    assert!(bot.ask("again").await.contains("/pay"));
    assert_eq!(bot.model.requests().len(), 1);
    bot.end().await;
}

/// Five topics of one person ask at the same moment with a balance of one cent.
#[tokio::test]
async fn five_questions_at_once_overdraw_by_one_turn_at_most() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.01")]).await;
    let mut keepers = Vec::new();
    for _ in 0..5 {
        let (gate, keeper) = Gate::new();
        // 8,000 tokens cost eight cents.
        bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("long ".repeat(6_400))]));
        keepers.push(keeper);
    }
    let topics: Vec<i64> =
        (0..5).map(|number| bot.telegram.create_topic(GROUP, &format!("Topic {number}"))).collect();
    for &topic in &topics {
        bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot a lot, please");
    }
    bot.database.until("SELECT count(*) FROM turns", 5).await;
    bot.request(1).await;
    keepers.iter().for_each(playground::anthropic::GateKeeper::open);
    settled(&bot).await;
    let charged = charges(&bot).await;
    assert_eq!(charged.len(), 1, "one turn was answered: {charged:?}");
    assert!(charged[0] > "0.07".parse().unwrap(), "{charged:?}");
    assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE detail = 'no_funds'").await, 4);
    assert_eq!(bot.model.requests().len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn questions_at_once_that_are_covered_one_after_the_other_are_all_answered() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.50")]).await;
    let topics: Vec<i64> =
        (0..4).map(|number| bot.telegram.create_topic(GROUP, &format!("Topic {number}"))).collect();
    for &topic in &topics {
        bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot hello");
    }
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'complete'", 4).await;
    assert_eq!(charges(&bot).await.len(), 4);
    bot.end().await;
}

#[tokio::test]
async fn a_tool_loop_ends_with_a_last_answer_at_the_overdraft_limit() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.001"), ("OVERDRAFT_LIMIT_USD", "0.02")]).await;
    for number in 1..=5 {
        // Each round costs about a cent: a thousand tokens.
        let text = format!("{number} {}", "x".repeat(4_000));
        let input = json!({"input_chars": 1, "output_chars": 1});
        let call = Step::ToolUse { name: "cost_estimator".to_owned(), input };
        bot.model.script(Reply::steps(vec![Step::Text(text), call, Step::Stop(StopReason::ToolUse)]));
    }
    bot.ann("work hard");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'out_of_funds'", 1).await;
    let requests = bot.model.requests();
    let last = requests.last().unwrap();
    assert_eq!(last.body["tool_choice"]["type"], "none", "the last request allows no tools");
    let told = last.newest_user_text();
    assert!(told.contains("balance of the person is used up"), "{told}");
    assert!(requests.len() < 5, "{} requests", requests.len());
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert!(bot.answers(ANN).last().unwrap().contains("/pay"), "{}", bot.screen(ANN));
    assert_eq!(charges(&bot).await, [prices::requests(&requests)]);
    bot.end().await;
}

#[tokio::test]
async fn administrators_are_charged_but_never_stopped() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0"), ("PRIVILEGED_USERS", "42")]).await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    assert_eq!(bot.ask("again").await, "You said: again");
    settled(&bot).await;
    assert_eq!(-bot.balance(ANN).await, prices::requests(&bot.model.requests()));
    bot.end().await;
}

/// A stop while the gate still waits for the user's row must not leave a hold for a turn that is over.
#[tokio::test]
async fn a_stop_at_the_gate_leaves_nothing_reserved() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0.01")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("The first.".to_owned())]));
    let topics = ["One", "Two"].map(|name| bot.telegram.create_topic(GROUP, name));
    bot.telegram.say_in_topic(GROUP, ANN, topics[0], "@starling_bot first");
    bot.request(1).await;
    // The second turn is not covered and waits for the first.
    bot.telegram.say_in_topic(GROUP, ANN, topics[1], "@starling_bot second");
    bot.database.until("SELECT count(*) FROM turns", 2).await;
    bot.telegram.say_in_topic(GROUP, ANN, topics[1], "/stop@starling_bot");
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'stopped'", 1).await;
    keeper.open();
    settled(&bot).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE held <> 0").await, 0);
    assert_eq!(bot.model.requests().len(), 1);
    bot.end().await;
}
