//! What is transcribed when a person asks for it, and what is free from then on.

use playground::anthropic::{Reply as Answer, Step, StopReason};
use playground::openai::{ApiError, Reply, Usage};
use playground::samples;
use playground::telegram::NewFile;
use rust_decimal::Decimal;
use serde_json::json;

use super::{OPEN, TRANSCRIBE, calls, newest_id, one, results, sent};
use crate::files_out::made;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};
use crate::voice::{Phone, usd};

#[tokio::test]
async fn a_film_is_transcribed_when_its_person_asks_and_is_free_from_then_on() {
    let phone = Phone::with([("STARTER_BALANCE_USD", "1")]).await;
    let (bot, openai) = (&phone.bot, &phone.openai);
    // Without words it is a prompt, because there is something that the model can do with it.
    bot.telegram.send(ANN, ANN, NewFile::video("film.mp4", 13));
    bot.answer(ANN, 1).await;
    let first = conversation(&bot.request(1).await);
    let id = newest_id(&bot.request(1).await);
    let line = format!(": {id}, transcribe_audio turns what is said in it into text]");
    assert!(
        first[0].starts_with("user: [video \"film.mp4\" (video/mp4, ") && first[0].ends_with(&line),
        "{first:?}"
    );
    assert!(openai.requests().is_empty(), "nothing is heard unasked");

    openai.script(Reply::text(" Good morning.\n").languages(&["en"]).usage(Usage::Seconds(12.3456)));
    let told = bot.ask(TRANSCRIBE).await;
    assert!(told.contains("The tool transcribe_audio says:"), "{told}");
    let request = phone.heard(1).await;
    assert_eq!((request.file_name.as_str(), request.mime.as_str()), ("recording.mp4", "video/mp4"));
    assert_eq!((request.field("model"), request.field("languages[]")), (Some("gpt-transcribe"), None));
    let mut expected = json!({
        "file_id": id, "name": "film.mp4", "language": "en", "duration_seconds": 13, "cost_usd": "0.00092595",
        "stored": false, "characters": 13, "text": "Good morning."});
    assert_eq!(results(&bot.request(3).await), [expected.clone()]);
    bot.database.until(OPEN, 0).await;

    // The books: to the ninth digit, as a charge of its own.
    assert_eq!(phone.charges().await, [usd("0.00092595")]);
    let spent: Decimal =
        sqlx::query_scalar("SELECT sum(cost) FROM model_calls").fetch_one(bot.books()).await.unwrap();
    assert_eq!(bot.balance(ANN).await, Decimal::ONE - spent - usd("0.00092595"));
    let row: (String, String, Decimal, i32, String, Decimal) = sqlx::query_as(
        "SELECT transcriptions.key, language, seconds, duration, balance_operations.key, tool_calls.cost
         FROM transcriptions, balance_operations, tool_calls WHERE kind = 'transcription'",
    )
    .fetch_one(bot.books())
    .await
    .unwrap();
    let charge = format!("transcription:{id}");
    assert_eq!(row, (id.clone(), "en".to_owned(), usd("12.346"), 13, charge, usd("0.00092595")));
    bot.ann("/balance");
    assert!(bot.answer(ANN, 3).await.contains("-$0.0009 · recording to text, 0:13 ·"), "{}", bot.screen(ANN));

    // The next prompt begins with the same words, and whoever asks again pays nothing.
    bot.ask(TRANSCRIBE).await;
    assert_eq!(conversation(&bot.request(4).await)[0], first[0]);
    (expected["cost_usd"], expected["stored"]) = (json!("0"), json!(true));
    assert_eq!(results(&bot.request(5).await), [expected]);
    assert_eq!((openai.requests().len(), phone.charges().await.len()), (1, 1));
    assert_eq!(bot.metric("bot_transcriptions_total{result=\"ok\"}").await, 1);
    assert_eq!(bot.metric("bot_transcribed_seconds_total").await, 13);
    phone.end().await;
}

#[tokio::test]
async fn a_hint_at_the_language_reaches_the_service() {
    let phone = Phone::start().await;
    let id = sent(&phone.bot, NewFile::audio("речь.mp3", 3)).await;
    phone.openai.script(Reply::text("Доброе утро.").languages(&["ru"]));
    let heard = one(&phone.bot, json!({"file_id": id, "language": "RU"})).await;
    assert_eq!((&heard["text"], &heard["language"]), (&json!("Доброе утро."), &json!("ru")));
    let request = phone.heard(1).await;
    assert_eq!((request.field("languages[]"), request.file_name.as_str()), (Some("ru"), "recording.mp3"));
    let wrong = one(&phone.bot, json!({"file_id": id, "language": "Russian"})).await;
    assert_eq!(wrong["error"], "invalid_arguments", "{wrong}");
    phone.end().await;
}

