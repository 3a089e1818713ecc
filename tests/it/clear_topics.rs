//! `/clear` outside the topics of a chat that has some: a person who may manage topics is offered to delete
//! them all. Nobody else can, whatever data a button press carries.

use playground::telegram::{CallOutcome, Fault, Message};

use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};

const OLD: &str = "This button has expired. Please send the command again.";
const NOT_YOURS: &str = "This button is for somebody else.";
const NOT_ALLOWED: &str =
    "Only administrators of this chat who may manage topics and delete messages can do that.";
const USED: &str = "This was confirmed before; the result comes as a message.";

/// Opens topics in a chat and sends a message to the bot in each.
async fn topics_of(bot: &Bot, chat: i64, user: i64, count: usize) -> Vec<i64> {
    // The first topic of a forum is the one that cannot be deleted.
    bot.telegram.say(chat, user, "/terms@starling_bot");
    bot.answer(chat, 1).await;
    let mut topics = Vec::new();
    for number in 1..=count {
        let topic = bot.telegram.create_topic(chat, &format!("Topic {number}"));
        let before = bot.answers(chat).len();
        bot.telegram.say_in_topic(chat, user, topic, &format!("@starling_bot secret {number}"));
        bot.answer(chat, before + 1).await;
        topics.push(topic);
    }
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    topics
}

/// Sends `/clear` outside the topics; returns the offers once the command is handled.
async fn clear(bot: &Bot, chat: i64, user: i64) -> Option<Message> {
    let said = bot.telegram.say(chat, user, "/clear");
    let told = bot.reply_to(said.update_id).await;
    assert!(told.text.starts_with("🧹 I have forgotten our conversation here."), "{}", told.text);
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    let key = format!("topics:{}", said.update_id);
    let offered: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM outbox WHERE key = $1)")
        .bind(&key)
        .fetch_one(bot.books())
        .await
        .unwrap();
    if offered { Some(bot.message_of(&key).await) } else { None }
}

/// Returns the label and the data of the only button below a message.
fn button(message: &Message) -> (String, String) {
    let button = &message.reply_markup.as_ref().unwrap()["inline_keyboard"][0][0];
    let field = |name: &str| button[name].as_str().unwrap().to_owned();
    (field("text"), field("callback_data"))
}

/// Returns the topics that Telegram was asked to delete.
fn deletions(bot: &Bot) -> Vec<i64> {
    let topic = |call: &playground::telegram::Call| call.params["message_thread_id"].as_i64().unwrap();
    bot.telegram.view(|view| view.calls_of("deleteForumTopic").map(topic).collect())
}

async fn until_finished(bot: &Bot) {
    let finished = "SELECT count(*) FROM topic_deletions WHERE used_at IS NOT NULL AND finished_at IS NULL";
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.database.until(finished, 0).await;
}

#[tokio::test]
async fn an_administrator_deletes_all_topics_and_hears_of_the_one_that_stayed() {
    let bot = Bot::start().await;
    bot.telegram.promote(GROUP, BOB);
    let topics = topics_of(&bot, GROUP, ANN, 4).await;
    bot.telegram.say_in_topic(GROUP, BOB, topics[0], "@starling_bot me too");
    bot.answer(GROUP, 6).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 5).await;
    let offer = clear(&bot, GROUP, BOB).await.unwrap();
    let (label, data) = button(&offer);
    assert_eq!(label, "Delete all 4 topics");
    assert!(!data.contains("1000042"), "the button names no chat: {data}");
    // One topic is gone already, one is refused, one needs a second request.
    bot.telegram.fail_next(
        "deleteForumTopic",
        1,
        Fault::Error { code: 400, description: "Bad Request: TOPIC_ID_INVALID".to_owned() },
    );
    bot.telegram.fail_next(
        "deleteForumTopic",
        1,
        Fault::Error { code: 400, description: "Bad Request: the topic can't be deleted".to_owned() },
    );
    bot.telegram.fail_next("deleteForumTopic", 1, Fault::Status(502));
    assert_eq!(bot.tap(GROUP, BOB, offer.id, &data).await, None);
    bot.hears(GROUP, "3 topics deleted, 1 could not be deleted.").await;
    assert_eq!(deletions(&bot), [topics[0], topics[1], topics[2], topics[2], topics[3]]);
    let gone = "SELECT count(*) FROM threads WHERE topic_gone AND cleared_up_to > 0";
    assert_eq!(bot.database.count(gone).await, 4, "two people's in the first, one in two more");
    // Where the topic stayed, nothing is forgotten.
    let number = bot.model.requests().len() + 1;
    bot.telegram.say_in_topic(GROUP, ANN, topics[1], "@starling_bot and now?");
    assert_eq!(conversation(&bot.request(number).await).len(), 3);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 6).await;
    let (label, _) = button(&clear(&bot, GROUP, BOB).await.unwrap());
    assert_eq!(label, "Delete the only topic", "the others are known to be gone");
    bot.end().await;
}

