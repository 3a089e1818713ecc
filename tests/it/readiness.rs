//! Start and `/ready`: the bot's own account, ports still in use, and whether updates are received and
//! dispatched.

use std::time::{Duration, Instant};

use playground::ports::free_address;
use playground::telegram::Fault;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::proxy::Proxy;
use crate::harness::{ANN, BOUND, Bot};

/// Returns status and body of `/ready` at an operators' port.
async fn ready(port: &str) -> (u16, String) {
    let answer = reqwest::get(format!("http://{port}/ready")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Waits until `/ready` returns this status; returns the body.
async fn until_ready(bot: &Bot, status: u16, part: &str) -> String {
    until_ready_at(&bot.operators_port(), status, part).await
}

/// Waits until `/ready` at an operators' port returns this status; returns the body.
pub(crate) async fn until_ready_at(port: &str, status: u16, part: &str) -> String {
    let end = Instant::now() + BOUND;
    loop {
        let (found, body) = ready(port).await;
        if found == status && body.contains(part) {
            return body;
        }
        assert!(Instant::now() < end, "/ready stays at {found} {body:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn whatever_getme_leaves_out_the_bot_answers_and_asks_once() {
    let names = ["can_join_groups", "has_main_web_app", "username", "first_name", "is_bot", "language_code"];
    let nulls: serde_json::Map<String, Value> =
        names.iter().map(|&name| (name.to_owned(), Value::Null)).collect();
    let (mut null, mut odd) = (nulls.clone(), nulls);
    null.insert("id".to_owned(), json!(123_456));
    odd.insert("id".to_owned(), json!(123_456));
    odd.insert("username".to_owned(), json!(["of", "tomorrow"]));
    let usual = json!({"id": 123_456, "is_bot": true, "first_name": "Starling", "username": "starling_bot"});
    for me in [usual, json!({"id": 123_456}), Value::Object(null), Value::Object(odd)] {
        let mut bot = Bot::prepare([]).await;
        bot.telegram.answer_get_me(me.clone());
        bot.run().await;
        assert_eq!(bot.ask("hello").await, "You said: hello", "{me}");
        assert_eq!(ready(&bot.operators_port()).await, (200, "ready\n".to_owned()), "{me}");
        assert_eq!(bot.telegram.view(|view| view.calls_of("getMe").count()), 1);
        bot.end().await;
    }
}

#[tokio::test]
async fn a_bot_that_does_not_know_yet_who_it_is_is_starting() {
    let mut bot = Bot::prepare([]).await;
    bot.telegram.fail_next("getMe", 1, Fault::Status(502));
    let held = bot.telegram.hold("getMe");
    bot.launch();
    held.waiting().await;
    assert_eq!(ready(&bot.operators_port()).await, (503, "starting\n".to_owned()));
    held.release();
    bot.log("Telegram is away, waiting").await;
    bot.log(" ready").await;
    until_ready(&bot, 200, "ready").await;
    bot.end().await;
}

#[tokio::test]
async fn a_second_poller_is_told_until_it_is_gone() {
    let mut bot = Bot::start().await;
    bot.expect_error("somebody else fetches the updates of this bot");
    until_ready(&bot, 200, "ready").await;
    // It polls without a pause, so any other poller is soon terminated.
    let url = format!("{}/bot123456:TEST-TOKEN/getUpdates?timeout=30", bot.telegram.url());
    let other = tokio::spawn(async move {
        loop {
            drop(reqwest::get(&url).await);
        }
    });
    let body = until_ready(&bot, 503, "not ready").await;
    assert_eq!(body, "not ready: somebody else fetches the updates of this bot\n");
    other.abort();
    assert!(other.await.is_err(), "it polled until now");
    until_ready(&bot, 200, "ready").await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn a_telegram_that_keeps_failing_is_told_until_it_works_again() {
    let bot = Bot::start().await;
    until_ready(&bot, 200, "ready").await;
    bot.telegram.fail_next("getUpdates", 100_000, Fault::Status(502));
    bot.ann("hello");
    bot.log("updates cannot be fetched, trying again").await;
    let body = until_ready(&bot, 503, "not ready").await;
    assert_eq!(body, "not ready: updates cannot be fetched: the Bot API failed with 502\n");
    bot.telegram.fail_no_more();
    until_ready(&bot, 200, "ready").await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn a_telegram_that_vanishes_is_told_until_it_is_there_again() {
    let mut bot = Bot::prepare([]).await;
    let address = bot.telegram.url().trim_start_matches("http://").parse().unwrap();
    let wire = Proxy::start(address).await;
    bot.set("TELEGRAM_API_URL", &format!("http://{}", wire.address()));
    bot.run().await;
    until_ready(&bot, 200, "ready").await;
    wire.cut();
    until_ready(&bot, 503, "not ready: updates cannot be fetched: the").await;
    wire.mend();
    until_ready(&bot, 200, "ready").await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn updates_that_cannot_be_stored_are_told_until_they_can() {
    let addr = free_address().unwrap().to_string();
    let url = format!("http://{addr}/telegram");
    let webhook = [
        ("TELEGRAM_MODE", "webhook"),
        ("WEBHOOK_URL", url.as_str()),
        ("WEBHOOK_ADDR", &addr),
        ("WEBHOOK_SECRET", "s3cret"),
    ];
    for settings in [&[][..], &webhook] {
        let mut bot = Bot::prepare([]).await;
        for (name, value) in settings {
            bot.set(name, value);
        }
        bot.run().await;
        until_ready(&bot, 200, "ready").await;
        bot.proxy.cut();
        bot.ann("hello");
        until_ready(&bot, 503, "not ready: updates wait to be stored").await;
        bot.proxy.mend();
        until_ready(&bot, 200, "ready").await;
        assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
        bot.end().await;
    }
}

#[tokio::test]
async fn a_port_that_is_still_held_is_waited_for() {
    let operators = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [&operators, &webhook].map(|listener| listener.local_addr().unwrap().to_string());
    let url = format!("http://{}/telegram", addresses[1]);
    let mut bot = Bot::prepare([
        ("METRICS_ADDR", &addresses[0]),
        ("TELEGRAM_MODE", "webhook"),
        ("WEBHOOK_URL", &url),
        ("WEBHOOK_ADDR", &addresses[1]),
        ("WEBHOOK_SECRET", "s3cret"),
    ])
    .await;
    bot.launch();
    for (setting, address, listener) in
        [("METRICS_ADDR", &addresses[0], operators), ("WEBHOOK_ADDR", &addresses[1], webhook)]
    {
        bot.log(&format!("{setting}: another process holds {address}, waiting for it")).await;
        drop(listener);
    }
    bot.log(" ready").await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.end().await;
}

#[tokio::test]
async fn a_port_that_stays_held_ends_the_start_and_so_does_a_signal() {
    let held = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = held.local_addr().unwrap().to_string();
    let mut bot = Bot::prepare([("METRICS_ADDR", &*address)]).await;
    bot.expect_error("METRICS_ADDR: 127.0.0.1:");
    bot.launch();
    assert_eq!(bot.exit_code().await, 1);
    bot.launch();
    bot.log("waiting for it").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.database.drop().await;
}
