//! Conversations that all members of a group share: who is heard, who pays, and who may stop and clear what.

use playground::anthropic::{Gate, GateKeeper, Reply, Step};
use rust_decimal::Decimal;

use crate::group_settings::group_card;
use crate::harness::money::person;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation, prompt};
use crate::models_command::chosen;

/// A third member, without rights like Bob.
const CARL: i64 = 45;

/// A group that shares its conversations. Ann owns it.
async fn shared<const N: usize>(settings: [(&str, &str); N]) -> Bot {
    let bot = Bot::with(settings).await;
    bot.telegram.add_user(person(CARL, "Carl", "carl", "en"));
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:talks:shared").await;
    chosen(&bot, &group, "One for all").await;
    bot
}

/// Begins an answer to a question that goes on until the gate is opened.
async fn begins(bot: &Bot, from: i64, question: &str) -> GateKeeper {
    let (gate, keeper) = Gate::new();
    let end = Step::Text(" and the end.".to_owned());
    bot.model.script(Reply::steps(vec![Step::Text("The beginning".to_owned()), Step::Gate(gate), end]));
    bot.telegram.say(GROUP, from, &format!("@starling_bot {question}"));
    let begun = bot.telegram.until("the beginning of an answer", BOUND, |view| {
        view.answers(GROUP).any(|message| message.text == "The beginning").then_some(())
    });
    begun.await.unwrap();
    keeper
}

async fn settled(bot: &Bot) {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
}

async fn members_share_one_conversation(bot: Bot) {
    let before = [bot.balance(ANN).await, Decimal::from(1_000)];
    bot.ask_in(GROUP, ANN, "@starling_bot my number is 7").await;
    bot.ask_in(GROUP, BOB, "@starling_bot what is Ann's number?").await;
    settled(&bot).await;
    let shown = prompt(&bot.request(2).await);
    insta::allow_duplicates! {
        insta::assert_snapshot!(shown, @r"
        user: **Ann**:

        @starling_bot my number is 7
        assistant: You said: **Ann**:

        @starling_bot my number is 7
        user: **Bob**:

        @starling_bot what is Ann's number?
        ");
    }
    // Each has paid for their own answer.
    for (user, before) in [(ANN, before[0]), (BOB, before[1])] {
        assert!(bot.balance(user).await < before, "{user}");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM threads WHERE user_id < 0").await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE author_id = 43").await, 1);
    // Another topic is another conversation, and so is a private chat.
    let topic = bot.telegram.create_topic(GROUP, "Holidays");
    bot.telegram.say_in_topic(GROUP, BOB, topic, "@starling_bot where to?");
    assert_eq!(conversation(&bot.request(3).await).len(), 1);
    settled(&bot).await;
    bot.ask_in(BOB, BOB, "and I?").await;
    assert_eq!(conversation(&bot.request(4).await).len(), 1);
    // Each to their own again.
    let group = group_card(&bot).await;
    bot.tap(GROUP, ANN, group.id, "group:talks:personal").await;
    chosen(&bot, &group, "One for each").await;
    bot.ask_in(GROUP, BOB, "@starling_bot hello").await;
    assert_eq!(conversation(&bot.request(5).await).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn all_members_share_one_conversation_and_each_pays() {
    members_share_one_conversation(shared([]).await).await;
}

#[tokio::test]
async fn all_members_share_one_conversation_with_a_cache() {
    let redis = Redis::start().await;
    members_share_one_conversation(shared([("REDIS_URL", redis.url().as_str())]).await).await;
}

#[tokio::test]
async fn a_question_of_another_member_waits_and_does_not_cut() {
    let bot = shared([]).await;
    let keeper = begins(&bot, ANN, "tell me").await;
    bot.telegram.say(GROUP, BOB, "@starling_bot and me");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 1).await;
    assert_eq!(bot.model.requests().len(), 1);
    keeper.open();
    bot.hears(GROUP, "The beginning and the end.").await;
    let said = conversation(&bot.request(2).await);
    assert_eq!(said[1], "assistant: The beginning and the end.");
    settled(&bot).await;
    // One's own newer question does.
    let keeper = begins(&bot, BOB, "a long one").await;
    bot.telegram.say(GROUP, BOB, "@starling_bot no, a short one");
    bot.request(4).await;
    drop(keeper);
    settled(&bot).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM turns WHERE detail = 'superseded'").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn messages_of_two_members_at_once_are_two_questions() {
    let bot = shared([("BATCH_WINDOW_MS", "600")]).await;
    // They all wait while Carl is answered, so none of them can supersede the answer to another.
    let keeper = begins(&bot, CARL, "first").await;
    for (from, text) in [(ANN, "one"), (BOB, "two"), (BOB, "three"), (ANN, "four")] {
        bot.telegram.say(GROUP, from, &format!("@starling_bot {text}"));
    }
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 4).await;
    keeper.open();
    bot.request_end(4).await;
    settled(&bot).await;
    let asked: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT asker_id, count(*) FROM turns JOIN messages ON messages.turn_id = turns.id AND role = 'user'
         GROUP BY turns.id ORDER BY turns.id",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    assert_eq!(asked, [(CARL, 1), (ANN, 1), (BOB, 2), (ANN, 1)]);
    bot.end().await;
}

