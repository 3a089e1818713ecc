//! `/clear`: earlier messages appear in no prompt any more, later ones do, and nothing else changes.

use playground::anthropic::{Gate, Outcome, Reply, Step};

use crate::harness::money::person;
use crate::harness::partial_answer::{first_half_is_visible, half_an_answer};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation, exact};

const FORGOTTEN: &str = "🧹 I have forgotten our conversation here. Your balance stays as it is.";

/// Returns the last request to the model.
fn last_prompt(bot: &Bot) -> Vec<String> {
    conversation(bot.model.requests().last().unwrap())
}

#[tokio::test]
async fn in_a_private_chat_nothing_said_before_is_remembered() {
    let bot = Bot::start().await;
    assert_eq!(bot.ask("/clear").await, FORGOTTEN, "there is nothing yet");
    let secret = bot.ann("my secret is 1234");
    bot.answer(ANN, 2).await;
    bot.ask("and what else?").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    let before = bot.balance(ANN).await;
    assert_eq!(bot.ask("/clear").await, FORGOTTEN);
    assert_eq!(bot.balance(ANN).await, before);
    bot.ask("hello").await;
    assert_eq!(last_prompt(&bot), ["user: hello"]);
    bot.ask("again").await;
    assert_eq!(last_prompt(&bot), ["user: hello", "assistant: You said: hello", "user: again"]);
    // An edit does not bring back what is kept in the tables, and a reply shows only its snippet.
    bot.telegram.edit(ANN, secret.message_id, "my secret is 5678").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE edits = 1", 1).await;
    assert_eq!(bot.ask("/clear").await, FORGOTTEN);
    bot.telegram.reply(ANN, ANN, secret.message_id, "what about that?");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 5).await;
    let prompt = last_prompt(&bot);
    assert_eq!(prompt.len(), 1, "{prompt:?}");
    assert!(prompt[0].contains("5678") && prompt[0].ends_with("what about that?"), "{prompt:?}");
    assert_eq!(bot.database.count("SELECT count(*) FROM messages").await, 10);
    bot.end().await;
}

