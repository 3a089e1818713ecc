//! A file is fetched from Telegram before its prompt: meanwhile other messages, stops, faults and crashes come.

use playground::anthropic::{ApiError, FileFault, Gate, Reply, Step};
use playground::telegram::{Fault, NewFile, View};

use super::{COPIED, STORED, note, shown};
use crate::harness::barrier::Barrier;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

#[tokio::test]
async fn a_text_that_follows_while_the_photo_is_fetched_is_in_the_same_prompt() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, NewFile::photo(640, 480));
    hold.waiting().await;
    let typing =
        |view: &View<'_>| view.calls_of("sendChatAction").any(|call| call.chat == Some(ANN)).then_some(());
    bot.telegram.until("the chat action of Ann's chat", BOUND, typing).await.unwrap();
    bot.ann("What is this?");
    // Other people's prompts are not delayed.
    assert_eq!(bot.ask_in(BOB, BOB, "hello").await, "You said: hello");
    hold.release();
    bot.answer(ANN, 1).await;
    let asked = bot.model.requests().last().unwrap().clone();
    assert_eq!((shown(&asked).len(), conversation(&asked)), (1, vec!["user: What is this?".to_owned()]));
    assert_eq!(bot.model.requests().len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn a_photo_ends_the_answer_that_runs_and_a_stop_while_it_is_fetched_leaves_it_out() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![Step::Text("Once upon a time".to_owned()), Step::Gate(gate)]));
    bot.ann("Tell me a story.");
    bot.request(1).await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, NewFile::photo(640, 480).captioned("About this one."));
    assert!(bot.answer(ANN, 1).await.contains("Interrupted"), "{}", bot.screen(ANN));
    hold.waiting().await;
    bot.ann("/stop");
    assert!(bot.answer(ANN, 2).await.contains("Stopped"), "{}", bot.screen(ANN));
    hold.release();
    drop(keeper);
    assert_eq!(bot.ask("hello").await, "You said: hello");
    assert_eq!(shown(bot.model.requests().last().unwrap()), [""; 0]);
    assert_eq!((bot.model.accepted().len(), bot.database.count(STORED).await), (2, 0));
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.end().await;
}

#[tokio::test]
async fn telegram_is_asked_again_until_it_hands_the_file_out() {
    let bot = Bot::start().await;
    bot.telegram.fail_next("getFile", 1, Fault::Status(502));
    bot.telegram.fail_next("download", 1, Fault::Status(503));
    bot.telegram.fail_next("download", 1, Fault::DropConnection);
    bot.telegram.send(ANN, ANN, note("a.txt"));
    assert!(bot.answer(ANN, 1).await.contains("You sent a text"));
    assert_eq!(bot.database.count(COPIED).await, 1);
    bot.end().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_fetched_leaves_the_words_to_be_answered() {
    let bot = Bot::start().await;
    let refused = || Fault::Error { code: 400, description: "Bad Request: wrong file_id".to_owned() };
    let invalid = || FileFault::Error(ApiError::new(400, "invalid_request_error", "no"));
    bot.telegram.fail_next("getFile", 1, refused());
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("What does it say?"));
    bot.answer(ANN, 1).await;
    bot.model.fail_uploads(1, invalid());
    bot.telegram.send(ANN, ANN, note("b.txt").captioned("And this one?"));
    bot.answer(ANN, 2).await;
    let asked = conversation(&bot.request(2).await);
    assert!(asked[0].contains("[document \"a.txt\"") && asked[0].ends_with("What does it say?"), "{asked:?}");
    assert!(asked[2].contains("[document \"b.txt\"") && asked[2].ends_with("And this one?"), "{asked:?}");
    assert_eq!((bot.database.count(STORED).await, bot.database.count(COPIED).await), (2, 0));
    // Without text there is nothing to answer.
    bot.telegram.fail_next("getFile", 1, refused());
    bot.telegram.send(ANN, ANN, note("c.txt"));
    assert!(bot.answer(ANN, 3).await.contains("could not fetch your file"), "{}", bot.screen(ANN));
    bot.model.fail_uploads(1, invalid());
    bot.telegram.send(ANN, ANN, note("d.txt"));
    assert!(bot.answer(ANN, 4).await.contains("could not fetch your file"));
    assert_eq!(bot.database.count("SELECT count(*) FROM turns").await, 2);
    bot.end().await;
}

#[tokio::test]
async fn telegrams_penalties_hold_for_files() {
    let bot = Bot::start().await;
    bot.telegram.fail_next("getFile", 1, Fault::Flood { retry_after_s: 1 });
    bot.telegram.send(ANN, ANN, note("a.txt"));
    assert!(bot.answer(ANN, 1).await.contains("You sent a text"));
    // `end` fails if anything was called during the penalty.
    bot.end().await;
}

#[tokio::test]
async fn a_crash_between_the_fetch_and_the_turn_loses_nothing_and_doubles_nothing() {
    let mut bot = Bot::start().await;
    bot.ask("before").await;
    let barrier = Barrier::before_turns(&bot).await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("What does it say?"));
    barrier.reached(&bot).await;
    bot.kill().await;
    barrier.lift_for_the_next().await;
    bot.run().await;
    assert!(bot.answer(ANN, 2).await.contains("You sent a text"));
    assert_eq!(bot.model.files().len(), 2, "the copy of the first try expires by itself");
    assert_eq!(bot.database.count(STORED).await, 1);
    assert_eq!(bot.answers(ANN).len(), 2);
    bot.end().await;
}

#[tokio::test]
async fn a_shutdown_while_a_file_is_fetched_leaves_it_to_the_next_start() {
    let mut bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, note("a.txt"));
    hold.waiting().await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    hold.release();
    assert_eq!(bot.answers(ANN).len(), 0);
    bot.run().await;
    assert!(bot.answer(ANN, 1).await.contains("You sent a text"));
    bot.end().await;
}
