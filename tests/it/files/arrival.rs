//! Files in prompts: with and without words, in albums and groups, changed, deleted, and from the cache.

use playground::anthropic::Recorded;
use playground::telegram::{Attachment, Fault, NewFile};
use serde_json::{Value, json};

use super::{COPIED, STORED, listed, names, note, shown};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

/// A group without topics, with Bob only.
const OTHERS: i64 = -1_000_043;

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
