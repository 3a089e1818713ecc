//! Write-behind as seen from the whole bot: statistics, checkpoints, dead letters and metrics.

use std::time::Duration;

use playground::anthropic::{Gate, Reply, Step};
use sqlx::PgPool;

use super::{CALLS, call};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOUND, Bot};

/// Returns whether the statistics agree with the books.
async fn assert_counted(books: &PgPool) {
    let differences: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (
           SELECT user_id, sum(turns) AS turns, sum(messages) AS messages, sum(input) AS input,
                  sum(output) AS output, sum(cost) AS cost
           FROM user_statistics GROUP BY user_id
         ) AS counted FULL JOIN (
           SELECT threads.user_id, count(*) AS turns,
                  sum((SELECT count(*) FROM messages WHERE turn_id = turns.id AND role = 'user')) AS messages,
                  coalesce(sum((SELECT sum(input) FROM model_calls WHERE turn_id = turns.id)), 0) AS input,
                  coalesce(sum((SELECT sum(output) FROM model_calls WHERE turn_id = turns.id)), 0) AS output,
                  coalesce(sum((SELECT sum(cost) FROM model_calls WHERE turn_id = turns.id AND payer = 'user')), 0)
                    AS cost
           FROM turns JOIN threads ON threads.id = turns.thread_id GROUP BY threads.user_id
         ) AS booked USING (user_id)
         WHERE (counted.turns, counted.messages, counted.input, counted.output, counted.cost)
           IS DISTINCT FROM (booked.turns, booked.messages, booked.input, booked.output, booked.cost)",
    )
    .fetch_one(books)
    .await
    .unwrap();
    assert_eq!(differences, 0, "statistics and books differ");
}

#[tokio::test]
async fn statistics_are_what_the_books_say_and_complete_when_the_bot_has_ended() {
    let redis = Redis::start().await;
    for url in ["", &redis.url()] {
        let mut bot = Bot::with([("REDIS_URL", url)]).await;
        for text in ["one", "two", "!refuse", "!cut", "five"] {
            bot.ask(text).await;
        }
        bot.terminate();
        assert_eq!(bot.exit_code().await, 0);
        assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE NOT counted").await, 0);
        assert_counted(bot.books()).await;
        bot.end().await;
    }
}

#[tokio::test]
async fn what_a_flushed_redis_has_lost_is_counted_again_from_the_books() {
    let redis = Redis::start().await;
    let mut bot = Bot::with([("REDIS_URL", &redis.url())]).await;
    bot.ask("one").await;
    bot.ask("two").await;
    bot.log("turn 2 complete").await;
    redis.ask::<()>(&["FLUSHALL"]).await;
    bot.kill().await;
    // Simulates that this happened some time ago.
    sqlx::query("UPDATE turns SET closed_at = closed_at - interval '1 hour' WHERE closed_at IS NOT NULL")
        .execute(bot.books())
        .await
        .unwrap();
    bot.run().await;
    bot.database.until("SELECT count(*) FROM turns WHERE closed_at IS NOT NULL AND NOT counted", 0).await;
    assert_counted(bot.books()).await;
    bot.end().await;
}

#[tokio::test]
async fn dead_letters_can_be_looked_at_and_tried_again() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let put = |turn: i64| {
        let payload = serde_json::to_string(&call(turn, 1)).unwrap();
        let item = call(turn, 1).id();
        sqlx::query("INSERT INTO dead_letters (item_id, payload, error) VALUES ($1, $2, 'no such turn')")
            .bind(item)
            .bind(payload)
            .execute(bot.books())
    };
    put(1).await.unwrap();
    put(99).await.unwrap();
    let (code, list) = bot.command(&["dead-letters", "list"]).await;
    assert_eq!(code, 0);
    assert!(list.contains("tool_call:1:1:toolu_1") && list.contains("no such turn"), "{list}");
    let (code, shown) = bot.command(&["dead-letters", "show", "1"]).await;
    assert!(code == 0 && shown.contains("\"tool\":\"web_search\""), "{shown}");
    assert_eq!(bot.command(&["dead-letters", "show", "7"]).await.0, 1);
    let (code, replayed) = bot.command(&["dead-letters", "replay", "all"]).await;
    assert_eq!(code, 1, "one is refused again");
    assert!(replayed.contains("1 written, 1 refused"), "{replayed}");
    assert_eq!(bot.database.count(CALLS).await, 1);
    assert_eq!(bot.database.count("SELECT attempts::bigint FROM dead_letters").await, 2);
    // The cause is fixed, and the dead letter is retried twice.
    sqlx::query("INSERT INTO turns (id, thread_id, question_id, model_id, state, closed_at) OVERRIDING SYSTEM VALUE VALUES (99, 1, 1, 'm', 'failed', now())")
        .execute(bot.books())
        .await
        .unwrap();
    assert_eq!(bot.command(&["dead-letters", "replay", "2"]).await.0, 0);
    assert_eq!(bot.command(&["dead-letters", "replay", "all"]).await.0, 0);
    assert_eq!(bot.database.count(CALLS).await, 2);
    bot.end().await;
}

#[tokio::test]
async fn the_depth_of_the_queue_is_told() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", &*redis.url())]).await;
    bot.model.script_for("hello", Reply::text("Hi."));
    bot.ask("hello").await;
    bot.database
        .until_within(BOUND + Duration::from_secs(5), "SELECT count(*) FROM turns WHERE counted", 1)
        .await;
    assert_eq!(bot.metric("bot_write_flush_total{write_type=\"user_stats\"}").await, 1);
    assert_eq!(bot.metric("bot_write_direct_total").await, 0);
    assert_eq!(bot.answers(ANN), ["Hi."]);
    bot.end().await;
}

#[tokio::test]
async fn a_growing_answer_is_written_down_until_it_is_settled() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", &*redis.url())]).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("The beginning".to_owned()),
        Step::Gate(gate),
        Step::Text(" and the end.".to_owned()),
    ]));
    bot.ann("tell me");
    bot.database.until("SELECT count(*) FROM checkpoints WHERE text = 'The beginning'", 1).await;
    keeper.open();
    assert_eq!(bot.answer(ANN, 1).await, "The beginning and the end.");
    bot.database.until("SELECT count(*) FROM checkpoints", 0).await;
    bot.end().await;
}
