//! The limit of bytes per day and the tools that load a person's file on demand: such a file counts like one that
//! is fetched when it arrives, once, and the model is told when the limit ends.

use playground::anthropic::{Reply, Step, StopReason};
use playground::e2b::Operation;
use playground::samples;
use playground::telegram::{Attachment, Fault, NewFile};
use serde_json::{Value, json};
use starling::domain::file_id::PublicFileId;

use crate::harness::{ANN, BOUND, Bot};
use crate::python::Lab;
use crate::transcripts::results;
use crate::voice::{HOLDS, Phone};

const LIMIT: (&str, &str) = ("FILE_BYTES_PER_DAY", "100000");
/// The bytes that count today.
const COUNTED: &str =
    "SELECT coalesce(sum(bytes), 0)::bigint FROM file_days WHERE day = (now() AT TIME ZONE 'UTC')::date";
const FETCHES: &str = "SELECT count(*) FROM file_fetches";
/// The length of a song of five seconds, which is fetched only when the model asks for its words.
const SONG: i64 = 40_044;

fn song() -> NewFile {
    NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(5)).captioned("Keep this.")
}

fn text(bytes: usize) -> NewFile {
    NewFile::text("text.txt", &"x".repeat(bytes)).captioned("Keep this.")
}

/// Ann sends a file; returns the id by which the model names it.
async fn sent(bot: &Bot, file: NewFile) -> String {
    let answers = bot.answers(ANN).len();
    bot.telegram.send(ANN, ANN, file);
    bot.answer(ANN, answers + 1).await;
    let id: String = sqlx::query_scalar("SELECT public_id::text FROM files ORDER BY id DESC LIMIT 1")
        .fetch_one(bot.books())
        .await
        .unwrap();
    PublicFileId::from_column(&id).unwrap().to_string()
}

fn scripts(bot: &Bot, tool: &str, input: Value) {
    let call = Step::ToolUse { name: tool.to_owned(), input };
    bot.model.script(Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
}

/// Lets the model call a tool once; returns what it reads as the result.
async fn called(bot: &Bot, tool: &str, input: Value) -> Value {
    scripts(bot, tool, input);
    bot.ask("Go on.").await;
    results(bot.model.requests().last().unwrap()).swap_remove(0)
}

/// Lets a day pass.
async fn next_day(bot: &Bot) {
    for statement in [
        "INSERT INTO file_days SELECT user_id, day - 1, bytes FROM file_days",
        "UPDATE file_fetches SET day = day - 1",
        "DELETE FROM file_days WHERE day = (SELECT max(day) FROM file_days)",
    ] {
        bot.sql(statement).await;
    }
}

fn is_over_limit(result: &Value) {
    assert_eq!(result["error"], "daily_limit", "{result}");
    let told = result["message"].as_str().unwrap();
    assert!(told.contains("limit of 0.1 MB of files per day") && told.contains("00:00 UTC"), "{told}");
}

#[tokio::test]
async fn a_recording_over_the_limit_is_refused_free_of_charge_until_the_next_day() {
    let phone = Phone::with([LIMIT]).await;
    let bot = &phone.bot;
    let id = sent(bot, song()).await;
    sent(bot, text(60_000)).await;
    assert_eq!(bot.database.count(COUNTED).await, 60_000, "the song is not fetched");
    is_over_limit(&called(bot, "transcribe_audio", json!({ "file_id": id })).await);
    assert_eq!((bot.telegram.downloads().len(), phone.openai.requests().len()), (1, 0));
    assert_eq!((bot.database.count(FETCHES).await, bot.database.count(COUNTED).await), (1, 60_000));
    bot.database.until(HOLDS, 0).await;
    next_day(bot).await;
    // Telegram fails as often as it is asked, so nothing came, and nothing counts.
    bot.telegram.fail_next("getFile", 3, Fault::Status(503));
    let failed = called(bot, "transcribe_audio", json!({ "file_id": id })).await;
    assert_eq!(failed["error"], "unavailable", "{failed}");
    assert_eq!(bot.database.count(COUNTED).await, 0);
    let heard = called(bot, "transcribe_audio", json!({ "file_id": id })).await;
    assert!(heard["text"].is_string(), "{heard}");
    assert_eq!(bot.database.count(COUNTED).await, SONG);
    phone.end().await;
}

#[tokio::test]
async fn a_file_that_tools_load_again_and_again_counts_once() {
    let bot = Bot::with([LIMIT]).await;
    let document = sent(&bot, text(600)).await;
    let picture = sent(&bot, NewFile::photo(40, 30).captioned("And this.")).await;
    let counted = bot.database.count(COUNTED).await;
    assert!(counted > 600, "{counted}");
    for _ in 0..2 {
        let read = called(&bot, "preview_file", json!({ "file_id": document })).await;
        assert!(read.get("error").is_none(), "{read}");
        let seen =
            called(&bot, "analyze_image", json!({ "file_id": picture, "question": "What is it?" })).await;
        assert!(seen.get("error").is_none(), "{seen}");
    }
    assert_eq!((bot.database.count(FETCHES).await, bot.database.count(COUNTED).await), (2, counted));
    bot.end().await;
}

#[tokio::test]
async fn code_does_not_run_without_its_files() {
    let lab = Lab::with([LIMIT]).await;
    let id = sent(&lab.bot, song()).await;
    sent(&lab.bot, text(60_000)).await;
    let input = json!({ "code": "print(1)", "file_ids": [id] });
    let refused = called(&lab.bot, "execute_python", input.clone()).await;
    is_over_limit(&refused);
    assert!(refused["message"].as_str().unwrap().ends_with("Nothing was run."), "{refused}");
    assert!(lab.e2b.calls_of(Operation::Create).is_empty());
    next_day(&lab.bot).await;
    for _ in 0..2 {
        let run = called(&lab.bot, "execute_python", input.clone()).await;
        assert_eq!(run["stdout"], "1\n", "{run}");
    }
    assert_eq!(lab.bot.database.count(COUNTED).await, SONG);
    lab.end().await;
}

#[tokio::test]
async fn after_a_crash_it_counts_once() {
    let mut phone = Phone::prepare([LIMIT, ("KILL_AT", "file: counted")]).await;
    phone.bot.run().await;
    let id = sent(&phone.bot, song()).await;
    scripts(&phone.bot, "transcribe_audio", json!({ "file_id": id }));
    phone.bot.ann("What is said?");
    tokio::time::timeout(BOUND, phone.bot.died()).await.expect("the bot dies in time");
    assert_eq!(phone.bot.database.count(COUNTED).await, SONG);
    phone.bot.set("KILL_AT", "");
    scripts(&phone.bot, "transcribe_audio", json!({ "file_id": id }));
    phone.bot.run().await;
    phone.bot.answer(ANN, 2).await;
    assert_eq!(phone.openai.requests().len(), 1);
    assert_eq!((phone.bot.database.count(FETCHES).await, phone.bot.database.count(COUNTED).await), (1, SONG));
    phone.end().await;
}
