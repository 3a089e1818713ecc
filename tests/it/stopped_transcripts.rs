//! A stop while the transcription service is asked: the request is cut, whoever asked pays what it may have cost, once,
//! and the file can be asked for again at once.

use chrono::{TimeDelta, Utc};
use futures::StreamExt;
use playground::anthropic::{Gate, Reply as Answer, Step, StopReason};
use playground::openai::{ApiError, Outcome, Reply, Usage};
use rust_decimal::Decimal;
use serde_json::json;

use crate::harness::{ANN, BOUND};
use crate::transcripts::{OPEN, one, sent, song};
use crate::voice::{HOLDS, PENDING, Phone, usd};

/// The points at which only a stop arrives.
pub(crate) const OF_STOPS: [&str; 3] =
    ["transcription: stopped", "transcription: before a stop is charged", "transcription: stop charged"];
const WAITS_FOR_THE_ROW: &str = "SELECT count(DISTINCT query) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM transcriptions WHERE key%'";
const STOPPED: &str = "SELECT count(*) FROM transcriptions WHERE estimated";

/// Lets the model ask for the words of a file; waits for the `number`th request at the service.
async fn ask(phone: &Phone, id: &str, number: usize) {
    let call = Step::ToolUse { name: "transcribe_audio".to_owned(), input: json!({"file_id": id}) };
    phone.bot.model.script(Answer::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    phone.bot.ann("What is said?");
    phone.heard(number).await;
}

/// Waits until the service knows that nobody waits for its `number`th answer (from 1).
async fn cut(phone: &Phone, number: usize) {
    let is_cut = |all: &[playground::openai::Request]| {
        (all[number - 1].outcome == Outcome::ClosedByClient).then_some(())
    };
    phone.openai.until("the end of the request", BOUND, is_cut).await.unwrap();
}

async fn lost(phone: &Phone) -> Decimal {
    sqlx::query_scalar("SELECT sum(lost) FROM transcriptions").fetch_one(phone.bot.books()).await.unwrap()
}

#[tokio::test]
async fn a_stop_cuts_the_request_which_is_paid_and_the_file_can_be_asked_for_again() {
    let phone = Phone::with([("STARTER_BALANCE_USD", "1")]).await;
    let bot = &phone.bot;
    let id = sent(bot, song(10)).await;
    let (gate, _keeper) = Gate::new();
    phone.openai.script(Reply::text("Too late.").held(gate));
    ask(&phone, &id, 1).await;
    bot.ann("/stop");
    cut(&phone, 1).await;
    bot.database.until(OPEN, 0).await;
    bot.database.until(STOPPED, 1).await;
    for query in [HOLDS, PENDING] {
        assert_eq!(bot.database.count(query).await, 0, "{query}");
    }
    assert_eq!(phone.charges().await, [usd("0.00075")], "by the duration in its headers");
    assert_eq!(lost(&phone).await, Decimal::ZERO);
    let audit = sqlx::query(include_str!("../../src/db/audit.sql")).bind(Utc::now() - TimeDelta::minutes(1));
    let problems = audit.fetch_all(bot.books()).await.unwrap();
    assert!(problems.is_empty(), "the audit of what has changed: {problems:?}");
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT substr(key, 1, 41) FROM balance_operations WHERE kind = 'transcription'")
            .fetch_all(bot.books())
            .await
            .unwrap();
    assert_eq!(keys, [format!("transcription:{id}")[..41].to_owned()]);
    assert_eq!(bot.metric("bot_transcriptions_total{result=\"stopped\"}").await, 1);
    assert_eq!(bot.metric("bot_transcription_costs_nanousd_total").await, 750_000);
    assert_eq!(bot.metric("bot_transcribed_seconds_total").await, 10);
    bot.ann("/balance");
    bot.hears(ANN, "≈-$0.0008 · recording to text, 0:10, estimated ·").await;

    phone.openai.script(Reply::text("Good morning.").usage(Usage::Seconds(9.5)));
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!(
        (&heard["text"], &heard["cost_usd"]),
        (&json!("Good morning."), &json!("0.0007125")),
        "{heard}"
    );
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["stored"], &heard["cost_usd"]), (&json!(true), &json!("0")), "{heard}");
    assert_eq!(phone.charges().await, [usd("0.00075"), usd("0.0007125")]);
    assert_eq!(phone.openai.requests().len(), 2);
    let spent: Decimal =
        sqlx::query_scalar("SELECT sum(cost) FROM model_calls").fetch_one(bot.books()).await.unwrap();
    bot.database.until(OPEN, 0).await;
    assert_eq!(bot.balance(ANN).await, Decimal::ONE - spent - usd("0.0014625"));
    phone.end().await;
}

