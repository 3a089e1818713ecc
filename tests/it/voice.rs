//! Voice messages and video notes: heard before they are answered, quoted, paid once to the last digit, and
//! kept whatever happens.

use futures::StreamExt;
use playground::anthropic::{ApiError as ModelError, Gate, Reply as Answer};
use playground::openai::{ApiError, OpenAi, Outcome, Reply, Request, Settings, Usage};
use playground::telegram::NewFile;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};
use crate::stopped_transcripts::OF_STOPS;

pub(crate) const PENDING: &str = "SELECT count(*) FROM transcriptions WHERE state = 'pending'";
const CHARGES: &str = "SELECT count(*) FROM balance_operations WHERE kind = 'transcription'";
pub(crate) const HOLDS: &str = "SELECT count(*) FROM users WHERE held <> 0";

/// A bot that can hear, and what transcribes for it.
pub(crate) struct Phone {
    pub bot: Bot,
    pub openai: OpenAi,
}

impl Phone {
    pub(crate) async fn start() -> Self {
        Self::with([]).await
    }

    pub(crate) async fn with<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let mut phone = Self::prepare(settings).await;
        phone.bot.run().await;
        phone
    }

    pub(crate) async fn prepare<const N: usize>(settings: [(&str, &str); N]) -> Self {
        let openai = OpenAi::start(Settings::default()).await.unwrap();
        let mut bot = Bot::prepare(settings).await;
        bot.set("OPENAI_API_KEY", "sk-test");
        bot.set("OPENAI_BASE_URL", &openai.url());
        Self { bot, openai }
    }

    /// Waits for the `number`th request for a transcript (from 1).
    pub(crate) async fn heard(&self, number: usize) -> Request {
        let what = format!("request {number} for a transcript");
        self.openai.until(&what, BOUND, |requests| requests.get(number - 1).cloned()).await.unwrap()
    }

    /// Returns the charges for transcripts, oldest first.
    pub(crate) async fn charges(&self) -> Vec<Decimal> {
        let charges =
            "SELECT -amount FROM balance_operations WHERE kind = 'transcription' ORDER BY created_at, seq";
        sqlx::query_scalar(charges).fetch_all(self.bot.books()).await.unwrap()
    }

    /// Asserts that nothing was refused, and that nothing is left.
    pub(crate) async fn end(self) {
        let refusals: Vec<Outcome> =
            self.openai.refusals().into_iter().map(|refused| refused.outcome).collect();
        assert!(refusals.is_empty(), "the transcription API refused requests: {refusals:?}");
        self.end_with_refusals().await;
    }

    pub(crate) async fn end_with_refusals(self) {
        self.bot.database.until(PENDING, 0).await;
        self.bot.end().await;
    }
}

pub(crate) fn usd(amount: &str) -> Decimal {
    amount.parse().unwrap()
}

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
