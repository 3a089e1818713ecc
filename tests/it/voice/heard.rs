//! Recordings that are heard: quoted, answered and paid once, in whatever message their words are used.

use playground::openai::{Reply, Usage};
use playground::telegram::NewFile;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Phone, usd};
use crate::harness::{ANN, BOB, GROUP, conversation};

fn quote(length: usize) -> Vec<Value> {
    vec![json!({"type": "expandable_blockquote", "offset": 0, "length": length})]
}

#[tokio::test]
async fn a_voice_message_is_heard_quoted_answered_and_paid() {
    let phone = Phone::with([("STARTER_BALANCE_USD", "1")]).await;
    let (bot, openai) = (&phone.bot, &phone.openai);
    openai.script(Reply::text(" What is the capital of Peru?\n").languages(&["en"]));
    let sent = bot.telegram.send(ANN, ANN, NewFile::voice(12));
    bot.answer(ANN, 2).await;
    let request = phone.heard(1).await;
    assert_eq!((request.file_name.as_str(), request.mime.as_str()), ("recording.ogg", "audio/ogg"));
    assert_eq!(
        (request.field("model"), request.seconds.map(f64::round)),
        (Some("gpt-transcribe"), Some(12.0))
    );
    assert_eq!(request.headers["authorization"], "Bearer sk-test");
    let words = "What is the capital of Peru?";
    assert_eq!(conversation(&bot.request(1).await), [format!("user: [voice message, 0:12]\n{words}")]);
    let quoted = bot.telegram.messages(ANN).into_iter().find(|message| message.from_bot).unwrap();
    assert_eq!((quoted.text.as_str(), quoted.entities), (words, quote(words.len())));
    assert_eq!(quoted.raw["reply_to_message"]["message_id"], json!(sent.message_id));
    let calls = bot.telegram.calls();
    let mut sends = calls.iter().filter(|call| call.method == "sendMessage");
    assert_eq!(sends.next().unwrap().params["disable_notification"], json!(true));
    assert!(sends.all(|call| call.params.get("disable_notification").is_none()));
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(phone.charges().await, [usd("0.0009")]);
    let spent: Decimal =
        sqlx::query_scalar("SELECT sum(cost) FROM model_calls").fetch_one(bot.books()).await.unwrap();
    assert_eq!(bot.balance(ANN).await, Decimal::ONE - spent - usd("0.0009"));
    let row: (String, String, Option<String>, Decimal) =
        sqlx::query_as("SELECT text, language, request_id, seconds FROM transcriptions")
            .fetch_one(bot.books())
            .await
            .unwrap();
    assert_eq!(
        row,
        (words.to_owned(), "en".to_owned(), Some("req_playground".to_owned()), Decimal::from(12))
    );
    bot.ann("/balance");
    assert!(bot.answer(ANN, 3).await.contains("-$0.0009 · recording to text, 0:12 ·"), "{}", bot.screen(ANN));
    // Later prompts begin with the same words.
    bot.ask("And of Chile?").await;
    assert_eq!(conversation(&bot.request(2).await)[0], format!("user: [voice message, 0:12]\n{words}"));
    assert_eq!(bot.metric("bot_transcriptions_total{result=\"ok\"}").await, 1);
    assert_eq!(bot.metric("bot_transcribed_seconds_total").await, 12);
    assert_eq!(bot.metric("bot_transcription_costs_nanousd_total").await, 900_000);
    phone.end().await;
}

#[tokio::test]
async fn a_video_note_is_heard_as_well() {
    let phone = Phone::start().await;
    phone.openai.script(Reply::text("Смотри, море!").languages(&["ru"]).usage(Usage::Seconds(7.25)));
    phone.bot.telegram.send(ANN, ANN, NewFile::video_note(8));
    phone.bot.answer(ANN, 2).await;
    let request = phone.heard(1).await;
    assert_eq!((request.file_name.as_str(), request.mime.as_str()), ("recording.mp4", "video/mp4"));
    assert_eq!(
        conversation(&phone.bot.request(1).await),
        ["user: [video message, 0:08]\nСмотри, море!"],
        "the language of the speaker is kept"
    );
    assert_eq!(phone.charges().await, [usd("0.00054375")]);
    phone.end().await;
}

#[tokio::test]
async fn without_a_duration_from_the_service_telegrams_counts() {
    let phone = Phone::start().await;
    let tokens = Usage::Tokens { audio: 100, text: 0, output: 10 };
    for (number, usage) in [Usage::Missing, Usage::Null, tokens].into_iter().enumerate() {
        phone.openai.script(Reply::text(format!("note {number}")).usage(usage));
        phone.bot.telegram.send(ANN, ANN, NewFile::voice(21));
        phone.bot.answer(ANN, number * 2 + 2).await;
    }
    assert_eq!(phone.charges().await, [usd("0.001575"); 3]);
    phone.end().await;
}

