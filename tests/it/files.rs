//! Files from people: photos, PDFs and text files reach the model, all others are only described. A file that
//! waits for Telegram or the provider delays its own prompt and nothing else, and nobody sees another user's
//! files.

use std::time::Duration;

use playground::anthropic::{ApiError, Endpoint, FileFault, Gate, Recorded, Reply, Step, StopReason};
use playground::telegram::{Attachment, Fault, NewFile, View};
use serde_json::{Value, json};
use starling::db::{Db, files};
use starling::domain::ids::ThreadId;
use starling::telemetry::metrics::Metrics;

use crate::harness::barrier::Barrier;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};

/// A group without topics, with Bob only.
const OTHERS: i64 = -1_000_043;
const STORED: &str = "SELECT count(*) FROM files";
const COPIED: &str = "SELECT count(*) FROM files WHERE provider_id IS NOT NULL";

/// Returns the names of the files that a request shows, oldest first.
fn shown(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.name.clone()).collect()
}

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}."))
}

/// Lets the model list the files at the next question; returns the result that it reads.
async fn listed(bot: &Bot, chat: i64, from: i64) -> Value {
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    let before = bot.model.requests().len();
    bot.ask_in(chat, from, "@starling_bot what have I sent?").await;
    let request = bot.request(before + 2).await;
    bot.request_end(before + 2).await;
    let results = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let result =
        &results.as_array().unwrap().iter().find(|block| block["type"] == "tool_result").unwrap()["content"];
    let text = result.as_str().or(result[0]["text"].as_str()).unwrap();
    serde_json::from_str::<Value>(text).unwrap()["files"].clone()
}

fn names(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_photo_with_a_caption_is_seen_now_and_remembered_later() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::photo(1_280, 720).captioned("What is this?"));
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.contains("You sent a photo") && answer.contains("1280 x 720"), "{answer}");
    let first = bot.request(1).await;
    assert_eq!(conversation(&first), ["user: What is this?"]);
    assert_eq!(first.files()[0].block, "image");
    assert!(shown(&first)[0].starts_with("photo_AgAD"), "{:?}", shown(&first));
    bot.ask("And its colours?").await;
    let second = bot.request(2).await;
    assert_eq!(shown(&second), shown(&first));
    assert_eq!(conversation(&second).len(), 3);
    let size: (i64, String, String) =
        sqlx::query_as("SELECT size, kind, mime FROM files").fetch_one(bot.books()).await.unwrap();
    let sent = bot.model.files()[0].clone();
    assert_eq!(size, (i64::try_from(sent.size).unwrap(), "photo".to_owned(), "image/jpeg".to_owned()));
    bot.end().await;
}

#[tokio::test]
async fn photos_pdfs_and_texts_need_no_words() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::photo(640, 480));
    assert!(bot.answer(ANN, 1).await.contains("You sent a photo"));
    bot.telegram.send(ANN, ANN, NewFile::pdf("report.pdf", 3));
    assert!(bot.answer(ANN, 2).await.contains("You sent a PDF \"report.pdf\" (3 pages)."));
    bot.telegram.send(ANN, ANN, note("main.rs"));
    assert!(bot.answer(ANN, 3).await.contains("You sent a text \"main.rs\""));
    let asked = bot.request(3).await;
    assert_eq!(shown(&asked)[1..], ["report.pdf", "main.rs"]);
    let list = listed(&bot, ANN, ANN).await;
    assert_eq!(names(&list)[..2], ["main.rs", "report.pdf"], "newest first");
    assert_eq!((&list[1]["kind"], &list[1]["mime"]), (&json!("document"), &json!("application/pdf")));
    assert_eq!((&list[1]["has_copy"], &list[1]["age_minutes"]), (&json!(true), &json!(0)));
    bot.end().await;
}