#[tokio::test]
async fn it_is_free_and_speaks_russian() {
    let bot = Bot::prepare([("STARTER_BALANCE_USD", "0")]).await;
    bot.telegram.add_user(person(ANN, "Аня", "anya", "ru"));
    let mut bot = bot;
    bot.run().await;
    let forgotten = bot.ask("/clear").await;
    assert_eq!(forgotten, "🧹 Я забыл наш разговор здесь. Баланс остаётся прежним.");
    let help = bot.ask("/help").await;
    assert!(help.contains("/clear – Забыть наш разговор"), "{help}");
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_and_in_a_topic_only_ones_own_conversation_is_forgotten() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(GROUP, "Holidays");
    for (user, name) in [(ANN, "Ann"), (BOB, "Bob")] {
        for place in [None, Some(topic)] {
            let before = bot.answers(GROUP).len();
            let text = format!("@starling_bot {name} was here");
            match place {
                None => bot.telegram.say(GROUP, user, &text),
                Some(topic) => bot.telegram.say_in_topic(GROUP, user, topic, &text),
            };
            bot.answer(GROUP, before + 1).await;
        }
    }
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 4).await;
    let said = bot.telegram.say_in_topic(GROUP, ANN, topic, "/clear");
    let told = bot.reply_to(said.update_id).await;
    assert_eq!((told.text.as_str(), told.topic), (FORGOTTEN, Some(topic)));
    assert_eq!(told.raw["reply_to_message"]["message_id"], said.message_id);
    for (user, place, messages) in
        [(ANN, Some(topic), 1), (BOB, Some(topic), 3), (ANN, None, 3), (BOB, None, 3)]
    {
        let number = bot.model.requests().len() + 1;
        match place {
            None => bot.telegram.say(GROUP, user, "@starling_bot and now?"),
            Some(topic) => bot.telegram.say_in_topic(GROUP, user, topic, "@starling_bot and now?"),
        };
        let prompt = conversation(&bot.request(number).await);
        assert_eq!(prompt.len(), messages, "{user} in {place:?}: {prompt:?}");
    }
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 8).await;
    let deleted = bot.telegram.view(|view| view.calls_of("deleteForumTopic").count());
    assert_eq!(deleted, 0, "the topic stays");
    assert_eq!(bot.database.count("SELECT count(*) FROM topic_deletions").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn a_running_answer_is_cut_kept_and_paid_and_belongs_to_what_is_forgotten() {
    let bot = Bot::start().await;
    let keeper = half_an_answer(&bot);
    bot.ann("tell me everything");
    first_half_is_visible(&bot).await;
    bot.ann("/clear");
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    The first half.

    ⏹ Stopped.
    ");
    assert_eq!(bot.answer(ANN, 2).await, FORGOTTEN);
    assert_eq!(bot.request_end(1).await, Outcome::ClosedByClient);
    bot.ask("hello").await;
    assert_eq!(last_prompt(&bot), ["user: hello"]);
    let kept = "SELECT count(*) FROM messages WHERE text = 'The first half.' AND interrupted";
    assert_eq!(bot.database.count(kept).await, 1);
    let paid = "SELECT count(*) FROM balance_operations WHERE turn_id = 1 AND amount < 0";
    assert_eq!(bot.database.count(paid).await, 1);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn what_is_written_in_the_same_instant_is_before_or_after_as_it_was_written() {
    let bot = Bot::with([("BATCH_WINDOW_MS", "900")]).await;
    bot.ann("first");
    bot.ann("before");
    bot.ann("/clear");
    bot.ann("after");
    bot.ann("and later");
    for (number, text) in [(1, "You said: first\nbefore"), (2, FORGOTTEN), (3, "You said: after\nand later")]
    {
        assert_eq!(bot.answer(ANN, number).await, text, "{}", bot.screen(ANN));
    }
    assert_eq!(conversation(&bot.request(1).await), ["user: first | before"]);
    assert_eq!(conversation(&bot.request(2).await), ["user: after | and later"]);
    bot.end().await;
}

#[tokio::test]
async fn several_at_once_between_messages_each_part_what_was_said() {
    let bot = Bot::start().await;
    let keeper = half_an_answer(&bot);
    bot.ann("tell me everything");
    first_half_is_visible(&bot).await;
    for text in ["one", "/clear", "two", "/clear", "/clear", "three"] {
        bot.ann(text);
    }
    bot.hears(ANN, "You said: three").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(last_prompt(&bot), ["user: three"]);
    for request in bot.model.requests() {
        let prompt = conversation(&request).join("\n");
        assert!(!prompt.contains("two") || !prompt.contains("one"), "{prompt}");
    }
    let forgotten = bot.answers(ANN).iter().filter(|text| *text == FORGOTTEN).count();
    assert_eq!(forgotten, 3, "{}", bot.screen(ANN));
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn a_cached_conversation_is_forgotten_as_well() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", redis.url().as_str())]).await;
    bot.ask("one").await;
    bot.log("turn 1 complete").await;
    bot.ask("two").await;
    bot.log("turn 2 complete").await;
    bot.ask("/clear").await;
    bot.ask("three").await;
    assert_eq!(last_prompt(&bot), ["user: three"]);
    bot.log("turn 3 complete").await;
    let hits = "bot_redis_cache_hits_total{cache_type=\"messages\"}";
    let before = bot.metric(hits).await;
    bot.ask("four").await;
    assert_eq!(last_prompt(&bot), ["user: three", "assistant: You said: three", "user: four"]);
    assert_eq!(bot.metric(hits).await, before + 1, "the new conversation is cached");
    bot.log("turn 4 complete").await;
    // Simulates a process that died between the commit and the cache: the stale entry is there and is
    // detected.
    bot.sql("UPDATE threads SET cleared_up_to = 1000, history_version = history_version + 1").await;
    bot.ask("five").await;
    assert_eq!(bot.metric("bot_redis_cache_stale_total").await, 1);
    assert_eq!(last_prompt(&bot), ["user: five"]);
    bot.log("turn 5 complete").await;
    // The message was written before that `/clear`, so the cache must not have any of it.
    bot.ask("six").await;
    assert_eq!(last_prompt(&bot), ["user: six"]);
    bot.end().await;
}

#[tokio::test]
async fn killed_between_forgetting_and_saying_so_it_is_said_once() {
    let mut bot = Bot::with([("KILL_AT", "clear: after the commit")]).await;
    bot.ask("my secret").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    bot.ann("/clear");
    tokio::time::timeout(BOUND, bot.died()).await.unwrap();
    bot.ann("hello");
    bot.set("KILL_AT", "");
    bot.run().await;
    bot.hears(ANN, "You said: hello").await;
    assert_eq!(last_prompt(&bot), ["user: hello"]);
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let forgotten = bot.answers(ANN).iter().filter(|text| *text == FORGOTTEN).count();
    assert_eq!(forgotten, 1, "{}", bot.screen(ANN));
    bot.end().await;
}

#[tokio::test]
async fn the_same_command_again_forgets_and_stops_nothing_that_was_written_after_it() {
    let mut bot = Bot::start().await;
    bot.ask("my secret").await;
    let cleared = bot.ann("/clear");
    bot.reply_to(cleared.update_id).await;
    bot.ask("remember this").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    bot.kill().await;
    bot.sql(&format!("UPDATE inbox SET handled_at = NULL WHERE update_id = {}", cleared.update_id)).await;
    bot.run().await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.ask("and this").await;
    let prompt = last_prompt(&bot);
    assert_eq!(prompt, ["user: remember this", "assistant: You said: remember this", "user: and this"]);
    let forgotten = bot.answers(ANN).iter().filter(|text| *text == FORGOTTEN).count();
    assert_eq!(forgotten, 1, "{}", bot.screen(ANN));
    bot.end().await;
}

#[tokio::test]
async fn a_turn_that_is_resumed_sees_nothing_that_was_forgotten_but_itself() {
    let mut bot = Bot::start().await;
    bot.ask("my secret").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("lost".to_owned())]));
    let question = bot.ann("a question").message_id;
    bot.request(2).await;
    bot.kill().await;
    bot.sql(&format!("UPDATE threads SET cleared_up_to = {question} + 1")).await;
    bot.run().await;
    bot.hears(ANN, "You said: a question").await;
    assert_eq!(conversation(&bot.request(3).await), ["user: a question"]);
    drop(keeper);
    bot.end().await;
}

#[tokio::test]
async fn sent_while_the_bot_is_away_it_parts_what_was_said_before_and_after() {
    let mut bot = Bot::start().await;
    bot.ask("my secret").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("lost".to_owned())]));
    bot.ann("a question");
    bot.request(2).await;
    bot.kill().await;
    for text in ["/clear", "hello"] {
        bot.ann(text);
    }
    bot.run().await;
    bot.hears(ANN, "You said: hello").await;
    assert_eq!(last_prompt(&bot), ["user: hello"]);
    drop(keeper);
    bot.end().await;
}
