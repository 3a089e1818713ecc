//! Prompts from the cache are what the database says, also after an edit, a kill or a change behind the cache.

use super::bot_with;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

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