#[tokio::test]
async fn an_album_is_one_prompt_in_its_order_however_its_parts_arrive() {
    let bot = Bot::start().await;
    let parts: Vec<String> = (1..=10).map(|number| format!("part {number}.txt")).collect();
    let mut album: Vec<NewFile> = parts.iter().map(|name| note(name)).collect();
    album[0] = album[0].clone().captioned("Compare these.");
    // The first ones are the last to arrive.
    bot.telegram.fail_next("download", 3, Fault::Status(503));
    bot.telegram.send_album(ANN, ANN, None, album);
    bot.answer(ANN, 1).await;
    assert_eq!(shown(&bot.request(1).await), parts);
    assert_eq!(bot.model.requests().len(), 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM turns").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_a_caption_that_names_the_bot_is_about_the_whole_album() {
    let bot = Bot::start().await;
    bot.telegram.send(GROUP, ANN, note("for friends.txt"));
    let album = vec![note("one.txt").captioned("@starling_bot look"), note("two.txt")];
    bot.telegram.send_album(GROUP, ANN, None, album);
    bot.answer(GROUP, 1).await;
    assert_eq!(shown(&bot.request(1).await), ["one.txt", "two.txt"]);
    bot.end().await;
}

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
async fn what_cannot_be_read_is_told_of_with_words_and_explained_without() {
    let bot = Bot::start().await;
    let voice =
        |caption: &str| NewFile::new(Attachment::Voice, "v", "audio/ogg", vec![1; 3_000]).captioned(caption);
    let large = |caption: &str| {
        NewFile::new(Attachment::Document, "large.pdf", "application/pdf", vec![1; 21 << 20])
            .captioned(caption)
    };
    let video = NewFile::new(Attachment::Video, "v.mp4", "video/mp4", vec![1; 300]);
    for (file, told) in [(video, "I cannot read this"), (large(""), "at most")] {
        let before = bot.answers(ANN).len();
        bot.telegram.send(ANN, ANN, file);
        let answer = bot.answer(ANN, before + 1).await;
        assert!(answer.contains(told) || answer.contains("20 MB"), "{answer}");
    }
    assert_eq!(
        bot.database.count("SELECT count(*) FROM turns").await,
        0,
        "nothing is asked and nothing charged"
    );
    for (file, line) in
        [(voice("Listen!"), "[voice \"voice_"), (large("And this."), "[document \"large.pdf\"")]
    {
        let before = bot.answers(ANN).len();
        bot.telegram.send(ANN, ANN, file);
        bot.answer(ANN, before + 1).await;
        let asked = conversation(bot.model.requests().last().unwrap());
        assert!(asked.last().unwrap().contains(line), "{asked:?}");
    }
    assert_eq!(bot.telegram.view(|view| view.downloads().len()), 0);
    assert_eq!((bot.database.count(STORED).await, bot.database.count(COPIED).await), (2, 0));
    let list = listed(&bot, ANN, ANN).await;
    assert_eq!((list[0]["has_copy"].clone(), list.as_array().unwrap().len()), (json!(false), 2));
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

#[tokio::test]
async fn messages_of_the_same_number_in_different_chats_show_everybody_the_own_file_only() {
    let bot = Bot::start().await;
    bot.telegram.add_group(OTHERS, "Others", false, &[BOB]);
    // A private chat and two supergroups start at the same message id.
    let places = [(ANN, ANN, "private.txt"), (GROUP, ANN, "friends.txt"), (OTHERS, BOB, "others.txt")];
    let numbers = places.map(|(chat, from, name)| {
        bot.telegram.send(chat, from, note(name).captioned("@starling_bot read this")).message_id
    });
    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    for (chat, _, _) in places {
        bot.answer(chat, 1).await;
    }
    // Another person in the same group has a conversation of their own there.
    bot.ask_in(GROUP, BOB, "@starling_bot what do you know of me?").await;
    for (chat, from, name) in places {
        assert_eq!(names(&listed(&bot, chat, from).await), [name]);
        assert_eq!(shown(bot.model.requests().last().unwrap()), [name]);
    }
    assert_eq!(listed(&bot, GROUP, BOB).await, json!([]));
    assert_eq!(shown(bot.model.requests().last().unwrap()), [""; 0]);
    bot.end().await;
}

#[tokio::test]
async fn a_changed_caption_is_read_from_then_on() {
    let bot = Bot::start().await;
    let said = bot.telegram.send(ANN, ANN, note("a.txt").captioned("one"));
    bot.answer(ANN, 1).await;
    bot.telegram.edit(ANN, said.message_id, "two").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'two'", 1).await;
    bot.ask("and now?").await;
    let asked = bot.request(2).await;
    assert!(conversation(&asked)[0].contains("two"), "{:?}", conversation(&asked));
    assert_eq!(shown(&asked), ["a.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_file_goes_with_its_message() {
    let mut bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("an old one"));
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    sqlx::query("UPDATE messages SET created_at = created_at - make_interval(days => 91)")
        .execute(bot.books())
        .await
        .unwrap();
    bot.telegram.send(ANN, ANN, note("new.txt").captioned("a new one"));
    bot.answer(ANN, 2).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    // The janitor works at start.
    bot.database.until(STORED, 1).await;
    assert_eq!(names(&listed(&bot, ANN, ANN).await), ["new.txt"]);
    bot.end().await;
}

/// The provider forgets a copy at any moment, or it has expired: the next request shows a new one, and nobody
/// notices.
#[tokio::test]
async fn a_copy_that_the_provider_has_forgotten_is_made_again() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    let copy = bot.model.files()[0].id.clone();
    assert!(bot.model.forget_file(&copy));
    bot.ask("and now?").await;
    let asked = bot.model.requests().last().unwrap().clone();
    assert_eq!(shown(&asked), ["a.txt"], "the request after the failed one shows it again");
    let renewed = bot.model.files()[0].id.clone();
    assert_ne!(renewed, copy);
    bot.log("a copy that the provider did not have was made again").await;
    let before = bot.model.requests().len();
    bot.ask("and again?").await;
    assert_eq!(bot.model.requests().len(), before + 1, "the new copy is known");
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    // At once, not when the queue is read the next time, which it is every minute.
    let soon = Duration::from_secs(30);
    bot.database.until_within(soon, "SELECT count(*) FROM copy_deletions", 0).await;
    assert_eq!(bot.model.files()[0].id, renewed, "only the old copy was deleted");
    bot.end().await;
}

/// Between the rounds of a tool loop.
#[tokio::test]
async fn a_copy_that_vanishes_between_two_rounds_is_made_again() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Gate(gate),
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.ann("list them");
    bot.request(2).await;
    assert!(bot.model.forget_file(&bot.model.files()[0].id));
    keeper.open();
    let answer = bot.answer(ANN, 2).await;
    assert!(!answer.contains("went wrong"), "{answer}");
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_cleared_conversation_forgets_its_files() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read"));
    hold.waiting().await;
    bot.ann("/clear");
    bot.telegram.send(ANN, ANN, note("new.txt").captioned("read this"));
    // A message that arrives after the answer has started would stop it.
    bot.database.until("SELECT count(*) FROM inbox", 3).await;
    hold.release();
    bot.answer(ANN, 3).await;
    let asked = bot.request(2).await;
    assert_eq!(
        (shown(&bot.request(1).await), shown(&asked)),
        (vec!["old.txt".into()], vec!["new.txt".into()])
    );
    assert_eq!(conversation(&asked), ["user: read this"]);
    assert_eq!(names(&listed(&bot, ANN, ANN).await), ["new.txt"]);
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_is_lost_with_the_file_at_telegram_becomes_a_line_for_good() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    sqlx::query("UPDATE files SET telegram_id = 'of_yesterday'").execute(bot.books()).await.unwrap();
    let copy = bot.model.files()[0].id.clone();
    assert!(bot.model.forget_file(&copy));
    bot.ask("and now?").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    assert_eq!(bot.database.count(COPIED).await, 0);
    let before = bot.model.requests().len();
    bot.ask("and again?").await;
    assert_eq!(bot.model.requests().len(), before + 1, "the lost copy is not shown again");
    assert_eq!(shown(bot.model.requests().last().unwrap()), [""; 0]);
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_was_lost_is_forgotten_in_its_own_conversation_only() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("read"));
    bot.telegram.send(BOB, BOB, note("b.txt").captioned("read"));
    bot.answer(ANN, 1).await;
    bot.answer(BOB, 1).await;
    let db = Db::open(&bot.database.url().into(), 2, Metrics::new().unwrap()).unwrap();
    let copies: Vec<String> = bot.model.files().into_iter().map(|file| file.id).collect();
    let thread: i64 = sqlx::query_scalar("SELECT id FROM threads WHERE user_id = $1")
        .bind(ANN)
        .fetch_one(bot.books())
        .await
        .unwrap();
    for _again in 0..2 {
        files::lost(&db, ThreadId(thread), &copies).await.unwrap();
    }
    db.close().await;
    assert_eq!(listed(&bot, ANN, ANN).await[0]["has_copy"], json!(false));
    assert_eq!(listed(&bot, BOB, BOB).await[0]["has_copy"], json!(true));
    bot.end().await;
}

