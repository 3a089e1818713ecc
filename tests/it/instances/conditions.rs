//! Two instances under bad conditions: one is cut off from the database, one has a wrong clock, Redis is away.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]

use std::path::Path;
use std::time::{Duration, Instant};

use playground::telegram::Person;

use super::suspended::assert_in_turn;
use crate::harness::proxy::Proxy;
use crate::harness::redis::Redis;
use crate::harness::{ANN, Bot, scaled};

/// What an instance logs that finds itself declared dead.
const DECLARED_DEAD: &str = "was declared dead";
/// The library that shows a process another time (Debian: `libfaketime`), in the directory of each architecture.
const OTHER_TIME: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
];
/// How far a clock is ahead, in seconds.
const AHEAD: u64 = 300;
/// People whose chats belong to both instances.
const PEOPLE: std::ops::RangeInclusive<i64> = 1_001..=1_020;

/// Returns the place of the instance that has sent the newest draft to Ann.
fn speaker(bot: &Bot) -> usize {
    let caller = bot.telegram.view(|view| {
        let drafts = view.calls_of("sendMessageDraft").rfind(|call| call.chat == Some(ANN));
        drafts.and_then(|call| call.caller.clone()).expect("an instance with a name")
    });
    caller.parse::<usize>().unwrap() - 1
}

#[tokio::test]
async fn an_instance_without_its_database_is_silent_before_the_other_speaks_and_returns_as_a_new_one() {
    let mut bot = Bot::pair([]).await;
    let wires = [Proxy::start(bot.database.address()).await, Proxy::start(bot.database.address()).await];
    for (place, wire) in wires.iter().enumerate() {
        let url = bot.database.url_through(wire.address());
        bot.set_at(place, "DATABASE_URL", &url);
    }
    bot.run().await;
    let keeper = super::half(&bot, "question");
    bot.ann("question");
    super::half_is_visible(&bot).await;
    let place = speaker(&bot);
    let cut = Instant::now();
    wires[place].cut();
    assert_eq!(bot.answer(ANN, 1).await, "You said: question");
    println!("answered by the other one {:?} after the cut", cut.elapsed());
    keeper.open();
    bot.request_end(1).await;
    assert_eq!(bot.ask("and now?").await, "You said: and now?");
    let night = Duration::from_secs(u64::try_from(scaled(0, 30)).unwrap());
    tokio::time::sleep(night.saturating_sub(cut.elapsed())).await;
    wires[place].mend();
    let process = bot.take_instance(place);
    let (code, log) = process.end().await;
    assert_eq!(code, 1);
    assert!(log.iter().any(|line| line.contains(DECLARED_DEAD)), "{log:#?}");
    assert_eq!(bot.answers(ANN), ["You said: question", "You said: and now?"]);
    assert_in_turn(&bot, &(place + 1).to_string());
    bot.add_instance(place).await;
    let alive =
        "SELECT count(*) FROM instances WHERE dead_at IS NULL AND id IN (SELECT max(id) FROM instances)";
    bot.database.until(alive, 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM instances").await, 3, "it is another one");
    assert_eq!(bot.ask("all well?").await, "You said: all well?");
    bot.end().await;
}

/// Everybody asks at once. Returns how long the last answer takes.
async fn everybody_asks(bot: &Bot, round: usize) -> Duration {
    let begun = Instant::now();
    for id in PEOPLE {
        bot.telegram.say(id, id, &format!("question {round} of {id}."));
    }
    for id in PEOPLE {
        assert_eq!(bot.answer(id, round).await, format!("You said: question {round} of {id}."));
    }
    begun.elapsed()
}

fn meet(bot: &Bot) {
    for id in PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
}

#[tokio::test]
async fn a_clock_that_is_five_minutes_ahead_changes_nothing() {
    let Some(library) = OTHER_TIME.into_iter().find(|path| Path::new(path).exists()) else {
        println!("skipped: libfaketime is not installed");
        return;
    };
    let mut bot = Bot::pair([]).await;
    meet(&bot);
    bot.set_at(1, "LD_PRELOAD", library);
    bot.set_at(1, "FAKETIME", &format!("+{AHEAD}s"));
    // Clocks that only measure durations are right on a machine whose time is wrong.
    bot.set_at(1, "FAKETIME_DONT_FAKE_MONOTONIC", "1");
    bot.run().await;
    let told = bot.metric_of_each("bot_heartbeat_timestamp_seconds").await;
    assert!(told[1].saturating_sub(told[0]) > AHEAD - 60, "its clock is ahead: {told:?}");
    println!("all answers: {:?}", everybody_asks(&bot, 1).await);
    // Longer than after a silent instance would be given up, and than an instance may act without a heartbeat.
    tokio::time::sleep(Duration::from_secs(11)).await;
    println!("all answers: {:?}", everybody_asks(&bot, 2).await);
    let dead = "SELECT count(*) FROM instances WHERE dead_at IS NOT NULL";
    assert_eq!(bot.database.count(dead).await, 0, "nobody was given up");
    // Each survives the other.
    for (round, place) in [(3, 0), (5, 1)] {
        bot.kill_instance(place).await;
        println!("all answers after a kill: {:?}", everybody_asks(&bot, round).await);
        bot.add_instance(place).await;
        println!("all answers with both: {:?}", everybody_asks(&bot, round + 1).await);
    }
    bot.end().await;
}

#[tokio::test]
async fn without_redis_two_instances_answer_as_before() {
    let mut redis = Redis::start().await;
    let url = redis.url();
    let mut bot = Bot::pair([("REDIS_URL", &*url)]).await;
    meet(&bot);
    bot.run().await;
    println!("all answers with Redis: {:?}", everybody_asks(&bot, 1).await);
    redis.kill().await;
    println!("all answers without: {:?}", everybody_asks(&bot, 2).await);
    println!("and again: {:?}", everybody_asks(&bot, 3).await);
    redis.run().await;
    println!("all answers with Redis again: {:?}", everybody_asks(&bot, 4).await);
    for id in PEOPLE {
        assert_eq!(bot.answers(id).len(), 4, "nobody is answered twice");
    }
    bot.end().await;
}
