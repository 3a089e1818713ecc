//! Redis over TLS, and Redis behind Sentinels whose master dies.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]
#![expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]

use std::time::{Duration, Instant};

use crate::harness::redis::Redis;
use crate::harness::sentinel::Sentinel;
use crate::harness::{BOUND, Bot};

const PASSWORD: &str = "pw-of-redis";
/// How often somebody writes while Redis fails over.
const PACE: Duration = Duration::from_millis(250);

async fn cached_histories(bot: &Bot) -> u64 {
    bot.metric("bot_redis_cache_hits_total{cache_type=\"messages\"}").await
}

#[tokio::test]
async fn an_encrypted_redis_is_used_if_its_certificate_is_vouched_for() {
    let Some(redis) = Redis::start_encrypted().await else {
        eprintln!("skipped: openssl is not installed here");
        return;
    };
    let (url, authority) = (redis.url(), redis.authority());
    let bot = Bot::with([("REDIS_URL", &*url), ("REDIS_CA_FILE", &authority)]).await;
    assert_eq!(bot.ask("one").await, "You said: one");
    bot.log("turn 1 complete").await;
    assert_eq!(bot.ask("two").await, "You said: two");
    assert!(cached_histories(&bot).await > 0, "the cache is in use");
    assert!(!redis.keys("messages").await.is_empty());
    let (_, report) = bot.command(&["doctor"]).await;
    assert!(report.contains("ok   redis: Redis "), "{report}");
    bot.end().await;
}

#[tokio::test]
async fn an_encrypted_redis_that_nobody_vouches_for_is_named_and_not_used() {
    let Some(redis) = Redis::start_encrypted().await else { return };
    let bot = Bot::with([("REDIS_URL", &*redis.url())]).await;
    let (code, report) = bot.command(&["doctor"]).await;
    let line = report.lines().find(|line| line.contains(" redis: ")).unwrap();
    assert!(line.starts_with("FAIL redis: ") && line.contains("certificate"), "{line}");
    assert!(line.ends_with("set REDIS_CA_FILE to the certificate of their authority"), "{line}");
    assert_eq!(code, 1);
    assert_eq!(bot.ask("one").await, "You said: one");
    assert_eq!(bot.ask("two").await, "You said: two");
    assert!(redis.keys("").await.is_empty());
    bot.end().await;
}

#[tokio::test]
async fn when_the_master_of_redis_dies_the_bot_goes_on_and_finds_the_new_one() {
    let mut master = Redis::start_with(PASSWORD, None).await;
    let replica = Redis::start_with(PASSWORD, Some(&master)).await;
    let sentinel = Sentinel::start(&master, PASSWORD);
    until("the Sentinel knows the replica", async || {
        let replicas: Option<Vec<redis::Value>> = sentinel.ask("REPLICAS").await;
        let synchronised = replica.ask::<String>(&["INFO", "replication"]).await;
        replicas.is_some_and(|replicas| replicas.len() == 1) && synchronised.contains("master_link_status:up")
    })
    .await;
    // The second Sentinel is down.
    let url = format!("redis+sentinel://:{PASSWORD}@{},127.0.0.1:1/main/0", sentinel.address());
    let bot = Bot::with([("REDIS_URL", &*url)]).await;
    let (_, report) = bot.command(&["doctor"]).await;
    let line = format!("; the master is {}", master.address());
    assert!(
        report.lines().any(|found| found.starts_with("ok   redis: ") && found.ends_with(&line)),
        "{report}"
    );
    bot.ask("one").await;
    bot.log("turn 1 complete").await;
    bot.ask("two").await;
    assert!(cached_histories(&bot).await > 0, "the cache is in use");

    master.kill().await;
    let killed = Instant::now();
    let mut questions = 2;
    let mut replaced = None;
    until("the bot uses the new master", async || {
        questions += 1;
        let text = format!("question {questions}");
        assert_eq!(bot.ask(&text).await, format!("You said: {text}"));
        let role = replica.ask::<Vec<redis::Value>>(&["ROLE"]).await;
        if replaced.is_none() && role[0] == redis::Value::BulkString(b"master".to_vec()) {
            // What is there now was written by the bot.
            replica.ask::<()>(&["FLUSHALL"]).await;
            replaced = Some(killed.elapsed());
        }
        replaced.is_some() && !replica.keys("messages").await.is_empty()
    })
    .await;
    println!("{replaced:?} after the kill there was a new master, after {:?} it was used", killed.elapsed());
    let before = cached_histories(&bot).await;
    bot.ask("the next").await;
    bot.ask("the last").await;
    assert!(cached_histories(&bot).await > before, "the cache is in use again");
    bot.end().await;
}

/// Looks again and again, at the pace of people, until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::time::sleep(PACE).await;
        }
    };
    assert!(tokio::time::timeout(BOUND, looking).await.is_ok(), "{what}");
}