#[tokio::test]
async fn a_cached_history_shows_the_same_files_byte_for_byte() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", &*redis.url())]).await;
    let album = vec![note("a.txt").captioned("Read these."), note("b.txt")];
    bot.telegram.send_album(ANN, ANN, None, album);
    bot.answer(ANN, 1).await;
    bot.log("turn 1 complete").await;
    bot.telegram.send(ANN, ANN, NewFile::photo(640, 480));
    bot.answer(ANN, 2).await;
    bot.log("turn 2 complete").await;
    bot.ask("from the cache").await;
    bot.log("turn 3 complete").await;
    assert!(bot.metric("bot_redis_cache_hits_total{cache_type=\"messages\"}").await >= 2);
    assert_eq!(bot.metric("bot_redis_cache_stale_total").await, 0);
    redis.ask::<()>(&["FLUSHALL"]).await;
    bot.ask("from PostgreSQL").await;
    let (cached, read) = (messages(&bot.request(3).await), messages(&bot.request(4).await));
    assert_eq!(read[..cached.len()], cached);
    assert_eq!(shown(&bot.request(4).await).len(), 3);
    bot.end().await;
}

/// Returns the messages of a request as sent, without the cache markers of the provider, which move.
fn messages(request: &Recorded) -> Vec<String> {
    let unmarked = |message: &Value| {
        let mut message = message.clone();
        for block in message["content"].as_array_mut().unwrap() {
            block.as_object_mut().unwrap().remove("cache_control");
        }
        message.to_string()
    };
    request.body["messages"].as_array().unwrap().iter().map(unmarked).collect()
}

