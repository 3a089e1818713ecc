//! Audio and video files: their words on demand, paid once to the last digit and free from then on, whatever
//! happens meanwhile.

use futures::StreamExt;
use playground::anthropic::{Gate, Recorded, Reply as Answer, Step, StopReason};
use playground::openai::{ApiError, Reply, Usage};
use playground::samples;
use playground::telegram::{Attachment, NewFile, kinds};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::files_out::made;
use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};
use crate::stopped_transcripts::OF_STOPS;
use crate::voice::{PENDING, Phone, usd};

pub(crate) const OPEN: &str = "SELECT count(*) FROM turns WHERE state = 'open'";
const TRANSCRIBE: &str = "Please transcribe it.";

/// Music whose length is exact: frames of an MP3 are no fractions of a second.
pub(crate) fn song(seconds: u32) -> NewFile {
    NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(seconds))
}

/// Returns the ids of files in a text, in order.
fn ids(text: &str) -> Vec<String> {
    let candidates = text.match_indices("file_").filter_map(|(at, _)| text.get(at..at + 27));
    candidates.filter(|id| id[5..].chars().all(|c| c.is_ascii_alphanumeric())).map(str::to_owned).collect()
}

/// Returns the newest id of a file that Ann's prompts name.
fn newest_id(request: &Recorded) -> String {
    ids(&conversation(request).join("\n")).pop().expect("the prompt names a file")
}

/// Sends Ann's file with words; returns the id by which the model names it.
pub(crate) async fn sent(bot: &Bot, file: NewFile) -> String {
    let before = bot.model.requests().len();
    bot.telegram.send(ANN, ANN, file.captioned("Keep this."));
    let asked = bot.request(before + 1).await;
    bot.request_end(before + 1).await;
    bot.database.until(OPEN, 0).await;
    // Its answer must not be taken for that of the next question.
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    newest_id(&asked)
}

/// Lets the model call transcribe_audio with these arguments in one round and then end.
fn calls(bot: &Bot, inputs: Vec<Value>) {
    let call = |input| Step::ToolUse { name: "transcribe_audio".to_owned(), input };
    let steps = inputs.into_iter().map(call).chain([Step::Stop(StopReason::ToolUse)]).collect();
    bot.model.script(Answer::steps(steps));
    bot.model.script(Answer::steps(vec![Step::Text("I have heard it.".to_owned())]));
}

/// Returns the result of the tool in the newest request.
fn newest_result(bot: &Bot) -> Value {
    results(bot.model.requests().last().unwrap()).swap_remove(0)
}

/// Lets the model call transcribe_audio at Ann's next question; returns the results that it reads.
async fn transcribed(bot: &Bot, inputs: Vec<Value>) -> Vec<Value> {
    let before = bot.model.requests().len();
    calls(bot, inputs);
    bot.ask("What is said in it?").await;
    results(&bot.request(before + 2).await)
}

pub(crate) async fn one(bot: &Bot, input: Value) -> Value {
    transcribed(bot, vec![input]).await.swap_remove(0)
}

/// Returns the results of the newest tool calls in a request.
pub(crate) fn results(request: &Recorded) -> Vec<Value> {
    let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let results = blocks.as_array().unwrap().iter().filter(|block| block["type"] == "tool_result").cloned();
    let read = |result: Value| {
        let content = &result["content"];
        serde_json::from_str(content.as_str().or(content[0]["text"].as_str()).unwrap()).unwrap()
    };
    results.map(read).collect()
}

fn tools(request: &Recorded) -> Vec<String> {
    let tools = request.body["tools"].as_array().into_iter().flatten();
    tools.filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
}

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
async fn of_several_calls_at_once_one_asks_the_service() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let same = || song(20).with(json!({"file_unique_id": "AgADsong"}));
    let first = sent(bot, same()).await;
    // The same file again, under another id.
    let second = sent(bot, same()).await;
    assert_ne!(first, second);
    phone.openai.script(Reply::text("La la."));
    let calls = [&first, &first, &second].map(|id| json!({"file_id": id})).to_vec();
    let heard = transcribed(bot, calls).await;
    assert!(heard.iter().all(|heard| heard["text"] == "La la."), "{heard:?}");
    let paid: Vec<&Value> = heard.iter().filter(|heard| heard["stored"] == false).collect();
    assert_eq!((paid.len(), paid[0]["cost_usd"].as_str()), (1, Some("0.0015")), "{heard:?}");
    assert_eq!((phone.openai.requests().len(), phone.charges().await), (1, vec![usd("0.0015")]));
    // Another person has not paid for it.
    phone.openai.script(Reply::text("La la."));
    bot.telegram.send(BOB, BOB, same().captioned(TRANSCRIBE));
    assert!(bot.answer(BOB, 1).await.ends_with("La la."), "{}", bot.screen(BOB));
    assert_eq!(newest_result(bot)["stored"], false);
    assert_eq!(phone.charges().await.len(), 2);
    phone.end().await;
}

