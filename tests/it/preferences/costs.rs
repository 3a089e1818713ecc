//! The cost below an answer is the one in the books, also of an answer that was stopped or cut.

use playground::anthropic::{Gate, Reply, Step, StopReason};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::json;

use crate::harness::money::person;
use crate::harness::{ANN, BOB, BOUND, Bot};
use crate::models_command::{card, chosen};

/// The charge of the newest turn, with all its digits.
async fn charge(bot: &Bot) -> String {
    let newest = "SELECT trim_scale(-amount)::text FROM balance_operations WHERE kind = 'usage' ORDER BY created_at DESC LIMIT 1";
    sqlx::query_scalar(newest).fetch_one(bot.books()).await.unwrap()
}

/// Rounds an amount as it is shown.
fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

#[tokio::test]
async fn the_cost_below_an_answer_is_the_one_in_the_books() {
    let bot = Bot::start().await;
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    let settings = card(&bot, ANN, ANN, "/settings").await;
    assert!(!bot.ask("hello").await.contains('≈'));
    bot.tap(ANN, ANN, settings.id, "set:cost:on").await;
    // A tool with a call of its own belongs to the cost.
    bot.model.script(Reply::steps(vec![
        Step::Text("Let me see.".to_owned()),
        Step::ToolUse {
            name: "self_critique".to_owned(),
            input: json!({"user_request": "hello", "content": "Hello!"}),
        },
        Step::Stop(StopReason::ToolUse),
    ]));
    for question in ["is this good?", "hello again"] {
        let answer = bot.ask(question).await;
        let line = answer.lines().next_back().unwrap().to_owned();
        let shown: Decimal = line.strip_prefix("≈ $").unwrap().parse().unwrap();
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
        let booked: Decimal = charge(&bot).await.parse().unwrap();
        assert!(booked > Decimal::ZERO);
        assert_eq!(shown, rounded(booked), "{answer}");
    }
    // The line is ours: the model never reads it.
    let prompt = bot.model.requests().last().unwrap().body["messages"].to_string();
    assert!(!prompt.contains('≈'), "{prompt}");
    let theirs = card(&bot, BOB, BOB, "/settings").await;
    assert!(theirs.text.starts_with("Настройки\n\n• Модель: Claude Sonnet 5.5, /model"), "{}", theirs.text);
    bot.tap(BOB, BOB, theirs.id, "set:cost:on").await;
    chosen(&bot, &theirs, "Тщательность: авто").await;
    assert!(bot.ask_in(BOB, BOB, "привет").await.contains("\n\n≈ 0,0"));
    bot.end().await;
}

#[tokio::test]
async fn a_stopped_answer_and_one_that_a_crash_has_cut_tell_their_cost_too() {
    let mut bot = Bot::start().await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:cost:on").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate)]));
    bot.ann("tell me");
    bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
    bot.ann("/stop");
    let stopped = bot.hears(ANN, "⏹ Stopped.").await;
    assert!(stopped.starts_with("The beginning\n\n⏹ Stopped.\n\n≈ $0.0"), "{stopped}");
    drop(keeper);
    let (gate, keeper) = Gate::new();
    let long = "A long part of an answer.\n\n".repeat(250);
    bot.model.script(Reply::steps(vec![Step::Text(long), Step::Gate(gate)]));
    bot.ann("tell me more");
    bot.hears(ANN, "A long part of an answer.").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.kill().await;
    drop(keeper);
    bot.run().await;
    let cut = bot.hears(ANN, "I was restarted in the middle of this answer.").await;
    let line = cut.lines().next_back().unwrap();
    let shown: Decimal = line.strip_prefix("≈ $").unwrap().parse().unwrap();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let booked: Decimal = charge(&bot).await.parse().unwrap();
    assert_eq!(shown, rounded(booked), "{cut}");
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_costs_nothing_tells_no_cost() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0")]).await;
    let settings = card(&bot, ANN, ANN, "/settings").await;
    bot.tap(ANN, ANN, settings.id, "set:cost:on").await;
    chosen(&bot, &settings, "Effort: automatic").await;
    let refused = bot.ask("hello").await;
    assert!(refused.starts_with("💳 You have nothing left to spend.") && !refused.contains('≈'), "{refused}");
    bot.end().await;
}