/// What nobody can ask about any more is deleted at the provider as well, also if the first attempt fails,
/// and what another message of the conversation still refers to stays.
#[tokio::test]
async fn copies_go_with_the_conversation_that_is_cleared() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read this"));
    bot.answer(ANN, 1).await;
    bot.telegram.send(BOB, BOB, note("bobs.txt").captioned("and this"));
    bot.answer(BOB, 1).await;
    bot.database.until(COPIED, 2).await;
    bot.ask("/clear").await;
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    bot.database.until(COPIED, 1).await;
    let left = bot.model.files();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(left[0].name, "bobs.txt");
    // So do those of messages that are too old to be kept.
    let age = "UPDATE messages SET created_at = created_at - interval '100 days'";
    sqlx::query(age).execute(bot.books()).await.unwrap();
    let mut bot = bot;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.database.until("SELECT count(*) FROM files", 0).await;
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    assert!(bot.model.files().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_copy_that_the_provider_does_not_delete_stays_queued() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read this"));
    bot.answer(ANN, 1).await;
    bot.database.until(COPIED, 1).await;
    bot.model.fail_files(
        Endpoint::DeleteFile,
        1,
        FileFault::Error(ApiError::new(403, "permission_error", "not now")),
    );
    bot.ask("/clear").await;
    bot.log("the provider did not delete a copy, trying again later").await;
    assert_eq!(bot.database.count("SELECT count(*) FROM copy_deletions WHERE attempts = 1").await, 1);
    assert_eq!(bot.model.files().len(), 1);
    // The next run takes it up when its pause is over.
    let due = "UPDATE copy_deletions SET due_at = now()";
    sqlx::query(due).execute(bot.books()).await.unwrap();
    let mut bot = bot;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    assert!(bot.model.files().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_copy_whose_deletion_a_crash_has_cut_is_gone_once() {
    let mut bot = Bot::with([("KILL_AT", "copies: deleted at the provider")]).await;
    bot.telegram.send(ANN, ANN, note("old.txt").captioned("read this"));
    bot.answer(ANN, 1).await;
    bot.database.until(COPIED, 1).await;
    bot.ann("/clear");
    tokio::time::timeout(BOUND, bot.died()).await.unwrap();
    assert!(bot.model.files().is_empty());
    sqlx::query("UPDATE copy_deletions SET due_at = now()").execute(bot.books()).await.unwrap();
    bot.set("KILL_AT", "");
    bot.run().await;
    // That the provider does not know it any more is what was wanted.
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    bot.end().await;
}
