//! While a recording is heard its price is held: stops, failures, shutdowns and crashes release it or charge it once.

use futures::StreamExt;
use playground::anthropic::{ApiError as ModelError, Gate, Reply as Answer};
use playground::openai::Reply;
use playground::telegram::NewFile;
use rust_decimal::Decimal;

use super::{HOLDS, PENDING, Phone, usd};
use crate::harness::{ANN, BOB, BOUND};
use crate::stopped_transcripts::OF_STOPS;

#[tokio::test]
async fn the_price_is_held_while_the_service_works_and_others_are_not_delayed() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("slow").held(gate));
    bot.telegram.send(ANN, ANN, NewFile::voice(60));
    phone.heard(1).await;
    let held: Decimal = sqlx::query_scalar("SELECT held FROM users WHERE id = $1")
        .bind(ANN)
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert_eq!(held, usd("0.0045"));
    bot.ann("/balance");
    assert!(bot.answer(ANN, 1).await.contains("$0.0045"), "{}", bot.screen(ANN));
    assert_eq!(bot.ask_in(BOB, BOB, "hello").await, "You said: hello");
    let acts = "the chat action of Ann's chat";
    let typing = bot.telegram.until(acts, BOUND, |view| {
        view.calls()
            .iter()
            .any(|call| call.method == "sendChatAction" && call.chat == Some(ANN))
            .then_some(())
    });
    typing.await.unwrap();
    drop(keeper);
    bot.answer(ANN, 3).await;
    assert_eq!(phone.charges().await, [usd("0.0045")]);
    phone.end().await;
}

#[tokio::test]
async fn a_transcript_is_paid_also_if_the_answer_fails() {
    let mut phone = Phone::start().await;
    phone.bot.expect_error("rejects the request");
    phone.bot.model.script(Answer::error(ModelError::new(400, "invalid_request_error", "no")));
    phone.openai.script(Reply::text("Hello."));
    phone.bot.telegram.send(ANN, ANN, NewFile::voice(10));
    phone.bot.answer(ANN, 2).await;
    phone.bot.database.until("SELECT count(*) FROM turns WHERE state = 'failed'", 1).await;
    assert_eq!(phone.charges().await, [usd("0.00075")]);
    phone.end().await;
}

#[tokio::test]
async fn a_stop_while_it_is_heard_costs_nothing() {
    let phone = Phone::start().await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("late").held(gate));
    phone.bot.telegram.send(ANN, ANN, NewFile::voice(10));
    phone.heard(1).await;
    phone.bot.ann("/stop");
    assert!(phone.bot.answer(ANN, 1).await.contains("Stopped"), "{}", phone.bot.screen(ANN));
    phone.bot.database.until(PENDING, 0).await;
    phone.bot.database.until(HOLDS, 0).await;
    assert_eq!(phone.charges().await, []);
    drop(keeper);
    phone.end().await;
}

#[tokio::test]
async fn a_shutdown_while_it_is_heard_leaves_it_to_the_next_start() {
    let mut phone = Phone::start().await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("lost").held(gate));
    phone.bot.telegram.send(ANN, ANN, NewFile::voice(10));
    phone.heard(1).await;
    phone.bot.terminate();
    assert_eq!(phone.bot.exit_code().await, 0);
    phone.openai.script(Reply::text("Hello again."));
    phone.bot.run().await;
    phone.bot.answer(ANN, 2).await;
    assert_eq!(phone.bot.answers(ANN)[0], "Hello again.");
    assert_eq!(phone.charges().await, [usd("0.00075")]);
    drop(keeper);
    phone.end().await;
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_a_recording_is_answered_and_paid_once() {
    let points = starling::lifecycle::kill_point::ALL.iter().copied();
    let points = points.filter(|point| point.starts_with("transcription: ") && !OF_STOPS.contains(point));
    futures::stream::iter(points)
        .for_each_concurrent(4, |point| async move {
            let mut phone = Phone::with([("KILL_AT", point)]).await;
            phone.openai.script_times(2, &Reply::text("Hello."));
            phone.bot.telegram.send(ANN, ANN, NewFile::voice(10));
            tokio::time::timeout(BOUND, phone.bot.died()).await.expect("the bot dies in time");
            phone.bot.set("KILL_AT", "");
            phone.bot.run().await;
            phone.bot.answer(ANN, 2).await;
            phone.bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
            let answers = phone.bot.answers(ANN);
            assert_eq!(answers.len(), 2, "{point}: {answers:?}");
            assert_eq!(answers[0], "Hello.", "{point}");
            assert_eq!(phone.charges().await, [usd("0.00075")], "{point}");
            let lost = "SELECT count(*) FROM transcriptions WHERE lost = 0.00075 AND attempts = 2";
            let calls_again = point != "transcription: settled";
            assert_eq!(phone.bot.database.count(lost).await, i64::from(calls_again), "{point}");
            phone.end().await;
        })
        .await;
}

#[tokio::test]
async fn a_hold_that_nobody_takes_up_again_is_released() {
    let mut phone = Phone::with([("KILL_AT", "transcription: held")]).await;
    phone.bot.telegram.send(ANN, ANN, NewFile::voice(10));
    tokio::time::timeout(BOUND, phone.bot.died()).await.expect("the bot dies in time");
    phone.bot.set("KILL_AT", "");
    for change in [
        "UPDATE transcriptions SET leased_until = now() - make_interval(hours => 2)",
        "UPDATE inbox SET handled_at = now()",
    ] {
        sqlx::query(change).execute(phone.bot.books()).await.unwrap();
    }
    assert_eq!(phone.bot.database.count(HOLDS).await, 1);
    phone.bot.run().await;
    // The janitor works at start.
    phone.bot.database.until(HOLDS, 0).await;
    phone.end().await;
}

#[tokio::test]
async fn a_recording_whose_message_is_given_up_holds_no_money() {
    let mut phone = Phone::start().await;
    phone.bot.expect_error("is given up");
    phone.openai.script(Reply::hang());
    phone.bot.telegram.send(ANN, ANN, NewFile::voice(2));
    phone.heard(1).await;
    phone.bot.kill().await;
    // The next start counts the third crash in which it was alone.
    phone.bot.sql("UPDATE inbox SET crashes = 2, crashes_alone = 2 WHERE handled_at IS NULL").await;
    phone.bot.run().await;
    let told = phone.bot.answer(ANN, 1).await;
    assert!(told.contains("Something went wrong on my side"), "{told}");
    let left =
        [PENDING, HOLDS, "SELECT 1 - count(*) FROM transcriptions WHERE state = 'failed' AND lost > 0"];
    for query in left {
        assert_eq!(phone.bot.database.count(query).await, 0, "{query}");
    }
    assert_eq!(phone.bot.ask("hello").await, "You said: hello");
    phone.end().await;
}