#[tokio::test]
async fn what_a_tool_has_made_is_transcribed_before_and_after_its_delivery() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    bot.ask("hello").await;
    let id = made(bot, "speech.ogg", "audio/ogg", &samples::ogg(8)).await;
    phone.openai.script(Reply::text("Hello, Ann."));
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["text"], &heard["cost_usd"]), (&json!("Hello, Ann."), &json!("0.0006")), "{heard}");
    bot.model.script(Answer::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": id}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ask("Send it to me.").await;
    bot.database.until("SELECT count(*) FROM made_files WHERE telegram_id IS NOT NULL", 1).await;
    let heard = one(bot, json!({"file_id": id})).await;
    assert_eq!((&heard["text"], &heard["stored"]), (&json!("Hello, Ann."), &json!(true)), "{heard}");
    // One that is heard only after Telegram has it is loaded from there.
    let other = made(bot, "other.ogg", "audio/ogg", &samples::ogg(4)).await;
    bot.model.script(Answer::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": other}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ask("Send it to me.").await;
    bot.database.until("SELECT count(*) FROM made_files WHERE telegram_id IS NOT NULL", 2).await;
    phone.openai.script(Reply::text("Goodbye."));
    assert_eq!(one(bot, json!({"file_id": other})).await["text"], "Goodbye.");
    assert_eq!(phone.charges().await, [usd("0.0006"), usd("0.0003")]);
    phone.end().await;
}

#[tokio::test]
async fn a_long_transcript_is_read_on_free_of_charge() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, NewFile::audio("talk.mp3", 600)).await;
    let words: String = (0..4_000).map(|number| format!("слово{number} ")).collect();
    phone.openai.script(Reply::text(words.clone()));
    let (mut read, mut offset) = (String::new(), json!(0));
    while !offset.is_null() {
        let part = one(bot, json!({"file_id": id, "offset": offset})).await;
        read.push_str(part["text"].as_str().unwrap());
        assert!(part["text"].as_str().unwrap().chars().count() <= 10_000);
        offset = part["next_offset"].clone();
    }
    assert_eq!(read, words.trim());
    assert_eq!((phone.openai.requests().len(), phone.charges().await.len()), (1, 1));
    phone.end().await;
}

#[tokio::test]
async fn a_recording_that_was_not_heard_is_heard_on_demand_under_its_message() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    // Ann's own.
    phone.openai.script(Reply::error(ApiError::quota()));
    let own = bot.telegram.send(ANN, ANN, NewFile::voice(4));
    bot.answer(ANN, 1).await;
    bot.database.until(OPEN, 0).await;
    let id = of_newest_file(bot).await;
    phone.openai.script(Reply::text("Buy milk."));
    assert_eq!(one(bot, json!({"file_id": id})).await["text"], "Buy milk.");
    bot.ask("And now?").await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert!(
        asked[0].contains("[voice message, 0:04]\nBuy milk."),
        "from now on they are the message: {asked:?}"
    );
    // Bob's, to which Ann has replied.
    phone.openai.script(Reply::error(ApiError::quota()));
    let of_bob = bot.telegram.send(GROUP, BOB, NewFile::voice(8));
    bot.telegram.reply(GROUP, ANN, of_bob.message_id, "@starling_bot what does he say?");
    bot.answer(GROUP, 1).await;
    bot.database.until(OPEN, 0).await;
    let id = of_newest_file(bot).await;
    calls(bot, vec![json!({"file_id": id})]);
    phone.openai.script(Reply::text("The train leaves at nine."));
    let before = bot.model.requests().len();
    bot.ask_in(GROUP, ANN, "@starling_bot try again").await;
    assert_eq!(results(&bot.request(before + 2).await)[0]["text"], "The train leaves at nine.");
    let keys: Vec<String> = sqlx::query_scalar(
        "SELECT key FROM balance_operations WHERE kind = 'transcription' ORDER BY created_at, seq",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let key = |chat: i64, message: i64| format!("transcription:{chat}:{message}");
    assert_eq!(keys, [key(ANN, own.message_id), key(GROUP, of_bob.message_id)]);
    // Whoever replies to it later gets the words with the reply.
    bot.telegram.reply(GROUP, BOB, of_bob.message_id, "@starling_bot repeat it");
    let asked = bot.request(before + 3).await;
    assert!(conversation(&asked)[0].contains("The train leaves at nine."), "{:?}", conversation(&asked));
    bot.request_end(before + 3).await;
    phone.end().await;
}

/// Returns the id of the newest file.
async fn of_newest_file(bot: &Bot) -> String {
    let row: String = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id DESC LIMIT 1")
        .fetch_one(bot.books())
        .await
        .unwrap();
    starling::domain::file_id::PublicFileId::from_column(&row).unwrap().to_string()
}
