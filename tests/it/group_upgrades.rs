//! A group becomes a supergroup: another chat with new message ids, and the same conversations and money.

use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use playground::telegram::SentIds;

use crate::harness::redis::Redis;
use crate::harness::temp_path::TempPath;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

const OLD: i64 = -4_242;
const NEW: i64 = -1_000_777;
const MOVED: &str = "SELECT count(*) FROM threads WHERE chat_id = -1000777 AND EXISTS (
    SELECT 1 FROM turns WHERE thread_id = threads.id AND question_id < 0)";

async fn with_group() -> Bot {
    let bot = Bot::start().await;
    bot.telegram.add_basic_group(OLD, "Old friends", &[ANN, BOB]);
    bot
}

fn tell(bot: &Bot, chat: i64) -> SentIds {
    bot.telegram.tell_upgrade(chat).unwrap()
}

/// Asks in a chat; returns the request to the model.
async fn asks(bot: &Bot, chat: i64, text: &str) -> Vec<String> {
    bot.ask_in(chat, ANN, &format!("@starling_bot {text}")).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    // A message still in flight would arrive in the new chat and count as an answer there.
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    conversation(bot.model.requests().last().unwrap())
}

/// Asks in the former chat, which is upgraded when half of the answer is visible there. The keeper holds the rest back.
async fn upgraded_with_half_an_answer(bot: &Bot) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    let text = |text: &str| Step::Text(text.to_owned());
    bot.model.script(Reply::steps(vec![text("Half"), Step::Gate(gate), text(" and whole.")]));
    bot.telegram.say(OLD, ANN, "@starling_bot one");
    bot.answer(OLD, 1).await;
    bot.telegram.upgrade_group(OLD, NEW);
    keeper
}

fn answered(text: &str) -> [String; 2] {
    let question = format!("**Ann**:\n\n@starling_bot {text}");
    [format!("user: {question}"), format!("assistant: You said: {question}")]
}