#[tokio::test]
async fn a_newer_message_cuts_the_request_and_its_turn_gets_the_file_at_once() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(10)).await;
    for number in 1..=2 {
        let (gate, keeper) = Gate::new();
        phone.openai.script(Reply::text("Too late.").held(gate));
        // Held as long as the emulator lives.
        std::mem::forget(keeper);
        ask(&phone, &id, number).await;
    }
    cut(&phone, 1).await;
    phone.openai.script(Reply::text("Hello."));
    ask(&phone, &id, 3).await;
    bot.hears(ANN, "Hello.").await;
    assert_eq!(phone.charges().await, vec![usd("0.00075"); 3]);
    assert_eq!(bot.database.count(STOPPED).await, 2);
    phone.end().await;
}

#[tokio::test]
async fn a_stop_between_two_tries_costs_nothing() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(10)).await;
    phone.openai.script(Reply::error(ApiError::rate_limited(8)));
    ask(&phone, &id, 1).await;
    bot.log("a transcription is tried again").await;
    bot.ann("/stop");
    bot.database.until(OPEN, 0).await;
    bot.database.until(PENDING, 0).await;
    assert_eq!((phone.charges().await, lost(&phone).await), (Vec::new(), Decimal::ZERO));
    phone.end_with_refusals().await;
}

#[tokio::test]
async fn an_answer_that_came_before_the_stop_is_stored_and_paid_once() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(10)).await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("Just in time.").held(gate));
    ask(&phone, &id, 1).await;
    let mut lock = bot.books().begin().await.unwrap();
    sqlx::query("SELECT FROM transcriptions FOR UPDATE").execute(&mut *lock).await.unwrap();
    keeper.open();
    bot.database.until(WAITS_FOR_THE_ROW, 1).await;
    bot.ann("/stop");
    bot.database.until(OPEN, 0).await;
    lock.rollback().await.unwrap();
    bot.database.until(PENDING, 0).await;
    assert_eq!(phone.charges().await, [usd("0.00075")]);
    assert_eq!(bot.database.count(STOPPED).await, 0);
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["text"], &heard["stored"]), (&json!("Just in time."), &json!(true)), "{heard}");
    phone.end().await;
}

#[tokio::test]
async fn a_stop_is_paid_also_if_the_books_are_slow_and_another_worker_has_the_file() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(10)).await;
    let (gate, _keeper) = Gate::new();
    phone.openai.script(Reply::text("Too late.").held(gate));
    ask(&phone, &id, 1).await;
    let mut lock = bot.books().begin().await.unwrap();
    // What another worker does that meets a lease which has ended; this one vanishes then.
    let take_over = "UPDATE transcriptions SET lease = lease + 1, leased_until = now(), lost = lost + held";
    sqlx::query(take_over).execute(&mut *lock).await.unwrap();
    bot.ann("/stop");
    cut(&phone, 1).await;
    bot.database.until(OPEN, 0).await;
    bot.database.until(WAITS_FOR_THE_ROW, 1).await;
    assert!(phone.charges().await.is_empty());
    lock.commit().await.unwrap();
    bot.database.until(STOPPED, 1).await;
    assert_eq!(phone.charges().await, [usd("0.00075")]);
    assert_eq!((bot.database.count(PENDING).await, bot.database.count(HOLDS).await), (1, 1), "the other's");
    assert_eq!(lost(&phone).await, Decimal::ZERO, "what is paid is no loss");
    phone.openai.script(Reply::text("Hello."));
    assert_eq!(one(bot, json!({"file_id": id})).await["text"], "Hello.");
    assert_eq!(phone.charges().await, [usd("0.00075"), usd("0.00075")]);
    phone.end().await;
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_a_stop_is_paid_once_at_most() {
    let all = starling::lifecycle::kill_point::ALL;
    assert!(OF_STOPS.iter().all(|point| all.contains(point)));
    futures::stream::iter(OF_STOPS)
        .for_each_concurrent(3, |point| async move {
            let mut phone = Phone::with([("KILL_AT", point)]).await;
            let id = sent(&phone.bot, song(10)).await;
            let (gate, _keeper) = Gate::new();
            phone.openai.script(Reply::text("Too late.").held(gate));
            ask(&phone, &id, 1).await;
            phone.bot.ann("/stop");
            tokio::time::timeout(BOUND, phone.bot.died()).await.expect("the bot dies in time");
            phone.bot.set("KILL_AT", "");
            phone.bot.run().await;
            phone.bot.database.until(OPEN, 0).await;
            let is_paid = point == "transcription: stop charged";
            let paid = if is_paid { vec![usd("0.00075")] } else { Vec::new() };
            assert_eq!(phone.charges().await, paid, "{point}");
            // The next one takes over what is still pending.
            phone.openai.script(Reply::text("Hello."));
            assert_eq!(one(&phone.bot, json!({"file_id": id})).await["text"], "Hello.", "{point}");
            assert_eq!(phone.charges().await, [paid, vec![usd("0.00075")]].concat(), "{point}");
            assert_eq!(lost(&phone).await > Decimal::ZERO, !is_paid, "{point}: a crash is the owner's loss");
            phone.end().await;
        })
        .await;
}
