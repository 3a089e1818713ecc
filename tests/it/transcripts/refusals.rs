//! What gives no transcript: faults, silence, files of others, wrong files, too little money, no key.

use playground::anthropic::Recorded;
use playground::openai::{ApiError, Reply, Usage};
use playground::samples;
use playground::telegram::{Attachment, NewFile, kinds};
use serde_json::{Value, json};

use super::{OPEN, TRANSCRIBE, newest_id, one, sent, song, transcribed};
use crate::files_out::made;
use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, Bot, conversation};
use crate::voice::{PENDING, Phone, usd};

fn tools(request: &Recorded) -> Vec<String> {
    let tools = request.body["tools"].as_array().into_iter().flatten();
    tools.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn faults_are_explained_and_cost_nothing_and_the_next_call_works() {
    let phone = Phone::with([("OPENAI_TIMEOUT_SECONDS", "1")]).await;
    let bot = &phone.bot;
    let id = sent(bot, song(4)).await;
    let refused = ApiError::new(401, "invalid_request_error", "Incorrect API key provided");
    let broken = ApiError::new(400, "invalid_request_error", "Audio file might be corrupted or unsupported");
    for (fault, times, error, words) in [
        (Reply::error(refused), 1, "service_down", "until the operator repairs it"),
        (Reply::error(ApiError::quota()), 1, "service_down", "until the operator repairs it"),
        (Reply::error(broken), 1, "unreadable", "is damaged, has no sound"),
        (Reply::error(ApiError::server()), 4, "service_down", "try again later"),
        (Reply::error(ApiError::rate_limited(1)), 4, "service_down", "try again later"),
        (Reply::hang(), 4, "service_down", "try again later"),
        (Reply::cut_midway(), 4, "service_down", "try again later"),
    ] {
        let before = phone.openai.requests().len();
        phone.openai.script_times(times, &fault);
        let told = one(bot, json!({"file_id": id})).await;
        assert_eq!(told["error"], error, "{told}");
        let message = told["message"].as_str().unwrap();
        assert!(message.contains(words) && message.contains("Nothing was charged"), "{message}");
        assert_eq!(phone.openai.requests().len() - before, times, "{told}");
    }
    bot.database.until(PENDING, 0).await;
    assert_eq!(
        (phone.charges().await, bot.database.count("SELECT count(*) FROM users WHERE held <> 0").await),
        (vec![], 0)
    );
    phone.openai.script(Reply::error(ApiError::overloaded()));
    phone.openai.script(Reply::text("At last."));
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["text"], phone.charges().await), (&json!("At last."), vec![usd("0.0003")]));
    phone.end().await;
}

#[tokio::test]
async fn silence_is_told_and_paid_and_nothing_is_free_by_accident() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(6)).await;
    phone.openai.script(Reply::text(" \n"));
    let heard = one(bot, json!({"file_id": id})).await;
    assert!(heard["text"] == "" && heard["remark"].as_str().unwrap().contains("Nothing is said"), "{heard}");
    assert_eq!(phone.charges().await, [usd("0.00045")]);
    // Without a duration from the service, that of the headers counts.
    let id = sent(bot, NewFile::new(Attachment::Document, "a.wav", "audio/wav", samples::wav(30))).await;
    phone.openai.script(Reply::text("Hello.").usage(Usage::Missing));
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["duration_seconds"], &heard["cost_usd"]), (&json!(30), &json!("0.00225")), "{heard}");
    // And without headers that can be read, the size.
    let webm = [b"\x1a\x45\xdf\xa3".to_vec(), vec![0; 119_996]].concat();
    let id = sent(bot, NewFile::new(Attachment::Document, "a.webm", "audio/webm", webm)).await;
    phone.openai.script(Reply::text("Hello.").usage(Usage::Tokens { audio: 1, text: 1, output: 1 }));
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["duration_seconds"], &heard["cost_usd"]), (&json!(30), &json!("0.00225")), "{heard}");
    phone.end().await;
}

#[tokio::test]
async fn files_of_others_are_not_found_and_stand_in_no_prompt() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    bot.telegram.send(BOB, BOB, NewFile::audio("secret of bob.mp3", 5).captioned("Mine."));
    bot.answer(BOB, 1).await;
    let of_bob = newest_id(&bot.request(1).await);
    for id in [of_bob.as_str(), "file_0000000000000000000000", "7", "CQACAgI", ""] {
        let told = one(bot, json!({"file_id": id})).await;
        assert_eq!(told["error"], "not_found", "{id}: {told}");
    }
    for request in &bot.model.requests()[1..] {
        assert!(!request.body["messages"].to_string().contains("secret"), "nothing leaks");
    }
    // Nor does Ann find her own after /clear.
    let own = sent(bot, song(5)).await;
    bot.sql("UPDATE threads SET cleared_up_to = 2000000000, history_version = history_version + 1").await;
    assert_eq!(one(bot, json!({"file_id": own})).await["error"], "not_found");
    assert!(phone.openai.requests().is_empty());
    phone.end().await;
}

