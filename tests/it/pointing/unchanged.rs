//! What a prompt has told of a message keeps its bytes: from the cache, after a crash, when the window moves on.

use playground::anthropic::{Gate, Recorded, Reply, Step};
use playground::telegram::Fault;
use serde_json::json;

use super::{assert_grows, delivered, messages, newest, note, reply, shown};
use crate::harness::barrier::Barrier;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

/// Sends every kind of message that can be replied to; returns the request to the model.
async fn a_pointing_conversation(bot: &Bot) -> Vec<Recorded> {
    let theirs = bot.telegram.send(GROUP, BOB, note("theirs.txt").captioned("Read this"));
    let said = bot.telegram.say(GROUP, BOB, &"What Bob says. ".repeat(40));
    for (number, to) in [theirs.message_id, said.message_id, theirs.message_id].into_iter().enumerate() {
        reply(bot, GROUP, ANN, to, "@starling_bot and this?").await;
        bot.log(&format!("turn {} complete", number + 1)).await;
    }
    let answer = delivered(bot, GROUP).await[0];
    reply(bot, GROUP, ANN, answer, "why?").await;
    bot.log("turn 4 complete").await;
    bot.ask_in(GROUP, ANN, "@starling_bot and on").await;
    bot.model.requests()
}

#[tokio::test]
async fn a_cached_history_points_at_the_same_byte_for_byte() {
    let redis = Redis::start().await;
    let url = redis.url();
    let (cached, plain) = tokio::join!(Bot::with([("REDIS_URL", &*url)]), Bot::start());
    let (with, without) = tokio::join!(a_pointing_conversation(&cached), a_pointing_conversation(&plain));
    // Each emulator has ids of its own.
    let bytes = |bot: &Bot, requests: &[Recorded]| -> Vec<String> {
        let copy = bot.model.files()[0].id.clone();
        requests
            .iter()
            .map(|request| json!(messages(request)).to_string().replace(&copy, "the copy"))
            .collect()
    };
    assert_eq!(bytes(&cached, &with), bytes(&plain, &without));
    assert!(cached.metric("bot_redis_cache_hits_total{cache_type=\"messages\"}").await >= 3);
    assert_eq!(cached.metric("bot_redis_cache_stale_total").await, 0);
    assert_grows(&cached.model.requests());
    redis.ask::<()>(&["FLUSHALL"]).await;
    cached.ask_in(GROUP, ANN, "@starling_bot from PostgreSQL").await;
    assert_grows(&cached.model.requests());
    cached.end().await;
    plain.end().await;
}

#[tokio::test]
async fn a_crash_changes_nothing_of_what_was_pointed_at() {
    let mut bot = Bot::start().await;
    let theirs = bot.telegram.send(GROUP, BOB, note("theirs.txt").captioned(&"Read this. ".repeat(50)));
    bot.telegram.fail_next(
        "getFile",
        1,
        Fault::Error { code: 400, description: "Bad Request: gone".to_owned() },
    );
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Never said.".to_owned())]));
    bot.telegram.reply(GROUP, ANN, theirs.message_id, "@starling_bot what is this?");
    bot.request(1).await;
    bot.kill().await;
    drop(keeper);
    bot.run().await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert!(
        bot.answer(GROUP, 1).await.contains("I could not fetch the file of the message"),
        "{}",
        bot.screen(GROUP)
    );
    assert_eq!(messages(&bot.request(1).await), messages(&bot.request(2).await));
    // Before the turn is stored, the file is fetched once more.
    let barrier = Barrier::before_turns(&bot).await;
    bot.telegram.reply(GROUP, ANN, theirs.message_id, "@starling_bot and now?");
    barrier.reached(&bot).await;
    bot.kill().await;
    barrier.lift_for_the_next().await;
    bot.run().await;
    bot.answer(GROUP, 2).await;
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["theirs.txt"]);
    assert_grows(&bot.model.requests()[1..]);
    bot.end().await;
}

/// Stores this many further messages of Ann without answers.
async fn say_more(bot: &Bot, first: i64, count: i64) {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.sql(&format!(
        "WITH turn AS (
           INSERT INTO turns (thread_id, question_id, model_id, state, detail, closed_at)
           SELECT id, number, 'claude-sonnet-5-5', 'interrupted', 'superseded', now()
           FROM threads, generate_series({first}, {first} + {count} - 1) AS number RETURNING id, thread_id, question_id
         ), said AS (
           INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sent_at)
           SELECT thread_id, id, {ANN}, question_id, 'user', 'more', now() FROM turn ORDER BY id
         ) UPDATE threads SET history_version = history_version + 1"
    ))
    .await;
}

#[tokio::test]
async fn a_mark_stays_as_it_is_when_the_window_moves_on() {
    let bot = Bot::start().await;
    let long = "What Ann says. ".repeat(40);
    let said = bot.ann(long.trim());
    bot.answer(ANN, 1).await;
    say_more(&bot, 20_000, 150).await;
    reply(&bot, ANN, ANN, said.message_id, "about that").await;
    let asked = newest(&bot);
    let mark = asked.split(" | ").last().unwrap().to_owned();
    assert!(mark.contains("> In reply to Ann: What Ann says.") && mark.chars().count() < 300, "{mark}");
    say_more(&bot, 30_000, 400).await;
    reply(&bot, ANN, ANN, said.message_id, "and again").await;
    let mut said = conversation(bot.model.requests().last().unwrap());
    said.retain(|line| line.starts_with("user: "));
    let whole = said.join("\n");
    assert_eq!(whole.matches(long.trim()).count(), 1, "what is outside the window is new again");
    assert!(newest(&bot).contains(long.trim()));
    assert_eq!(whole.matches(&mark).count(), 1, "what was said before stays as it is");
    bot.end().await;
}