#[tokio::test]
async fn only_who_may_manage_topics_is_offered_to_delete_them() {
    let bot = Bot::of_olga([("STARTER_BALANCE_USD", "1000")]).await;
    assert!(clear(&bot, GROUP, ANN).await.is_none(), "there are no topics yet");
    topics_of(&bot, GROUP, BOB, 1).await;
    assert!(clear(&bot, GROUP, BOB).await.is_none(), "a member");
    bot.telegram.promote_without_topics(GROUP, BOB);
    assert!(clear(&bot, GROUP, BOB).await.is_none(), "an administrator for other things");
    bot.telegram.fail_next("getChatMember", 3, Fault::Status(502));
    assert!(clear(&bot, GROUP, ANN).await.is_none(), "nobody knows");
    assert!(clear(&bot, GROUP, ANN).await.is_some(), "the owner of the group");
    assert!(clear(&bot, GROUP, OLGA).await.is_none(), "an administrator of the bot, but not of the group");
    // A question is asked again when Telegram allows it, and not inside its penalty, as `end` would notice.
    bot.telegram.fail_next("getChatMember", 1, Fault::Flood { retry_after_s: 1 });
    assert!(clear(&bot, GROUP, ANN).await.is_some(), "asked again after the penalty");
    assert_eq!(deletions(&bot), [0_i64; 0]);
    bot.end().await;
}

#[tokio::test]
async fn in_a_private_chat_the_topics_are_ones_own() {
    let bot = Bot::start().await;
    let topics = topics_of(&bot, ANN, ANN, 2).await;
    bot.ask("outside").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 3).await;
    let offer = clear(&bot, ANN, ANN).await.unwrap();
    let number = bot.model.requests().len() + 1;
    bot.telegram.say_in_topic(ANN, ANN, topics[0], "inside");
    assert_eq!(conversation(&bot.request(number).await).len(), 3, "a topic is a conversation of its own");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 4).await;
    assert_eq!(bot.tap(ANN, ANN, offer.id, &button(&offer).1).await, None);
    bot.hears(ANN, "2 topics deleted.").await;
    assert_eq!(deletions(&bot), topics);
    assert_eq!(bot.telegram.view(|view| view.calls_of("getChatMember").count()), 0);
    bot.end().await;
}