#[tokio::test]
async fn what_cannot_be_transcribed_is_told_before_anything_is_loaded() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let large = || NewFile::audio("large.mp3", 1).with(json!({"file_size": 21 << 20}));
    bot.telegram.send(ANN, ANN, large());
    assert!(bot.answer(ANN, 1).await.contains("20 MB"), "{}", bot.screen(ANN));
    bot.telegram.send(ANN, ANN, large().captioned("And now?"));
    bot.answer(ANN, 2).await;
    let asked = conversation(&bot.request(1).await);
    assert!(
        asked[0].contains("[audio \"large.mp3\" (audio/mpeg, 22.0 MB): too large to be read here"),
        "{asked:?}"
    );
    let film = NewFile::new(Attachment::Video, "film.mkv", "video/x-matroska", vec![1; 300]);
    bot.telegram.send(ANN, ANN, film.clone());
    assert!(bot.answer(ANN, 3).await.contains("I cannot read this"), "{}", bot.screen(ANN));
    bot.telegram.send(ANN, ANN, film.captioned("And this?"));
    bot.answer(ANN, 4).await;
    bot.telegram.send(ANN, ANN, NewFile::animation("cat.mp4").captioned("And this?"));
    bot.answer(ANN, 5).await;
    bot.telegram.send(ANN, ANN, NewFile::text("a.txt", "Hello.").captioned("And this?"));
    bot.answer(ANN, 6).await;
    let rows: Vec<String> = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id")
        .fetch_all(bot.books())
        .await
        .unwrap();
    let id = |row: &String| starling::domain::file_id::PublicFileId::from_column(row).unwrap().to_string();
    let calls = rows.iter().map(|row| json!({"file_id": id(row)})).collect();
    let errors: Vec<Value> =
        transcribed(bot, calls).await.into_iter().map(|told| told["error"].clone()).collect();
    assert_eq!(errors, ["too_large", "unsupported", "not_a_recording", "not_a_recording"]);
    // What a tool has made may be larger than a download, but not than what the service takes.
    let id = made(bot, "long.wav", "audio/wav", &vec![1; (25 << 20) + 1]).await;
    let told = one(bot, json!({"file_id": id})).await;
    assert!(told["error"] == "too_large" && told["message"].as_str().unwrap().contains("25 MB"), "{told}");
    assert!(phone.openai.requests().is_empty() && phone.charges().await.is_empty());
    phone.end().await;
}

#[tokio::test]
async fn with_too_little_money_the_model_is_told_and_what_is_stored_stays_free() {
    let phone = Phone::with([("STARTER_BALANCE_USD", "1"), ("PRIVILEGED_USERS", "44")]).await;
    let bot = &phone.bot;
    bot.telegram.add_user(playground::telegram::Person::new(OLGA, "Olga"));
    let stored = sent(bot, song(4)).await;
    let new = sent(bot, song(4)).await;
    phone.openai.script(Reply::text("I am stored."));
    one(bot, json!({"file_id": stored})).await;
    // Less than the first request of the next turn costs.
    let rest = bot.balance(ANN).await - usd("0.000001");
    bot.telegram.say(OLGA, OLGA, &format!("/topup {ANN} -{rest}"));
    bot.answer(OLGA, 1).await;
    let told = transcribed(bot, vec![json!({"file_id": stored}), json!({"file_id": new})]).await;
    assert_eq!((&told[0]["text"], &told[0]["cost_usd"]), (&json!("I am stored."), &json!("0")), "{told:?}");
    assert_eq!(told[1]["error"], "insufficient_balance", "{told:?}");
    assert!(told[1]["message"].as_str().unwrap().contains("/pay"), "{told:?}");
    assert_eq!((phone.openai.requests().len(), phone.charges().await.len()), (1, 1));
    phone.end().await;
}

#[tokio::test]
async fn one_turn_with_little_money_is_not_blocked_by_its_own_hold() {
    // The hold of a turn is usually more than ten cents.
    let phone = Phone::with([("STARTER_BALANCE_USD", "0.10")]).await;
    phone.openai.script(Reply::text("Hello."));
    phone.bot.telegram.send(ANN, ANN, song(4).captioned(TRANSCRIBE));
    assert!(phone.bot.answer(ANN, 1).await.ends_with("Hello."), "{}", phone.bot.screen(ANN));
    phone.end().await;
}

#[tokio::test]
async fn without_a_key_there_is_no_such_tool_and_no_word_of_it() {
    let mut bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, song(4));
    assert!(bot.answer(ANN, 1).await.contains("I cannot read this"), "{}", bot.screen(ANN));
    let film = NewFile::video("film.mp4", 4).in_message(kinds::forwarded_from(BOB, "Bob"));
    bot.telegram.send(ANN, ANN, film.captioned("Look."));
    bot.answer(ANN, 2).await;
    let asked = bot.request(1).await;
    assert!(!tools(&asked).contains(&"transcribe_audio".to_owned()), "{:?}", tools(&asked));
    assert!(conversation(&asked)[0].contains("): not readable here]"), "{:?}", conversation(&asked));
    // Once there is a key, the same file can be heard.
    bot.database.until(OPEN, 0).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    let openai = playground::openai::OpenAi::start(playground::openai::Settings::default()).await.unwrap();
    bot.set("OPENAI_API_KEY", "sk-test");
    bot.set("OPENAI_BASE_URL", &openai.url());
    bot.run().await;
    openai.script(Reply::text("Look at the sea."));
    assert!(bot.ask(TRANSCRIBE).await.contains("Look at the sea."), "{}", bot.screen(ANN));
    assert!(tools(&bot.request(2).await).contains(&"transcribe_audio".to_owned()));
    bot.end().await;
}
