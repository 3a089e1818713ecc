//! A group becomes a supergroup while the instance that answers it leaves: the chats of the two may have different
//! holders.

use playground::anthropic::GateKeeper;

use super::half;
use super::pair::Pair;
use crate::harness::process::Process;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

const OLD: i64 = -4_242;
const NEW: i64 = -1_000_777;
/// The buckets that an instance holds which does not leave.
const HANDED_OVER: &str =
    "SELECT count(*) FROM leases JOIN instances ON instances.id = holder WHERE NOT draining";
const MOVED: &str = "SELECT count(*) FROM threads WHERE chat_id = -1000777 AND EXISTS (
    SELECT 1 FROM turns WHERE thread_id = threads.id AND question_id < 0)";

/// When the updates come that tell of the supergroup.
#[derive(PartialEq, Eq)]
enum Told {
    WhileTheAnswerRuns,
    AfterIt,
}

/// The group has become a supergroup. Its answer is half-written by an instance that leaves and holds no other chat.
async fn with_half_an_answer() -> (Bot, Process, GateKeeper) {
    let pair = Pair::with(&[]).await;
    pair.bot.telegram.add_basic_group(OLD, "Old friends", &[ANN, BOB]);
    let keeper = half(&pair.bot, "question");
    pair.bot.telegram.say(OLD, ANN, "@starling_bot question");
    let begun = pair.bot.telegram.until("half an answer", BOUND, |view| view.answers(OLD).next().map(drop));
    begun.await.unwrap();
    let (bot, leaving) = pair.split_by(OLD).await;
    leaving.terminate();
    bot.database.until(HANDED_OVER, 1_023).await;
    bot.telegram.upgrade_group(OLD, NEW);
    (bot, leaving, keeper)
}

async fn the_answer_arrives_in_the_new_chat(told: Told) {
    let (bot, leaving, keeper) = with_half_an_answer().await;
    let tell = || [OLD, NEW].map(|chat| bot.telegram.tell_upgrade(chat).unwrap());
    if told == Told::WhileTheAnswerRuns {
        tell();
        bot.database.until(MOVED, 1).await;
    }
    keeper.open();
    assert_eq!(bot.answer(NEW, 1).await, "Half and whole.");
    let (code, log) = leaving.end().await;
    assert_eq!(code, 0, "the leaving instance ends well:\n{log:#?}");
    if told == Told::AfterIt {
        tell();
        bot.database.until(MOVED, 1).await;
    }
    bot.telegram.say(NEW, ANN, "@starling_bot two");
    assert_eq!(bot.answer(NEW, 2).await, "You said: Ann:\n\n@starling_bot two");
    let asked = conversation(bot.model.requests().last().unwrap());
    assert_eq!(asked[..2], ["user: **Ann**:\n\n@starling_bot question", "assistant: Half and whole."]);
    assert_eq!(bot.answers(NEW).len(), 2, "{}", bot.screen(NEW));
    bot.end().await;
}

#[tokio::test]
async fn the_answer_of_an_instance_that_leaves_arrives_in_the_new_chat_that_is_told_meanwhile() {
    the_answer_arrives_in_the_new_chat(Told::WhileTheAnswerRuns).await;
}

#[tokio::test]
async fn the_answer_of_an_instance_that_leaves_arrives_in_the_new_chat_that_is_told_later() {
    the_answer_arrives_in_the_new_chat(Told::AfterIt).await;
}

/// Both would send it otherwise: the one because it does so already, the other because it answers the new chat.
#[tokio::test]
async fn who_learns_of_the_new_chat_from_an_error_leaves_the_message_to_who_answers_it() {
    let (bot, leaving, keeper) = with_half_an_answer().await;
    let hold = bot.telegram.hold("sendMessage");
    keeper.open();
    hold.waiting().await;
    let left = "SELECT count(*) FROM outbox WHERE state = 'pending' AND left_to_holder AND begun";
    // The other instance sends it. It may have read the moved message before it was marked.
    bot.database.until(left, 1).await;
    let (code, log) = leaving.end().await;
    assert_eq!(code, 0, "it ends although the message is not sent yet:\n{log:#?}");
    hold.release();
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 1).await;
    assert_eq!(bot.answers(NEW), ["Half and whole."], "{}", bot.screen(NEW));
    bot.end().await;
}