#[tokio::test]
async fn a_caption_stays_with_the_words_also_if_it_changes() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    phone.openai.script(Reply::text("Hello."));
    let sent = bot.telegram.send(ANN, ANN, NewFile::voice(2).captioned("Translate this."));
    bot.answer(ANN, 2).await;
    assert_eq!(
        conversation(&bot.request(1).await),
        ["user: [voice message, 0:02]\nHello.\n\nTranslate this."]
    );
    bot.telegram.edit(ANN, sent.message_id, "Into Greek.").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'Into Greek.'", 1).await;
    bot.ask("please").await;
    let asked = conversation(&bot.request(2).await);
    assert!(asked[0].ends_with("[voice message, 0:02]\nHello.\n\nInto Greek."), "{asked:?}");
    assert_eq!(phone.openai.requests().len(), 1, "an edit is not heard again");
    phone.end().await;
}

#[tokio::test]
async fn in_a_group_a_voice_message_that_answers_the_bot_is_heard_in_its_topic() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    bot.telegram.send(GROUP, BOB, NewFile::voice(5));
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    assert_eq!(phone.openai.requests().len(), 0, "what people say to each other is not heard");
    let said = bot.telegram.messages(GROUP).into_iter().find(|message| message.from_bot).unwrap();
    phone.openai.script(Reply::text("And now in Greek."));
    bot.telegram.reply_with(GROUP, ANN, said.id, NewFile::voice(3));
    bot.answer(GROUP, 3).await;
    let asked = bot.request(2).await;
    assert!(conversation(&asked).last().unwrap().ends_with("[voice message, 0:03]\nAnd now in Greek."));
    assert_eq!(bot.answers(GROUP)[1], "And now in Greek.");
    phone.end().await;
}

#[tokio::test]
async fn a_reply_to_a_voice_message_brings_its_words_which_are_paid_once() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    phone.openai.script(Reply::text("The train leaves at nine."));
    let sent = bot.telegram.send(GROUP, BOB, NewFile::voice(4));
    bot.telegram.reply(GROUP, ANN, sent.message_id, "@starling_bot what does he say?");
    bot.answer(GROUP, 2).await;
    let asked = conversation(&bot.request(1).await);
    assert!(asked[0].contains("> In reply to Bob:\n> [voice message"), "{asked:?}");
    assert!(asked[0].contains("\n> The train leaves at nine.\n"), "{asked:?}");
    bot.telegram.reply(GROUP, BOB, sent.message_id, "@starling_bot repeat it");
    bot.answer(GROUP, 3).await;
    let asked = conversation(&bot.request(2).await);
    assert!(asked[0].contains("The train leaves at nine."), "{asked:?}");
    assert_eq!((phone.openai.requests().len(), phone.charges().await), (1, vec![usd("0.0003")]));
    let payer: i64 =
        sqlx::query_scalar("SELECT user_id FROM transcriptions").fetch_one(bot.books()).await.unwrap();
    assert_eq!(payer, ANN, "whoever asks pays");
    phone.end().await;
}

#[tokio::test]
async fn the_same_recording_is_paid_once_in_whatever_message() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let note = || NewFile::voice(9).with(json!({"file_unique_id": "AgADsame"}));
    phone.openai.script(Reply::text("Buy milk."));
    let first = bot.telegram.send(ANN, ANN, note());
    bot.answer(ANN, 2).await;
    let forwarded = note().in_message(playground::telegram::kinds::forwarded_from(BOB, "Bob"));
    bot.telegram.send(ANN, ANN, forwarded);
    bot.answer(ANN, 4).await;
    let asked = conversation(&bot.request(2).await);
    assert!(asked[2].ends_with("Forwarded from Bob:\n\n[voice message, 0:09]\nBuy milk."), "{asked:?}");
    // An update that comes again.
    assert!(bot.telegram.redeliver(first.update_id));
    bot.ask("done").await;
    assert_eq!((phone.openai.requests().len(), phone.charges().await), (1, vec![usd("0.000675")]));
    // Another person has not paid for it.
    phone.openai.script(Reply::text("Buy milk."));
    bot.telegram.send(BOB, BOB, note());
    bot.answer(BOB, 2).await;
    assert_eq!(phone.charges().await.len(), 2);
    phone.end().await;
}

/// No app lets people replace a recording. If one does, the words of the former one are not taken for those
/// of the new one.
#[tokio::test]
async fn a_recording_in_the_place_of_another_is_not_given_its_words() {
    let phone = Phone::start().await;
    phone.openai.script(Reply::text("Good morning."));
    let said = phone.bot.telegram.send(ANN, ANN, NewFile::voice(3));
    phone.bot.answer(ANN, 2).await;
    phone.bot.telegram.edit_file(ANN, said.message_id, NewFile::voice(4)).unwrap();
    phone.bot.database.until("SELECT count(*) FROM files WHERE fetched = FALSE", 1).await;
    phone.bot.ask("What did I say?").await;
    let asked = conversation(phone.bot.model.requests().last().unwrap());
    assert!(asked[0].contains("could not be transcribed") && !asked[0].contains("Good morning"), "{asked:?}");
    // A photo has no words either.
    phone.bot.telegram.edit_file(ANN, said.message_id, NewFile::photo(64, 64)).unwrap();
    phone.bot.database.until("SELECT count(*) FROM files WHERE kind = 'photo'", 1).await;
    phone.bot.ask("And now?").await;
    let asked = phone.bot.model.requests().last().unwrap().clone();
    assert!(asked.files().len() == 1 && !conversation(&asked)[0].contains("Good morning"));
    assert_eq!((phone.openai.requests().len(), phone.charges().await.len()), (1, 1));
    phone.end().await;
}
