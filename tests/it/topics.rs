//! Topics that are closed, reopened or deleted, and chats that lose or gain them: answers, notices and files go
//! to the topic of their question, or come outside where that takes nothing any more.

use playground::anthropic::{Gate, GateKeeper, Reply, Scenario, Step, StopReason};
use playground::telegram::Message;
use serde_json::json;

use crate::harness::{ANN, BOUND, Bot, GROUP, conversation};

/// The account of the bot.
const BOT: i64 = 123_456;
const FORMULA: &str = "Нарисуй формулу корней квадратного уравнения, пожалуйста";

/// Waits for the bot's message with this text; returns its topic.
async fn place_of(bot: &Bot, chat: i64, text: &str) -> Option<i64> {
    let what = format!("'{text}'");
    let found = bot.telegram.until(&what, BOUND, |view| {
        view.answers(chat).find(|message| message.text.contains(text)).map(|message: &Message| message.topic)
    });
    found.await.unwrap()
}

/// Scripts an answer that waits.
fn waiting_answer(bot: &Bot) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Gate(gate), Step::Text("Here I am.".to_owned())]));
    keeper
}

#[tokio::test]
async fn answers_notices_and_files_come_in_the_topic_of_their_question() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(ANN, "Maths");
    bot.telegram.say_in_topic(ANN, ANN, topic, "hello");
    assert_eq!(place_of(&bot, ANN, "You said: hello").await, Some(topic));
    assert!(bot.telegram.drafts(ANN).iter().all(|draft| draft.topic == Some(topic)), "drafts, too");
    bot.model.script_for("nothing", Reply::scenario(Scenario::Empty));
    bot.telegram.say_in_topic(ANN, ANN, topic, "nothing");
    assert_eq!(place_of(&bot, ANN, "The model gave no answer").await, Some(topic));
    bot.telegram.say_in_topic(ANN, ANN, topic, "/stop");
    assert_eq!(place_of(&bot, ANN, "Nothing is running").await, Some(topic));
    bot.telegram.say_in_topic(ANN, ANN, topic, FORMULA);
    let file =
        bot.telegram.until("the picture", BOUND, |view| view.sent_media(ANN).next().map(|file| file.topic));
    assert_eq!(file.await.unwrap(), Some(topic));
    bot.end().await;
}

#[tokio::test]
async fn files_for_a_topic_that_is_gone_come_outside() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(ANN, "Short-lived");
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Gate(gate),
        Step::Text("I will draw it.".to_owned()),
        Step::ToolUse { name: "render_latex".to_owned(), input: json!({"latex": "x^2"}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.telegram.say_in_topic(ANN, ANN, topic, FORMULA);
    keeper.reached().await;
    bot.telegram.delete_topic(ANN, topic);
    keeper.open();
    let file =
        bot.telegram.until("the picture", BOUND, |view| view.sent_media(ANN).next().map(|file| file.topic));
    assert_eq!(file.await.unwrap(), None);
    bot.end().await;
}

#[tokio::test]
async fn a_reopened_topic_is_written_to_again() {
    let bot = Bot::start().await;
    bot.telegram.promote_without_topics(GROUP, BOT);
    let topic = bot.telegram.create_topic(GROUP, "Moody");
    let keeper = waiting_answer(&bot);
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot first");
    bot.request(1).await;
    bot.telegram.close_topic(GROUP, topic);
    keeper.open();
    assert_eq!(place_of(&bot, GROUP, "Here I am.").await, None);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    bot.telegram.reopen_topic(GROUP, topic);
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot second");
    assert_eq!(place_of(&bot, GROUP, "second").await, Some(topic));
    bot.end().await;
}

#[tokio::test]
async fn a_chat_that_loses_or_gains_topics_goes_on() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(GROUP, "Holidays");
    let keeper = waiting_answer(&bot);
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot inside");
    bot.request(1).await;
    bot.telegram.set_forum(GROUP, false);
    keeper.open();
    assert_eq!(place_of(&bot, GROUP, "Here I am.").await, None, "the topic is gone");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    bot.telegram.say(GROUP, ANN, "@starling_bot without");
    assert_eq!(place_of(&bot, GROUP, "without").await, None);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    bot.telegram.set_forum(GROUP, true);
    // What was the whole chat is the General topic, and the same conversation.
    bot.telegram.say(GROUP, ANN, "@starling_bot in general");
    assert_eq!(place_of(&bot, GROUP, "in general").await, None);
    let asked = conversation(bot.model.requests().last().unwrap());
    assert!(asked.len() == 3 && asked[0].contains("without"), "{asked:?}");
    let topic = bot.telegram.create_topic(GROUP, "New");
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot in the new one");
    assert_eq!(place_of(&bot, GROUP, "in the new one").await, Some(topic));
    bot.end().await;
}
