//! Named duties: what only one instance does at a time, and who has it.

use super::{half, half_is_visible};
use crate::harness::{ANN, BOUND, Bot};

const DUTIES: i64 = 5;
const HELD: &str =
    "SELECT count(*) FROM duties JOIN instances ON instances.id = holder WHERE duties.name <> 'work'";
/// Duties that an instance has which is alive.
const ALIVE: &str = "SELECT count(*) FROM duties JOIN instances ON instances.id = holder
                     WHERE duties.name <> 'work' AND dead_at IS NULL AND instances.name <> 'other'";

/// Another instance, on another host, which is alive until it is said to be dead.
async fn other_instance(bot: &Bot) -> i64 {
    let join = "INSERT INTO instances (name, version, host, pid, process_started, beat_at)
                VALUES ('other', '9.9.9', 'elsewhere', 1, 1, now() + interval '1 day') RETURNING id";
    sqlx::query_scalar(join).fetch_one(bot.books()).await.unwrap()
}

async fn gets(bot: &Bot, holder: i64, duties: &[&str]) {
    let get = "UPDATE duties SET holder = $1, taken_at = now(), epoch = epoch + 1 WHERE name = ANY($2)";
    sqlx::query(get).bind(holder).bind(duties).execute(bot.books()).await.unwrap();
}

async fn dies(bot: &Bot, instance: i64) {
    let die = "UPDATE instances SET dead_at = now() WHERE id = $1";
    sqlx::query(die).bind(instance).execute(bot.books()).await.unwrap();
}

async fn epochs(bot: &Bot) -> Vec<i64> {
    sqlx::query_scalar("SELECT DISTINCT epoch FROM duties WHERE name <> 'work'")
        .fetch_all(bot.books())
        .await
        .unwrap()
}

async fn polls(bot: &Bot, more_than: usize) {
    let asked = bot
        .telegram
        .until("a poll", BOUND, |view| (view.calls_of("getUpdates").count() > more_than).then_some(()));
    asked.await.unwrap();
}

#[tokio::test]
async fn a_lone_instance_has_all_duties_and_gives_them_back_when_it_stops() {
    let mut bot = Bot::start().await;
    bot.database.until(ALIVE, DUTIES).await;
    let (code, lines) = bot.command(&["instances"]).await;
    assert_eq!(code, 0);
    for duty in ["janitor", "poller", "reconciliation", "recount", "refunds"] {
        let line = lines.lines().find(|line| line.starts_with(&format!("duty {duty}: instance 1 (since ")));
        assert!(line.is_some_and(|line| line.ends_with(", epoch 1)")), "{lines}");
    }
    assert_eq!(bot.metric("bot_duty_held").await, 5);
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(bot.database.count(HELD).await, 0, "given back, not only left behind");
    let (_, lines) = bot.command(&["instances"]).await;
    assert!(lines.contains("duty poller: nobody"), "{lines}");
    bot.run().await;
    bot.database.until(ALIVE, DUTIES).await;
    assert_eq!(epochs(&bot).await, [2]);
    bot.end().await;
}

#[tokio::test]
async fn duties_are_free_while_the_last_answers_of_an_instance_run() {
    let mut bot = Bot::start().await;
    bot.database.until(ALIVE, DUTIES).await;
    let keeper = half(&bot, "question");
    bot.ann("question");
    half_is_visible(&bot).await;
    bot.terminate();
    bot.database.until(HELD, 0).await;
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "Half and whole.");
    assert_eq!(bot.exit_code().await, 0);
    bot.end().await;
}

#[tokio::test]
async fn the_duties_of_a_killed_instance_are_taken_over() {
    let mut bot = Bot::prepare([("KILL_AT", "duty: taken")]).await;
    bot.launch();
    bot.died().await;
    assert_eq!(bot.database.count(HELD).await, 1, "it has died as it took the first one");
    bot.set("KILL_AT", "");
    bot.run().await;
    bot.database.until(ALIVE, DUTIES).await;
    bot.kill().await;
    bot.run().await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.database.until("SELECT count(*) FROM duties WHERE name <> 'work' AND epoch >= 2", DUTIES).await;
    bot.end().await;
}

#[tokio::test]
async fn only_the_instance_with_the_duty_fetches_updates() {
    let mut bot = Bot::prepare([]).await;
    assert_eq!(bot.command(&["migrate"]).await.0, 0);
    let other = other_instance(&bot).await;
    gets(&bot, other, &["poller", "refunds"]).await;
    bot.run().await;
    bot.database.until(ALIVE, 3).await;
    bot.database.until(
        "SELECT count(*) FROM duties JOIN instances ON instances.id = holder WHERE instances.name = 'other'",
        2,
    )
    .await;
    bot.ann("hello");
    let ready = reqwest::get(format!("http://{}/ready", bot.operators_port())).await.unwrap();
    assert_eq!(ready.status(), 200, "it works without fetching updates");
    let calls = |method| bot.telegram.view(|view| view.calls_of(method).count());
    assert_eq!((calls("getUpdates"), calls("deleteWebhook")), (0, 0));
    dies(&bot, other).await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    bot.database.until(ALIVE, DUTIES).await;
    bot.end().await;
}

#[tokio::test]
async fn an_instance_that_has_lost_a_duty_does_it_no_longer() {
    let bot = Bot::start().await;
    bot.database.until(ALIVE, DUTIES).await;
    let other = other_instance(&bot).await;
    // As a failover may have it that has lost the last commits.
    gets(&bot, other, &["poller", "janitor"]).await;
    bot.log("this instance has lost the duty poller").await;
    bot.log("this instance has lost the duty janitor").await;
    let polled = bot.telegram.view(|view| view.calls_of("getUpdates").count());
    bot.ann("hello");
    // The other one would fetch it.
    dies(&bot, other).await;
    polls(&bot, polled).await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: hello");
    assert_eq!(bot.telegram.view(|view| view.calls_of("deleteWebhook").count()), 2, "once each time");
    bot.end().await;
}