async fn the_conversation_goes_on(bot: Bot, order: [i64; 2]) {
    for _ in 0..12 {
        bot.telegram.say(OLD, BOB, "chatter");
    }
    let question = bot.telegram.say(OLD, ANN, "@starling_bot one");
    bot.answer(OLD, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let balance = bot.balance(ANN).await;
    bot.telegram.upgrade_group(OLD, NEW);
    tell(&bot, order[0]);
    bot.database.until(MOVED, 1).await;
    tell(&bot, order[1]);
    assert_eq!(asks(&bot, NEW, "two").await[..2], answered("one"));
    assert!(bot.balance(ANN).await < balance);
    for (what, query) in [
        ("threads", "SELECT count(*) FROM threads"),
        ("starter grants", "SELECT count(*) FROM balance_operations WHERE kind = 'starter'"),
        ("people", "SELECT count(*) FROM users"),
    ] {
        assert_eq!(bot.database.count(query).await, 1, "{what}");
    }
    // A message of the new chat with the id of the old question is edited; it is not that question.
    let mut same = 0;
    while same < question.message_id {
        same = bot.telegram.say(NEW, BOB, "chatter").message_id;
    }
    assert_eq!(same, question.message_id);
    bot.telegram.edit(NEW, same, "changed").unwrap();
    assert_eq!(asks(&bot, NEW, "three").await[..2], answered("one"));
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE edits > 0").await, 0);
    // `/clear` in the new chat also forgets messages of the old chat, and nothing later.
    bot.ask_in(NEW, ANN, "/clear@starling_bot").await;
    assert_eq!(asks(&bot, NEW, "four").await, answered("four")[..1]);
    assert_eq!(asks(&bot, NEW, "five").await[..2], answered("four"));
    assert_eq!(bot.answers(OLD).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn the_conversation_goes_on_when_the_old_chat_tells_it_first() {
    the_conversation_goes_on(with_group().await, [OLD, NEW]).await;
}

#[tokio::test]
async fn the_conversation_goes_on_when_the_new_chat_tells_it_first() {
    the_conversation_goes_on(with_group().await, [NEW, OLD]).await;
}

#[tokio::test]
async fn the_conversation_goes_on_with_a_cache_that_knows_the_old_chat() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", redis.url().as_str())]).await;
    bot.telegram.add_basic_group(OLD, "Old friends", &[ANN, BOB]);
    the_conversation_goes_on(bot, [OLD, NEW]).await;
    assert!(redis.keys("-4242").await.is_empty(), "what was cached of the old chat is dropped");
}

#[tokio::test]
async fn a_running_answer_arrives_in_the_new_chat_although_only_an_error_tells_of_it() {
    let bot = with_group().await;
    let keeper = upgraded_with_half_an_answer(&bot).await;
    keeper.open();
    assert_eq!(bot.answer(NEW, 1).await, "Half and whole.");
    let message = bot.telegram.messages(NEW).into_iter().find(|message| message.from_bot).unwrap();
    assert!(message.raw.get("reply_to_message").is_none(), "the number of the question means nothing here");
    bot.database.until(MOVED, 1).await;
    for chat in [OLD, NEW] {
        tell(&bot, chat);
    }
    let said = asks(&bot, NEW, "two").await;
    assert_eq!(said[1], "assistant: Half and whole.");
    assert_eq!(bot.answers(NEW).len(), 2, "{}", bot.screen(NEW));
    bot.end().await;
}

#[tokio::test]
async fn a_running_answer_arrives_in_the_new_chat_after_it_was_told() {
    let bot = with_group().await;
    let keeper = upgraded_with_half_an_answer(&bot).await;
    for chat in [NEW, OLD] {
        tell(&bot, chat);
    }
    bot.database.until(MOVED, 1).await;
    keeper.open();
    assert_eq!(bot.answer(NEW, 1).await, "Half and whole.");
    assert_eq!(asks(&bot, NEW, "two").await[1], "assistant: Half and whole.");
    assert_eq!(bot.answers(NEW).len(), 2, "{}", bot.screen(NEW));
    bot.end().await;
}

#[tokio::test]
async fn who_writes_in_the_new_chat_before_it_is_known_finds_both_halves_later() {
    let bot = with_group().await;
    asks(&bot, OLD, "zero").await;
    bot.ask_in(OLD, ANN, "/clear@starling_bot").await;
    asks(&bot, OLD, "one").await;
    bot.telegram.upgrade_group(OLD, NEW);
    assert_eq!(asks(&bot, NEW, "two").await, answered("two")[..1]);
    for chat in [NEW, OLD] {
        tell(&bot, chat);
    }
    bot.database.until(MOVED, 1).await;
    let said = asks(&bot, NEW, "three").await;
    assert_eq!(said[..4], [answered("one"), answered("two")].concat());
    bot.end().await;
}

/// While the bot is away, a question is sent and the group is upgraded; all updates arrive at once
/// afterwards.
#[tokio::test]
async fn a_question_in_the_old_chat_that_is_found_later_is_answered_in_the_new_one() {
    let mut bot = with_group().await;
    asks(&bot, OLD, "one").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.telegram.say(OLD, ANN, "@starling_bot two");
    bot.telegram.upgrade_group(OLD, NEW);
    for chat in [OLD, NEW] {
        tell(&bot, chat);
    }
    bot.run().await;
    bot.answer(NEW, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(conversation(bot.model.requests().last().unwrap())[..2], answered("one"));
    assert_eq!(asks(&bot, NEW, "three").await[..4], [answered("one"), answered("two")].concat());
    bot.end().await;
}

#[tokio::test]
async fn a_turn_that_a_crash_has_cut_is_answered_in_the_new_chat() {
    let mut bot = with_group().await;
    asks(&bot, OLD, "one").await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Half".to_owned()), Step::Gate(gate)]));
    bot.telegram.say(OLD, ANN, "@starling_bot two");
    bot.answer(OLD, 2).await;
    bot.kill().await;
    bot.telegram.upgrade_group(OLD, NEW);
    for chat in [OLD, NEW] {
        tell(&bot, chat);
    }
    bot.run().await;
    bot.answer(NEW, 1).await;
    let settled = bot.telegram.until("the whole answer", BOUND, |view| {
        view.answers(NEW).find(|message| message.text.ends_with("two")).map(drop)
    });
    settled.await.unwrap();
    assert_eq!(asks(&bot, NEW, "three").await[..4], [answered("one"), answered("two")].concat());
    drop(keeper);
    bot.end().await;
}

/// Starts a bot with the group whose process dies when Telegram has taken a message and that is not recorded yet. The
/// first process that dies creates the file.
async fn that_dies_after_sending() -> (Bot, TempPath) {
    let died = TempPath::new();
    let point = format!("deliver: after the call once in {}", died.path());
    let bot = Bot::with([("KILL_AT", point.as_str())]).await;
    bot.telegram.add_basic_group(OLD, "Old friends", &[ANN, BOB]);
    (bot, died)
}

/// Waits for the crash, and that the only message is in the new chat once.
async fn it_is_there_once(mut bot: Bot) {
    bot.lost_one().await;
    bot.run_lost().await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    assert_eq!(bot.answers(NEW).len(), 1, "{}", bot.screen(NEW));
    bot.end().await;
}

#[tokio::test]
async fn an_answer_that_was_sent_to_the_new_chat_before_a_crash_is_found_there() {
    let (bot, _died) = that_dies_after_sending().await;
    let keeper = upgraded_with_half_an_answer(&bot).await;
    keeper.open();
    it_is_there_once(bot).await;
}

/// Sending it to the former chat had been begun.
#[tokio::test]
async fn a_message_that_was_sent_to_the_new_chat_before_a_crash_is_found_there() {
    let (bot, _died) = that_dies_after_sending().await;
    let hold = bot.telegram.hold("sendMessage");
    bot.telegram.say(OLD, ANN, "/help@starling_bot");
    hold.waiting().await;
    bot.telegram.upgrade_group(OLD, NEW);
    hold.release();
    it_is_there_once(bot).await;
}