#[tokio::test]
async fn what_another_instance_is_doing_is_waited_for() {
    let phone = Phone::start().await;
    let bot = &phone.bot;
    let id = sent(bot, song(20)).await;
    let begun = format!(
        "INSERT INTO transcriptions (key, user_id, unique_id, duration, state, held, lease, leased_until)
         VALUES ('{id}', {ANN}, 'x', 20, 'pending', 0, 7, now() + interval '1 hour')"
    );
    bot.sql(&begun).await;
    calls(bot, vec![json!({"file_id": id})]);
    let asked = bot.model.requests().len();
    bot.ann("What is said?");
    // It looks at the row again and again; nothing else tells that it waits.
    bot.request_end(asked + 1).await;
    bot.sql("UPDATE transcriptions SET state = 'done', text = 'From there.', settled_at = now()").await;
    let heard = results(&bot.request(asked + 2).await);
    assert_eq!((&heard[0]["text"], &heard[0]["stored"]), (&json!("From there."), &json!(true)), "{heard:?}");
    assert!(phone.openai.requests().is_empty());
    phone.end().await;
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

#[tokio::test]
async fn an_orderly_end_waits_for_the_transcript_and_cuts_it_after_the_grace_time() {
    let mut phone = Phone::prepare([]).await;
    phone.bot.run().await;
    let id = sent(&phone.bot, song(10)).await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("In time.").held(gate));
    calls(&phone.bot, vec![json!({"file_id": id})]);
    phone.bot.ann("What is said?");
    phone.heard(1).await;
    phone.bot.terminate();
    phone.bot.log("signal received").await;
    drop(keeper);
    assert_eq!(phone.bot.exit_code().await, 0);
    assert_eq!(phone.bot.answers(ANN).last().map(String::as_str), Some("I have heard it."));
    assert_eq!(phone.charges().await, [usd("0.00075")]);

    phone.bot.set("SHUTDOWN_GRACE_SECONDS", "1");
    phone.bot.run().await;
    let id = sent(&phone.bot, song(20)).await;
    let (gate, keeper) = Gate::new();
    phone.openai.script(Reply::text("Too late.").held(gate));
    phone.openai.script(Reply::text("At the next start."));
    let call = Step::ToolUse { name: "transcribe_audio".to_owned(), input: json!({"file_id": id}) };
    phone.bot.model.script(Answer::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    phone.bot.ann("What is said?");
    phone.heard(2).await;
    phone.bot.terminate();
    phone.bot.exit_code().await;
    assert_eq!(
        phone
            .bot
            .database
            .count("SELECT count(*) FROM transcriptions WHERE failure = 'cancelled' AND lost > 0")
            .await,
        1
    );
    assert_eq!(phone.charges().await.len(), 1, "what was cut costs the person nothing");
    calls(&phone.bot, vec![json!({"file_id": id})]);
    phone.bot.run().await;
    phone.bot.database.until(OPEN, 0).await;
    let heard = results(phone.bot.model.requests().last().unwrap());
    assert_eq!(heard[0]["text"], "At the next start.", "{heard:?}");
    assert_eq!(phone.charges().await, [usd("0.00075"), usd("0.0015")]);
    drop(keeper);
    phone.end().await;
}

#[tokio::test]
async fn whatever_point_the_process_dies_at_a_file_is_paid_once() {
    let points = starling::lifecycle::kill_point::ALL.iter().copied();
    let points = points.filter(|point| point.starts_with("transcription: ") && !OF_STOPS.contains(point));
    futures::stream::iter(points)
        .for_each_concurrent(4, |point| async move {
            let mut phone = Phone::with([("KILL_AT", point)]).await;
            phone.openai.script_times(2, &Reply::text("Hello."));
            phone.bot.telegram.send(ANN, ANN, song(10).captioned(TRANSCRIBE));
            tokio::time::timeout(BOUND, phone.bot.died()).await.expect("the bot dies in time");
            phone.bot.set("KILL_AT", "");
            phone.bot.run().await;
            let answer = phone.bot.answer(ANN, 1).await;
            phone.bot.database.until(OPEN, 0).await;
            let calls_again = point != "transcription: settled";
            let result = newest_result(&phone.bot);
            assert!(
                answer.ends_with("Hello.") && result["stored"] == !calls_again,
                "{point}: {answer} {result}"
            );
            assert_eq!(phone.bot.answers(ANN).len(), 1, "{point}");
            assert_eq!(phone.charges().await, [usd("0.00075")], "{point}");
            let lost = "SELECT count(*) FROM transcriptions WHERE lost > 0 AND attempts = 2";
            assert_eq!(phone.bot.database.count(lost).await, i64::from(calls_again), "{point}");
            phone.end().await;
        })
        .await;
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
