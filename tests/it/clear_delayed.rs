//! Messages from before a `/clear` that crashes have delayed until it was carried out: they are answered, by
//! themselves, and no later prompt shows them or the answer.

use playground::telegram::{NewFile, SentIds};
use serde_json::json;

use crate::harness::partial_answer::{first_half_is_visible, half_an_answer};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

/// A window that is long enough for what comes together, and a sweep that finds the delayed message soon.
const SETTINGS: [(&str, &str); 2] = [("STRANDED_AFTER_SECONDS", "1"), ("BATCH_WINDOW_MS", "1000")];

/// Ann talks and clears the conversation. Returns the command.
async fn cleared(bot: &Bot) -> SentIds {
    bot.ask("before").await;
    let cleared = bot.ann("/clear");
    bot.answer(ANN, 2).await;
    cleared
}

/// Puts the message that stands before the command into the inbox, as if crashes had kept it from being handled.
/// Returns when it waits in its batch.
async fn comes_late(bot: &Bot, cleared: SentIds, text: &str) {
    let update = cleared.update_id - 1_000;
    let message = json!({"update_id": update, "message": {
        "message_id": cleared.message_id - 1, "date": 1, "text": text,
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
    }});
    sqlx::query("INSERT INTO inbox (update_id, kind, payload) VALUES ($1, 'message', $2::json)")
        .bind(update)
        .bind(message.to_string())
        .execute(bot.books())
        .await
        .unwrap();
    bot.database.until("SELECT count(*) FROM inbox WHERE tries > 0", 1).await;
}

/// Returns the last request to the model.
fn last_prompt(bot: &Bot) -> Vec<String> {
    conversation(bot.model.requests().last().unwrap())
}

#[tokio::test]
async fn it_is_answered_before_newer_ones_and_forgotten() {
    let redis = Redis::start().await;
    let [stranded, window] = SETTINGS;
    let bot = Bot::with([stranded, window, ("REDIS_URL", redis.url().as_str())]).await;
    let cleared = cleared(&bot).await;
    comes_late(&bot, cleared, "the secret").await;
    bot.ann("newer");
    bot.ann("and newest");
    assert_eq!(bot.answer(ANN, 3).await, "You said: the secret", "{}", bot.screen(ANN));
    assert_eq!(bot.answer(ANN, 4).await, "You said: newer\nand newest", "{}", bot.screen(ANN));
    assert_eq!(last_prompt(&bot), ["user: newer | and newest"]);
    for question in ["from the cache", "and once more"] {
        bot.ask(question).await;
        let prompt = last_prompt(&bot).join("\n");
        assert!(prompt.starts_with("user: newer | and newest\n"), "{prompt}");
        assert!(!prompt.contains("the secret"), "{prompt}");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM turns").await, 5);
    bot.end().await;
}

#[tokio::test]
async fn a_newer_message_waits_for_its_answer_with_its_file_and_its_edit() {
    let bot = Bot::with(SETTINGS).await;
    let cleared = cleared(&bot).await;
    let keeper = half_an_answer(&bot);
    comes_late(&bot, cleared, "the secret").await;
    bot.telegram.send(ANN, ANN, NewFile::photo(40, 30).captioned("What is this?"));
    let typo = bot.ann("and tihs?");
    bot.telegram.edit(ANN, typo.message_id, "and this?").unwrap();
    first_half_is_visible(&bot).await;
    bot.ann("quickly");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 4).await;
    keeper.open();
    assert_eq!(bot.answer(ANN, 3).await, "The first half. The second half.");
    bot.hears(ANN, "quickly").await;
    let prompt = last_prompt(&bot).join("\n");
    assert!(prompt.starts_with("user: What is this? | and this?") && !prompt.contains("secret"), "{prompt}");
    assert_eq!(bot.model.requests().last().unwrap().files().len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_crash_during_its_answer_loses_neither_it_nor_the_newer_one() {
    let mut bot = Bot::with(SETTINGS).await;
    let cleared = cleared(&bot).await;
    let keeper = half_an_answer(&bot);
    comes_late(&bot, cleared, "the secret").await;
    bot.ann("newer");
    bot.request(2).await;
    bot.kill().await;
    drop(keeper);
    bot.run().await;
    assert_eq!(bot.answer(ANN, 3).await, "You said: the secret", "{}", bot.screen(ANN));
    assert_eq!(bot.answer(ANN, 4).await, "You said: newer", "{}", bot.screen(ANN));
    assert_eq!(last_prompt(&bot), ["user: newer"]);
    bot.end().await;
}

#[tokio::test]
async fn the_copy_of_its_file_is_deleted() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::photo(40, 30).captioned("What is this?"));
    bot.answer(ANN, 1).await;
    let copy = bot.model.files().first().map(|file| file.id.clone()).unwrap();
    // As if crashes had delayed the message until the command was carried out, which found no copy then.
    bot.sql("UPDATE threads SET cleared_up_to = 2147483647").await;
    // Any command lets the deletion look for work at once.
    bot.telegram.say(BOB, BOB, "/clear");
    bot.model.until_deleted(&copy, BOUND).await.unwrap();
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    bot.end().await;
}
