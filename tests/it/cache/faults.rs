//! A Redis that is away, dead, empty, hung, full, slow, a replica or wrongly set changes no answer.

use std::io::Write;
use std::time::{Duration, Instant};

use super::bot_with;
use crate::harness::proxy::Proxy;
use crate::harness::redis::Redis;
use crate::harness::{Bot, conversation};

/// Runs three turns around a failure of Redis: each is answered with the whole conversation in its prompt.
async fn three_turns(bot: &Bot, trouble: impl AsyncFnOnce()) {
    bot.ask("one").await;
    bot.log("turn 1 complete").await;
    trouble().await;
    bot.ask("two").await;
    bot.ask("three").await;
    let said = conversation(bot.model.requests().last().unwrap());
    assert_eq!(
        said,
        ["user: one", "assistant: You said: one", "user: two", "assistant: You said: two", "user: three"]
    );
}

#[tokio::test]
async fn without_redis_at_the_start_everything_works() {
    let redis = Redis::prepare();
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || {}).await;
    bot.log("Redis is away, going on without it").await;
    bot.end().await;
}

#[tokio::test]
async fn a_redis_that_dies_and_comes_back_changes_no_answer() {
    let mut redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || redis.kill().await).await;
    redis.run().await;
    assert_eq!(bot.ask("four").await, "You said: four");
    let said = conversation(bot.model.requests().last().unwrap());
    assert_eq!(said.len(), 7, "{said:?}");
    bot.end().await;
}

#[tokio::test]
async fn a_redis_that_was_restarted_quickly_is_used_again() {
    let mut redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || {
        redis.kill().await;
        redis.run().await;
    })
    .await;
    let before = bot.metric("bot_redis_cache_hits_total{cache_type=\"messages\"}").await;
    bot.ask("four").await;
    let after = bot.metric("bot_redis_cache_hits_total{cache_type=\"messages\"}").await;
    assert!(after > before, "the cache is in use");
    bot.end().await;
}

#[tokio::test]
async fn a_flushed_redis_changes_no_answer() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || redis.ask::<()>(&["FLUSHALL"]).await).await;
    bot.end().await;
}

#[tokio::test]
async fn a_hung_redis_costs_one_timeout_and_changes_no_answer() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || redis.hang()).await;
    // `None` if the write-behind was the first to notice.
    assert!(bot.metric("bot_redis_failures_total{kind=\"timeout\"}").await <= 1);
    assert_eq!(bot.metric("bot_redis_circuit_open ").await, 1);
    assert_eq!(bot.metric("bot_redis_circuit_opened_total").await, 1);
    redis.go_on();
    bot.end().await;
}

#[tokio::test]
async fn a_redis_at_its_memory_limit_changes_no_answer() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || {
        redis.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await;
        redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    })
    .await;
    bot.log("Redis is at its memory limit and refuses writes").await;
    assert_eq!(bot.metric("bot_redis_circuit_open ").await, 0, "it answers, so it is not left alone");
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    bot.ask("four").await;
    bot.log("Redis takes writes again").await;
    bot.end().await;
}

#[tokio::test]
async fn a_slow_redis_adds_at_most_one_timeout_to_anybodys_answer() {
    let redis = Redis::start().await;
    let proxy = Proxy::start(redis.address()).await;
    let bot = bot_with(&format!("redis://{}/0", proxy.address())).await;
    bot.ask("quick").await;
    bot.log("turn 1 complete").await;
    let timed = async |text: &str| {
        let began = Instant::now();
        bot.ask(text).await;
        began.elapsed().as_millis()
    };
    let quick = timed("still quick").await;
    bot.log("turn 2 complete").await;
    proxy.delay(Duration::from_millis(500));
    // The first turn pays for the timeout, unless the write-behind has; the others of the same breaker period
    // wait for nothing.
    let slow = [timed("slow 1").await, timed("slow 2").await, timed("slow 3").await];
    let timeouts = bot.metric("bot_redis_failures_total{kind=\"timeout\"}").await;
    writeln!(
        std::io::stderr(),
        "a Redis that answers after 500 ms: {quick} ms an answer before, {slow:?} ms after, {timeouts} timeouts"
    )
    .unwrap();
    assert!(timeouts <= 1, "{timeouts} timeouts in one breaker period");
    bot.log("Redis is away, going on without it").await;
    bot.end().await;
}

#[tokio::test]
async fn people_who_write_at_once_to_a_slow_redis_pay_one_timeout_each_at_most() {
    let redis = Redis::start().await;
    let proxy = Proxy::start(redis.address()).await;
    proxy.delay(Duration::from_millis(500));
    let bot = bot_with(&format!("redis://{}/0", proxy.address())).await;
    let people: Vec<i64> = (100..110).collect();
    for &person in &people {
        bot.telegram.add_user(playground::telegram::Person::new(person, "Somebody"));
        bot.telegram.say(person, person, "hello");
    }
    for &person in &people {
        assert_eq!(bot.answer(person, 1).await, "You said: hello");
        bot.telegram.say(person, person, "again");
    }
    for &person in &people {
        assert_eq!(bot.answer(person, 2).await, "You said: again");
    }
    let timeouts = bot.metric("bot_redis_failures_total{kind=\"timeout\"}").await;
    assert!(timeouts <= people.len() as u64, "{timeouts} timeouts");
    assert_eq!(bot.metric("bot_redis_circuit_opened_total").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn a_redis_that_became_a_replica_in_a_failover_is_left_alone() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    three_turns(&bot, async || redis.ask::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await).await;
    bot.ask("four").await;
    bot.log("Redis is away, going on without it").await;
    bot.end().await;
}

#[tokio::test]
async fn the_doctor_looks_at_redis() {
    let mut redis = Redis::start().await;
    let bot = Bot::prepare([("REDIS_URL", &*redis.url())]).await;
    let examined = async || bot.command(&["doctor"]).await;
    let (code, report) = examined().await;
    assert!(code == 0 && report.contains("ok   redis: Redis "), "{report}");
    redis.ask::<()>(&["CONFIG", "SET", "appendonly", "no"]).await;
    let (code, report) = examined().await;
    assert!(
        code == 0
            && report.contains("warn redis: Redis ")
            && report.contains("appendonly is off, set it to yes"),
        "{report}"
    );
    redis.ask::<()>(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]).await;
    let (code, report) = examined().await;
    assert!(code == 1 && report.contains("FAIL redis: maxmemory-policy is allkeys-lru"), "{report}");
    redis.kill().await;
    let (code, report) = examined().await;
    assert!(code == 1 && report.contains("check REDIS_URL and that Redis runs"), "{report}");
    bot.database.drop().await;
}