#[tokio::test]
async fn a_forged_or_late_tap_deletes_nothing_and_is_answered() {
    let bot = Bot::start().await;
    bot.telegram.promote(GROUP, BOB);
    topics_of(&bot, GROUP, ANN, 2).await;
    bot.ask_in(BOB, BOB, "hello").await;
    bot.ask("hello").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let offer = clear(&bot, GROUP, BOB).await.unwrap();
    let (_, data) = button(&offer);
    let private = |user: i64| bot.telegram.messages(user).into_iter().rfind(|m| m.from_bot).unwrap().id;
    let said = |sentence: &str| Some(sentence.to_owned());
    let form = format!("clear_all:{GROUP}");
    for (what, chat, user, message, data, answer) in [
        ("an unknown number", GROUP, BOB, offer.id, "topics:999", said(OLD)),
        ("no number", GROUP, BOB, offer.id, "topics:-1", said(OLD)),
        ("tapped by another member", GROUP, ANN, offer.id, &data, said(NOT_YOURS)),
        ("from one's own private chat", BOB, BOB, private(BOB), &data, said(OLD)),
        ("from somebody else's", ANN, ANN, private(ANN), &data, said(OLD)),
        ("below a message that is gone", GROUP, BOB, 9_999, &data, said(OLD)),
        ("as the predecessor wrote it, from a private chat", ANN, ANN, private(ANN), &form, said(OLD)),
        ("as the predecessor wrote it, in the group", GROUP, ANN, offer.id, &form, said(OLD)),
    ] {
        assert_eq!(bot.tap(chat, user, message, data).await, answer, "{what}");
    }
    bot.log(&format!("a tap deletes no topics: somebody else's chat.id={GROUP} user.id={ANN}")).await;
    bot.log("a tap on no button of ours").await;
    bot.telegram.demote(GROUP, BOB);
    assert_eq!(bot.tap(GROUP, BOB, offer.id, &data).await, said(NOT_ALLOWED), "the right is gone");
    bot.telegram.promote_without_topics(GROUP, BOB);
    assert_eq!(bot.tap(GROUP, BOB, offer.id, &data).await, said(NOT_ALLOWED), "another right is not enough");
    bot.telegram.demote(GROUP, BOB);
    bot.telegram.promote(GROUP, BOB);
    bot.sql("UPDATE topic_deletions SET expires_at = now() - interval '1 second'").await;
    assert_eq!(bot.tap(GROUP, BOB, offer.id, &data).await, said(OLD), "too late");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(deletions(&bot), [0_i64; 0]);
    let untouched = "SELECT count(*) FROM topic_deletions WHERE used_at IS NULL AND deleted = '{}'";
    assert_eq!(bot.database.count(untouched).await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM threads WHERE topic_gone").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn a_second_tap_deletes_nothing_more() {
    let bot = Bot::start().await;
    let topics = topics_of(&bot, GROUP, ANN, 2).await;
    let offer = clear(&bot, GROUP, ANN).await.unwrap();
    let (_, data) = button(&offer);
    let hold = bot.telegram.hold("getChatMember");
    let taps = [(); 3].map(|()| bot.telegram.press(GROUP, ANN, offer.id, &data));
    tokio::time::timeout(BOUND, hold.waiting_for(3)).await.unwrap();
    hold.release();
    let answers = bot.telegram.until("three answers", BOUND, |view| {
        let all = taps.iter().map(|tap| view.press_answer(tap).map(|answer| answer["text"].as_str()));
        all.map(|answer| answer.map(|text| text.map(str::to_owned))).collect::<Option<Vec<_>>>()
    });
    let mut answers = answers.await.unwrap();
    answers.sort();
    assert_eq!(answers, [None, Some(USED.to_owned()), Some(USED.to_owned())]);
    bot.hears(GROUP, "2 topics deleted.").await;
    assert_eq!(bot.tap(GROUP, ANN, offer.id, &data).await, Some(USED.to_owned()));
    until_finished(&bot).await;
    assert_eq!(deletions(&bot), topics);
    bot.end().await;
}

#[tokio::test]
async fn killed_in_the_middle_the_next_start_goes_on_and_tells_the_result_once() {
    let mut bot = Bot::with([("KILL_AT", "topics: after the call")]).await;
    let topics = topics_of(&bot, GROUP, ANN, 3).await;
    let offer = clear(&bot, GROUP, ANN).await.unwrap();
    bot.telegram.press(GROUP, ANN, offer.id, &button(&offer).1);
    tokio::time::timeout(BOUND, bot.died()).await.unwrap();
    assert_eq!(bot.database.count("SELECT count(*) FROM threads WHERE topic_gone").await, 0);
    bot.set("KILL_AT", "");
    bot.run().await;
    bot.hears(GROUP, "3 topics deleted.").await;
    until_finished(&bot).await;
    assert_eq!(deletions(&bot), [topics[0], topics[0], topics[1], topics[2]]);
    let refused = |call: &&playground::telegram::Call| call.answer != CallOutcome::Ok;
    let refused = bot.telegram.view(|view| view.calls_of("deleteForumTopic").filter(refused).count());
    assert_eq!(refused, 1, "the first was gone when it was asked for again");
    assert_eq!(bot.answers(GROUP).iter().filter(|text| text.contains("deleted.")).count(), 1);
    bot.end().await;
}

#[tokio::test]
async fn without_the_bots_right_the_rest_is_not_tried() {
    let bot = Bot::start().await;
    let topics = topics_of(&bot, GROUP, ANN, 3).await;
    let offer = clear(&bot, GROUP, ANN).await.unwrap();
    let refused = || Fault::Error {
        code: 400,
        description: "Bad Request: not enough rights to delete the topic".to_owned(),
    };
    bot.telegram.fail_next("deleteForumTopic", 1, refused());
    bot.tap(GROUP, ANN, offer.id, &button(&offer).1).await;
    bot.hears(GROUP, "0 topics deleted, 3 could not be deleted.").await;
    until_finished(&bot).await;
    assert_eq!(deletions(&bot), topics[..1]);
    bot.end().await;
}

#[tokio::test]
async fn whoever_has_lost_the_right_meanwhile_deletes_nothing_after_the_next_start() {
    let mut bot = Bot::with([("KILL_AT", "topics: after the call")]).await;
    bot.telegram.promote(GROUP, BOB);
    let topics = topics_of(&bot, GROUP, ANN, 3).await;
    let offer = clear(&bot, GROUP, BOB).await.unwrap();
    bot.telegram.press(GROUP, BOB, offer.id, &button(&offer).1);
    tokio::time::timeout(BOUND, bot.died()).await.unwrap();
    bot.telegram.demote(GROUP, BOB);
    bot.set("KILL_AT", "");
    bot.run().await;
    bot.hears(GROUP, "0 topics deleted, 3 could not be deleted.").await;
    until_finished(&bot).await;
    assert_eq!(deletions(&bot), topics[..1]);
    bot.end().await;
}

#[tokio::test]
async fn killed_before_the_offer_it_is_made_after_the_next_start() {
    let mut bot = Bot::with([("KILL_AT", "clear: after the commit")]).await;
    topics_of(&bot, GROUP, ANN, 1).await;
    let said = bot.telegram.say(GROUP, ANN, "/clear");
    tokio::time::timeout(BOUND, bot.died()).await.unwrap();
    bot.set("KILL_AT", "");
    bot.run().await;
    let offer = bot.message_of(&format!("topics:{}", said.update_id)).await;
    assert_eq!(button(&offer).0, "Delete the only topic");
    let told = bot.answers(GROUP).iter().filter(|text| text.starts_with('🧹')).count();
    assert_eq!(told, 1, "{}", bot.screen(GROUP));
    bot.end().await;
}
