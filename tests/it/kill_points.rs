//! Kill points: the process dies at every named point of a paid turn, of a payment and of a refund. After the
//! next start nothing is lost, nothing is booked twice and nothing is left open.

use futures::StreamExt;
use playground::anthropic::{Gate, Reply, Step, StopReason};
use rust_decimal::Decimal;
use serde_json::json;
use starling::lifecycle::kill_point;

use crate::harness::temp_path::TempPath;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Reached only after an earlier crash.
const AFTER_A_DEATH: &str = "restart: after the commit";
/// Reached only by answers in groups.
const IN_A_GROUP: &str = "live: after the call";
/// Reached when a charge is given back; `delivery.rs` covers it.
const OF_A_RETURN: &str = "return: before the commit";
/// Reached by `/clear`, which has scenarios of its own.
const OF_CLEAR: [&str; 3] =
    ["clear: after the commit", "topics: after the call", "copies: deleted at the provider"];
/// Reached by files that are sent; `files_out/setbacks.rs` covers them.
const OF_FILES: &str = "deliver files:";
/// Scenarios that run concurrently.
const AT_ONCE: usize = 4;

/// A bot that dies once and is then started again. Of several instances one dies, and the others take over.
struct Mortal {
    bot: Bot,
    deaths: u32,
    /// The first instance that dies creates this file.
    _died: TempPath,
}

impl Mortal {
    async fn born(point: &str) -> Self {
        let died = TempPath::new();
        let point = format!("{point} once in {}", died.path());
        let mut bot = Bot::prepare([("KILL_AT", &*point), ("STARTER_BALANCE_USD", "1")]).await;
        bot.telegram.set_stars(ANN, 500);
        bot.model.script(Reply::steps(vec![
            Step::Text("Let me see.".to_owned()),
            Step::ToolUse {
                name: "cost_estimator".to_owned(),
                input: json!({"input_chars": 1, "output_chars": 1}),
            },
            Step::ToolUse {
                name: "self_critique".to_owned(),
                input: json!({"user_request": "hello", "content": "Hello!"}),
            },
            Step::Stop(StopReason::ToolUse),
        ]));
        bot.run().await;
        Self { bot, deaths: 0, _died: died }
    }

    /// Waits until a count has a value, across crashes.
    async fn until(&mut self, query: &'static str, value: i64) {
        loop {
            let reached = tokio::select! {
                biased;
                () = self.bot.lost_one() => false,
                () = self.bot.database.until(query, value) => true,
            };
            if reached {
                return;
            }
            self.deaths += 1;
            self.bot.run_lost().await;
        }
    }
}

/// Buys a package, asks a question that needs two model calls, and requests a refund.
async fn buys_asks_and_returns(point: &'static str) {
    let mut ann = Mortal::born(point).await;
    ann.bot.ann("/pay");
    ann.until("SELECT count(*) FROM outbox WHERE keyboard IS NOT NULL AND state = 'sent'", 1).await;
    let menu = ann.bot.telegram.messages(ANN).into_iter().rfind(|message| message.from_bot).unwrap();
    ann.bot.telegram.press(ANN, ANN, menu.id, "buy:100");
    ann.until("SELECT count(*) FROM outbox WHERE invoice_id IS NOT NULL AND state = 'sent'", 1).await;
    let invoice = ann.bot.telegram.view(|view| view.invoices(ANN).next_back().unwrap().id);
    let attempt = ann.bot.telegram.pay(ANN, ANN, invoice);
    ann.until("SELECT count(*) FROM payments", 1).await;
    ann.until("SELECT count(*) FROM outbox WHERE key LIKE 'receipt:%' AND state = 'sent'", 1).await;
    ann.bot.ann("hello");
    ann.until("SELECT count(*) FROM turns WHERE state <> 'open'", 1).await;
    ann.until("SELECT count(*) FROM outbox WHERE turn_id IS NOT NULL AND state = 'sent'", 1).await;
    let paid = ann.bot.telegram.view(|view| view.payment(attempt.number).unwrap().clone());
    let charge = paid.receipt().unwrap().charge_id.clone();
    ann.bot.ann(&format!("/refund {charge}"));
    ann.until("SELECT count(*) FROM payments WHERE state = 'refunded'", 1).await;
    ann.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    ann.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(ann.deaths, 1, "the bot dies at '{point}'");
    check(&ann.bot, point).await;
    ann.bot.end().await;
}