#[tokio::test]
async fn members_stop_their_own_answers_and_administrators_all() {
    let bot = shared([]).await;
    let not_allowed =
        "Somebody else asked for this answer. Only they and administrators of this group can stop it.";
    let keeper = begins(&bot, BOB, "tell me").await;
    let answer = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    let button = answer.reply_markup.as_ref().unwrap()["inline_keyboard"][0][0]["callback_data"].clone();
    let stop = button.as_str().unwrap();
    assert_eq!(bot.tap(GROUP, CARL, answer.id, stop).await.as_deref(), Some(not_allowed));
    bot.telegram.say(GROUP, CARL, "/stop@starling_bot");
    bot.hears(GROUP, not_allowed).await;
    assert_eq!(bot.model.open_streams(), 1, "the answer still runs");
    assert_eq!(bot.tap(GROUP, BOB, answer.id, stop).await, None);
    bot.hears(GROUP, "The beginning\n\n⏹ Stopped.").await;
    drop(keeper);
    settled(&bot).await;
    // Ann owns the group.
    let keeper = begins(&bot, BOB, "tell me more").await;
    bot.telegram.say(GROUP, ANN, "/stop@starling_bot");
    let stopped = bot.telegram.until("two stopped answers", BOUND, |view| {
        (view.answers(GROUP).filter(|message| message.text.ends_with("⏹ Stopped.")).count() == 2)
            .then_some(())
    });
    stopped.await.unwrap();
    drop(keeper);
    settled(&bot).await;
    // A stop without anything to stop says so to everybody.
    assert_eq!(
        bot.ask_in(GROUP, CARL, "/stop@starling_bot").await,
        "Nothing is running that could be stopped."
    );
    bot.end().await;
}

#[tokio::test]
async fn only_administrators_make_the_bot_forget_what_all_have_said() {
    let bot = shared([]).await;
    bot.ask_in(GROUP, ANN, "@starling_bot my number is 7").await;
    assert_eq!(
        bot.ask_in(GROUP, BOB, "/clear@starling_bot").await,
        "Everybody here shares this conversation, so only administrators of this group can make me forget it."
    );
    // Neither does it end the answer to somebody else.
    let keeper = begins(&bot, ANN, "tell me").await;
    bot.telegram.say(GROUP, BOB, "/clear@starling_bot");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 1).await;
    keeper.open();
    bot.hears(GROUP, "The beginning and the end.").await;
    settled(&bot).await;
    bot.ask_in(GROUP, BOB, "@starling_bot what is Ann's number?").await;
    assert_eq!(conversation(&bot.request(3).await).len(), 5);
    settled(&bot).await;
    bot.telegram.say(GROUP, ANN, "/clear@starling_bot");
    bot.hears(GROUP, "🧹 I have forgotten our conversation here.").await;
    settled(&bot).await;
    bot.ask_in(GROUP, BOB, "@starling_bot and now?").await;
    assert_eq!(conversation(&bot.request(4).await).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn only_who_asked_has_it_answered_again() {
    let bot = shared([]).await;
    bot.ask_in(GROUP, ANN, "@starling_bot one").await;
    settled(&bot).await;
    assert_eq!(
        bot.ask_in(GROUP, BOB, "/retry@starling_bot").await,
        "Only the person who asked can have this answered again."
    );
    bot.telegram.say(GROUP, ANN, "/retry@starling_bot");
    bot.request_end(2).await;
    settled(&bot).await;
    assert_eq!(
        bot.database.count("SELECT count(*) FROM turns WHERE asker_id = 42 AND payer_id IS NULL").await,
        2
    );
    bot.end().await;
}

#[tokio::test]
async fn an_answer_in_a_shared_conversation_survives_a_crash() {
    let mut bot = shared([]).await;
    bot.ask_in(GROUP, ANN, "@starling_bot one").await;
    settled(&bot).await;
    let keeper = begins(&bot, BOB, "two").await;
    bot.kill().await;
    drop(keeper);
    bot.run().await;
    bot.hears(GROUP, "You said: Bob:\n\n@starling_bot two").await;
    settled(&bot).await;
    let paid = "SELECT count(*) FROM balance_operations WHERE kind = 'usage' AND user_id = 43";
    assert_eq!(bot.database.count(paid).await, 1);
    bot.end().await;
}
