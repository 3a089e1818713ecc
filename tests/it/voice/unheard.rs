//! Recordings that are not heard: faults, silence, no key, no money, and durations out of range.

use playground::openai::{ApiError, Reply};
use playground::telegram::NewFile;
use serde_json::json;

use super::{HOLDS, Phone, usd};
use crate::harness::{ANN, Bot, conversation};

const CHARGES: &str = "SELECT count(*) FROM balance_operations WHERE kind = 'transcription'";

#[tokio::test]
async fn faults_that_pass_are_tried_again() {
    let phone = Phone::with([("OPENAI_TIMEOUT_SECONDS", "1")]).await;
    for (number, faults) in [
        vec![Reply::error(ApiError::server()), Reply::cut(), Reply::cut_midway()],
        vec![Reply::error(ApiError::rate_limited(1)), Reply::error(ApiError::overloaded())],
        vec![Reply::hang()],
        vec![Reply::raw(200, "<html>")],
    ]
    .into_iter()
    .enumerate()
    {
        let before = phone.openai.requests().len();
        let tries = faults.len() + 1;
        for fault in faults {
            phone.openai.script(fault);
        }
        phone.openai.script(Reply::text(format!("note {number}")));
        phone.bot.telegram.send(ANN, ANN, NewFile::voice(2));
        phone.bot.answer(ANN, number * 2 + 2).await;
        assert_eq!(phone.openai.requests().len() - before, tries, "fault {number}");
    }
    assert_eq!(phone.charges().await, [usd("0.00015"); 4]);
    phone.end().await;
}

#[tokio::test]
async fn what_cannot_be_heard_is_kept_and_costs_nothing() {
    let phone = Phone::with([("OPENAI_TIMEOUT_SECONDS", "1")]).await;
    let bot = &phone.bot;
    let hopeless =
        ApiError::new(400, "invalid_request_error", "Audio file might be corrupted or unsupported");
    for (number, fault) in [
        Reply::hang(),
        Reply::error(ApiError::server()),
        Reply::error(hopeless),
        Reply::error(ApiError::quota()),
    ]
    .into_iter()
    .enumerate()
    {
        phone.openai.script_times(if number < 2 { 4 } else { 1 }, &fault);
        bot.telegram.send(ANN, ANN, NewFile::voice(2));
        let told = bot.answer(ANN, number + 1).await;
        assert!(told.contains("I could not turn your recording into text"), "{told}");
    }
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'not_heard'", 4).await;
    assert_eq!((phone.charges().await, bot.database.count(HOLDS).await), (vec![], 0));
    assert_eq!(bot.model.requests().len(), 0, "nobody is asked about nothing");
    bot.ask("hello").await;
    let asked = conversation(&bot.request(1).await);
    assert_eq!(asked[0].matches("could not be transcribed").count(), 4, "{asked:?}");
    // With words there is something to answer.
    phone.openai.script(Reply::error(ApiError::quota()));
    bot.telegram.send(ANN, ANN, NewFile::voice(2).captioned("And this?"));
    let told = bot.answer(ANN, 6).await;
    assert!(told.contains("And this?") && told.contains("could not turn a recording into text"), "{told}");
    assert_eq!(bot.metric("bot_transcriptions_total{result=\"failed\"}").await, 5);
    phone.end().await;
}

#[tokio::test]
async fn silence_is_told_and_paid() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    phone.openai.script(Reply::text(" \n"));
    bot.telegram.send(ANN, ANN, NewFile::voice(6));
    assert!(bot.answer(ANN, 1).await.contains("I heard no words in this recording"), "{}", bot.screen(ANN));
    phone.openai.script(Reply::text(""));
    bot.telegram.send(ANN, ANN, NewFile::voice(6).captioned("Do you hear that?"));
    assert!(bot.answer(ANN, 2).await.contains("Do you hear that?"));
    let asked = conversation(&bot.request(1).await);
    assert!(asked[0].contains("nothing is said in it] | Do you hear that?"), "{asked:?}");
    assert_eq!(phone.charges().await, [usd("0.00045"); 2]);
    phone.end().await;
}

#[tokio::test]
async fn without_a_key_people_are_asked_to_write_and_nothing_is_lost() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::voice(6));
    let told = bot.answer(ANN, 1).await;
    assert!(told.contains("Please write to me instead, or ask the operator"), "{told}");
    assert_eq!(bot.model.requests().len(), 0);
    bot.ask("Did you get my message?").await;
    let asked = conversation(&bot.request(1).await);
    assert!(
        asked[0].contains("[voice \"voice_") && asked[0].ends_with("Did you get my message?"),
        "{asked:?}"
    );
    bot.end().await;
}

#[tokio::test]
async fn without_money_nothing_is_heard() {
    let phone = Phone::with([("STARTER_BALANCE_USD", "0")]).await;
    phone.bot.telegram.send(ANN, ANN, NewFile::voice(6));
    assert!(phone.bot.answer(ANN, 1).await.contains("You have nothing left to spend"));
    assert_eq!((phone.openai.requests().len(), phone.bot.database.count(CHARGES).await), (0, 0));
    assert_eq!(phone.bot.database.count("SELECT count(*) FROM messages").await, 1, "the message is kept");
    phone.end().await;
}

#[tokio::test]
async fn notes_of_no_second_of_twenty_minutes_and_too_large_ones() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    // The service refuses to listen to nothing.
    bot.telegram.send(ANN, ANN, NewFile::voice(0));
    assert!(bot.answer(ANN, 1).await.contains("I heard no words"), "{}", bot.screen(ANN));
    assert_eq!(phone.charges().await, []);
    let large = NewFile::voice(1).with(json!({"file_size": 21 << 20}));
    bot.telegram.send(ANN, ANN, large);
    let told = bot.answer(ANN, 2).await;
    assert!(told.contains("20 MB"), "{told}");
    assert_eq!(phone.openai.requests().len(), 1, "it is not even fetched");
    let words = "word ".repeat(3_000);
    phone.openai.script(Reply::text(words.clone()));
    bot.telegram.send(ANN, ANN, NewFile::voice(1_200));
    let asked = bot.request(1).await;
    let asked = &conversation(&asked)[0];
    assert!(asked.ends_with(&format!(" | [voice message, 20:00]\n{}", words.trim())));
    assert_eq!(phone.charges().await, [usd("0.09")]);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let quotes = bot.database.count("SELECT count(*) FROM outbox WHERE key LIKE 'transcript:%'").await;
    assert_eq!(quotes, 4);
    phone.end_with_refusals().await;
}