/// Asserts that everything exists exactly once.
async fn check(bot: &Bot, point: &str) {
    assert_eq!(bot.telegram.stars(ANN), 500, "{point}");
    let kinds: Vec<String> = sqlx::query_scalar("SELECT kind FROM balance_operations ORDER BY seq")
        .fetch_all(bot.books())
        .await
        .unwrap();
    assert_eq!(kinds, ["starter", "payment", "usage", "refund"], "{point}");
    let spent: Decimal = sqlx::query_scalar("SELECT sum(cost) FROM model_calls WHERE payer = 'user'")
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert!(spent > Decimal::ZERO, "{point}");
    assert_eq!(bot.balance(ANN).await, Decimal::ONE - spent, "{point}");
    for (what, query) in [
        ("calls that nobody pays", "SELECT count(*) FROM model_calls WHERE payer IS NULL"),
        ("people with open holds", "SELECT count(*) FROM users WHERE held <> 0"),
    ] {
        assert_eq!(bot.database.count(query).await, 0, "{what} after '{point}'");
    }
    let answers = bot.answers(ANN);
    // The scripted tool call may have been lost with the first attempt.
    let is_answer =
        |text: &&String| text.contains("You said: hello") || text.contains("The tool cost_estimator says");
    let told: Vec<&String> = answers.iter().filter(is_answer).collect();
    assert_eq!(told.len(), 1, "{point}:\n{}", bot.screen(ANN));
    let menus = answers.iter().filter(|text| text.starts_with("Top up")).count();
    let invoices = bot.telegram.view(|view| view.invoices(ANN).count());
    let receipts = answers.iter().filter(|text| text.starts_with("✅ Received")).count();
    assert_eq!((menus, invoices, receipts), (1, 1, 1), "{point}:\n{}", bot.screen(ANN));
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_everything_is_booked_once() {
    let elsewhere = |point: &str| {
        [AFTER_A_DEATH, IN_A_GROUP, OF_A_RETURN].contains(&point)
            || OF_CLEAR.contains(&point)
            || point.starts_with(OF_FILES)
            // `daily_files.rs` covers this.
            || point == "file: counted"
            // `voice/interrupted.rs`, `drawing_faults.rs` and `file_edits/interrupted.rs` cover these.
            || point.starts_with("transcription: ")
            || point.starts_with("draw: ")
            // `topic_names/faults.rs` covers this.
            || point.starts_with("topic name: ")
            // `instances` covers these.
            || point.starts_with("takeover: ")
            || point.starts_with("handover: ")
            // `sponsors.rs` covers this.
            || point == "turn: sponsored"
            // `exports/everything.rs` and `erasure/everything.rs` cover these.
            || point.starts_with("export: ")
            || point.starts_with("erasure: ")
            // `retries.rs` covers this.
            || point.starts_with("retry: ")
            || point.starts_with("edit: ")
            // `every_tool/kills.rs` covers these.
            || ["tool: file kept", "web: result noted"].contains(&point)
            // `announcements/sending.rs` covers these.
            || point.starts_with("announce: ")
            // `menus.rs` covers this.
            || point == "menu: set"
            // `python/sandboxes.rs` covers these.
            || point.starts_with("sandbox: ")
            // `instances/duties.rs` covers these.
            || point.starts_with("duty: ")
            // `import.rs` covers these.
            || point.starts_with("import: ")
    };
    let points = kill_point::ALL.iter().copied().filter(|&point| !elsewhere(point));
    futures::stream::iter(points).for_each_concurrent(AT_ONCE, buys_asks_and_returns).await;
}

#[tokio::test]
async fn a_turn_that_dies_again_as_it_begins_anew_is_given_up_at_the_owners_cost() {
    let mut bot = Bot::with([("KILL_AT", "tab: call noted"), ("STARTER_BALANCE_USD", "1")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("I begin".to_owned()), Step::Gate(gate)]));
    bot.ann("hello");
    bounded(bot.died()).await;
    bot.set("KILL_AT", AFTER_A_DEATH);
    for _ in 0..2 {
        bot.launch();
        bounded(bot.died()).await;
    }
    bot.set("KILL_AT", "");
    bot.run().await;
    assert!(bot.answer(ANN, 1).await.contains("Something went wrong on my side"));
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'failed'", 1).await;
    assert_eq!(bot.balance(ANN).await, Decimal::ONE);
    let lost = "SELECT count(*) FROM model_calls WHERE payer = 'owner' AND cost > 0";
    assert_eq!(bot.database.count(lost).await, 1);
    drop(keeper);
    bot.end().await;
}

async fn bounded(death: impl Future<Output = ()>) {
    tokio::time::timeout(BOUND, death).await.expect("the bot dies in time");
}

#[tokio::test]
async fn a_half_written_message_that_nobody_remembers_becomes_the_answer() {
    let mut bot = Bot::with([("KILL_AT", IN_A_GROUP)]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
    bounded(bot.died()).await;
    assert_eq!(bot.answers(GROUP), ["The beginning"]);
    bot.set("KILL_AT", "");
    bot.telegram.say(GROUP, BOB, "/terms@starling_bot");
    bot.run().await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 2).await;
    let answers = bot.telegram.messages(GROUP).into_iter().filter(|message| message.from_bot);
    let answers: Vec<(String, bool)> =
        answers.map(|message| (message.text, message.reply_markup.is_some())).collect();
    assert_eq!(answers[0], ("You said: Ann:\n\n@starling_bot tell me".to_owned(), false), "{answers:#?}");
    assert!(answers.len() == 2 && answers[1].0.starts_with("You pay in advance"), "{answers:#?}");
    drop(keeper);
    bot.end().await;
}
