//! The cache in the whole bot: with Redis, without it, and with a Redis that fails in every way, people get
//! the same answers and the model gets the same prompts.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::harness::proxy::Proxy;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

async fn bot_with(redis_url: &str) -> Bot {
    Bot::with([("REDIS_URL", redis_url)]).await
}

/// Has a conversation with everything that a history can hold; returns the requests to the model, byte for
/// byte.
async fn a_rich_conversation(bot: &Bot) -> Vec<Vec<u8>> {
    let first = bot.ann("What is 2^63? 9223372036854775807 \u{1f914}");
    bot.answer(ANN, 1).await;
    bot.ask("Tabs\tand\nlines, \"quotes\", \\ and Привет").await;
    bot.telegram.reply(ANN, ANN, first.message_id, "about that one");
    bot.answer(ANN, 3).await;
    bot.telegram.edit(ANN, first.message_id, "What is 2^64?").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE edits = 1", 1).await;
    bot.ask("[]").await;
    bot.ask("!refuse").await;
    bot.ask("{\"a\": []}").await;
    bot.ask("!cut").await;
    bot.ask("and on").await;
    bot.ask_in(GROUP, BOB, "@starling_bot hello from the group").await;
    bot.ask_in(GROUP, BOB, "@starling_bot once more").await;
    bot.model.requests().iter().map(|request| request.raw.to_vec()).collect()
}

#[tokio::test]
async fn a_cached_history_makes_the_same_prompt_byte_for_byte() {
    let redis = Redis::start().await;
    let url = redis.url();
    let (cached, plain) = tokio::join!(bot_with(&url), Bot::start());
    let (with, without) = tokio::join!(a_rich_conversation(&cached), a_rich_conversation(&plain));
    for (number, (with, without)) in with.iter().zip(&without).enumerate() {
        let (with, without) = (String::from_utf8_lossy(with), String::from_utf8_lossy(without));
        assert_eq!(with, without, "request {number}");
    }
    assert_eq!(with.len(), without.len());
    let hits = cached.metric("bot_redis_cache_hits_total{cache_type=\"messages\"}").await;
    assert!(hits >= 5, "only {hits} histories came from the cache");
    assert_eq!(cached.metric("bot_redis_cache_stale_total").await, 0);
    cached.end().await;
    plain.end().await;
}

#[tokio::test]
async fn what_changes_behind_the_cache_is_found_out_before_the_model_is_asked() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    bot.ask("one").await;
    bot.log("turn 1 complete").await;
    // Simulates another instance, or this one killed before it could update the cache.
    for change in [
        "UPDATE users SET model_id = 'claude-opus-5-5' WHERE id = 42",
        "UPDATE threads SET history_version = history_version + 1",
        "UPDATE messages SET text = 'won', edits = 0 WHERE role = 'user'",
    ] {
        sqlx::query(change).execute(bot.books()).await.unwrap();
    }
    bot.ask("two").await;
    let asked = bot.model.requests().last().unwrap().clone();
    assert_eq!(asked.body["model"], "claude-opus-5-5");
    assert_eq!(conversation(&asked), ["user: won", "assistant: You said: one", "user: two"]);
    assert_eq!(bot.metric("bot_redis_cache_stale_total").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn a_kill_between_the_books_and_the_cache_leaves_no_hole_in_the_history() {
    let redis = Redis::start().await;
    let mut bot = bot_with(&redis.url()).await;
    bot.ask("one").await;
    bot.log("turn 1 complete").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.set("KILL_AT", "settle: after the commit");
    bot.run().await;
    bot.ann("two");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    bot.kill().await;
    bot.set("KILL_AT", "");
    bot.run().await;
    assert_eq!(bot.answer(ANN, 2).await, "You said: two");
    bot.ask("three").await;
    let said = conversation(&bot.request(3).await);
    assert_eq!(
        said,
        ["user: one", "assistant: You said: one", "user: two", "assistant: You said: two", "user: three"]
    );
    assert_eq!(bot.metric("bot_redis_cache_stale_total").await, 1);
    bot.end().await;
}

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
async fn an_edit_reaches_the_next_prompt_through_the_cache() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    let first = bot.ann("colour");
    bot.answer(ANN, 1).await;
    bot.log("turn 1 complete").await;
    bot.telegram.edit(ANN, first.message_id, "color").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE edits = 1", 1).await;
    bot.ask("more").await;
    let said = conversation(bot.model.requests().last().unwrap());
    assert!(said[0].ends_with("color"), "{said:?}");
    bot.end().await;
}

#[tokio::test]
async fn an_old_answer_of_the_cache_never_takes_over_a_question_of_ours() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    bot.ask("hello").await;
    bot.log("turn 1 complete").await;
    // A question starts to wait for a text; the cache does not know of it.
    sqlx::query(
        "INSERT INTO dialogs (chat_id, user_id, kind, expires_at)
         VALUES (42, 42, 'custom_amount', now() + interval '5 minutes')",
    )
    .execute(bot.books())
    .await
    .unwrap();
    bot.ann("25");
    bot.database.until("SELECT count(*) FROM invoices", 1).await;
    assert_eq!(bot.model.requests().len(), 1, "the amount is no prompt");
    bot.end().await;
}

#[tokio::test]
async fn who_had_blocked_the_bot_and_writes_again_is_met_in_spite_of_the_cache() {
    let redis = Redis::start().await;
    let bot = bot_with(&redis.url()).await;
    bot.ask("one").await;
    bot.log("turn 1 complete").await;
    sqlx::query("UPDATE users SET blocked_at = now()").execute(bot.books()).await.unwrap();
    bot.ask("two").await;
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE blocked_at IS NOT NULL").await, 0);
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
