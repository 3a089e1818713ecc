//! The file of a message that is replied to: fetched once, shown or told of.

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::telegram::{Fault, NewFile};
use serde_json::{Value, json};

use super::{ann_sends, assert_grows, messages, newest, note, reply, shown};
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, Bot, GROUP};

const LABEL: &str = "[the file of the message that is replied to:]";
const COPIED: &str = "SELECT count(*) FROM files WHERE provider_id IS NOT NULL";

fn downloads(bot: &Bot) -> usize {
    bot.telegram.view(|view| view.downloads().len())
}

#[tokio::test]
async fn a_photo_of_somebody_else_in_a_group_is_shown_to_whom_it_is_asked_about() {
    let bot = Bot::start().await;
    let photo = bot.telegram.send(GROUP, BOB, NewFile::photo(640, 480).captioned("My cat"));
    reply(&bot, GROUP, ANN, photo.message_id, "@starling_bot what is in this picture?").await;
    let asked = bot.request(1).await;
    assert_eq!(asked.files()[0].block, "image");
    assert!(newest(&bot).contains(LABEL), "{}", newest(&bot));
    assert!(newest(&bot).contains("> My cat\n\n@starling_bot what is"), "{}", newest(&bot));
    // Another reply, to a message with a file of its own: what the prompt has is neither fetched nor shown
    // again.
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    reply(&bot, GROUP, ANN, photo.message_id, "@starling_bot and what else?").await;
    assert_eq!((downloads(&bot), bot.request(2).await.files().len()), (1, 1));
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let before = bot.answers(GROUP).len();
    let own = note("own.txt").captioned("@starling_bot does this describe it?");
    bot.telegram.reply_with(GROUP, ANN, photo.message_id, own);
    bot.answer(GROUP, before + 1).await;
    assert_eq!(shown(&bot.request(3).await)[1..], ["own.txt"]);
    assert_grows(&bot.model.requests());
    let rows: Vec<(bool, bool)> = sqlx::query_as("SELECT replied, fetched FROM files ORDER BY id")
        .fetch_all(bot.books())
        .await
        .unwrap();
    assert_eq!(rows, [(true, true), (false, true)]);
    // Bob's conversation contains nothing of it.
    bot.ask_in(GROUP, BOB, "@starling_bot hello").await;
    assert_eq!(shown(bot.model.requests().last().unwrap()), [""; 0]);
    bot.end().await;
}

#[tokio::test]
async fn an_album_that_replies_brings_what_it_is_about_once() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let long = format!("{}THE END", "What the channel says. ".repeat(20));
    let theirs = json!({"message_id": 8_000, "date": 1, "caption": long,
        "photo": [{"file_id": "gone", "file_unique_id": "theirs", "width": 9, "height": 9}],
        "from": {"id": BOB, "is_bot": false, "first_name": "Bob"}, "chat": {"id": ANN, "type": "private", "first_name": "Ann"}});
    let before = bot.answers(ANN).len();
    for number in 1..=3 {
        let mut part = json!({"message_id": 9_000 + number, "date": 1, "media_group_id": "1", "reply_to_message": theirs,
            "photo": [{"file_id": "gone", "file_unique_id": format!("own{number}"), "width": 9, "height": 9}],
            "from": {"id": ANN, "is_bot": false, "first_name": "Ann", "language_code": "en"},
            "chat": {"id": ANN, "type": "private", "first_name": "Ann"}});
        if number == 1 {
            part["caption"] = json!("Compare these with that one.");
        }
        bot.telegram.push_update(json!({"message": part}));
    }
    bot.answer(ANN, before + 1).await;
    let asked = newest(&bot);
    assert_eq!((asked.matches("THE END").count(), asked.matches(LABEL).count()), (1, 1), "{asked}");
    let tried = bot.telegram.calls().iter().filter(|call| call.method == "getFile").count();
    assert_eq!(tried, 4);
    bot.end().await;
}

#[tokio::test]
async fn a_message_may_bring_two_files() {
    let bot = Bot::start().await;
    let theirs = bot.telegram.send(GROUP, BOB, note("theirs.txt"));
    let own = note("own.txt").captioned("@starling_bot compare");
    bot.telegram.reply_with(GROUP, ANN, theirs.message_id, own);
    bot.answer(GROUP, 1).await;
    assert_eq!(shown(&bot.request(1).await), ["theirs.txt", "own.txt"]);
    bot.ask_in(GROUP, ANN, "@starling_bot and?").await;
    assert_grows(&bot.model.requests());
    assert_eq!(bot.database.count(COPIED).await, 2);
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.telegram.say(GROUP, ANN, "@starling_bot what have I sent?");
    bot.request(4).await;
    bot.request_end(4).await;
    let results = messages(bot.model.requests().last().unwrap()).pop().unwrap()["content"].clone();
    let result = results.as_array().unwrap().iter().find(|block| block["type"] == "tool_result").unwrap();
    let text = result["content"].as_str().or(result["content"][0]["text"].as_str()).unwrap();
    let listed = serde_json::from_str::<Value>(text).unwrap()["files"].clone();
    let told = |file: &Value| (file["name"].clone(), file["replied_to"].clone(), file["not_fetched"].clone());
    let told: Vec<_> = listed.as_array().unwrap().iter().map(told).collect();
    assert_eq!(
        told,
        [(json!("own.txt"), json!(false), json!(false)), (json!("theirs.txt"), json!(true), json!(false))]
    );
    bot.end().await;
}

#[tokio::test]
async fn ones_own_file_is_not_fetched_again_because_of_a_reply() {
    let redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", redis.url().as_str())]).await;
    let hold = bot.telegram.hold("download");
    let photo = bot.telegram.send(ANN, ANN, note("a.txt").captioned("What is this?"));
    hold.waiting().await;
    // Within the same batch.
    bot.telegram.reply(ANN, ANN, photo.message_id, "I mean this one.");
    bot.database.until("SELECT count(*) FROM inbox", 2).await;
    hold.release();
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    reply(&bot, ANN, ANN, photo.message_id, "And this?").await;
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    assert_eq!((downloads(&bot), bot.database.count("SELECT count(*) FROM files").await), (1, 1));
    // `/clear` has deleted the copy at the provider, so the file is fetched once more if the cache has lost it.
    redis.ask::<()>(&["FLUSHALL"]).await;
    let before = bot.answers(ANN).len();
    bot.ann("/clear");
    bot.answer(ANN, before + 1).await;
    reply(&bot, ANN, ANN, photo.message_id, "What was that?").await;
    assert_eq!(shown(bot.model.requests().last().unwrap()), ["a.txt"]);
    bot.database.until("SELECT count(*) FROM copy_deletions", 0).await;
    assert_eq!((downloads(&bot), bot.model.files().len()), (2, 1));
    assert_eq!(bot.database.count("SELECT count(*) FROM files WHERE replied").await, 1);
    bot.end().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_fetched_is_told_of_to_person_and_model() {
    let bot = Bot::start().await;
    let refused = || Fault::Error { code: 400, description: "Bad Request: wrong file_id".to_owned() };
    let theirs = bot.telegram.send(GROUP, BOB, NewFile::photo(640, 480));
    bot.telegram.fail_next("getFile", 1, refused());
    let answer = reply(&bot, GROUP, ANN, theirs.message_id, "@starling_bot what is this?").await;
    assert!(newest(&bot).contains(LABEL), "{}", newest(&bot));
    assert!(newest(&bot).contains("could not be fetched from Telegram"), "{}", newest(&bot));
    assert!(!answer.is_empty());
    let told = bot.telegram.until("the remark", crate::harness::BOUND, |view| {
        view.answers(GROUP)
            .find(|message| message.text.contains("I could not fetch the file of the message"))
            .cloned()
    });
    told.await.unwrap();
    bot.telegram.open_chat(ANN);
    // The person's own file, for which Telegram reports no size, or an impossible one.
    for (number, size) in [(1, json!({})), (2, json!({"file_size": 0}))] {
        let mut photo =
            json!({"file_id": "gone", "file_unique_id": format!("u{number}"), "width": 9, "height": 9});
        photo.as_object_mut().unwrap().extend(size.as_object().unwrap().clone());
        let answer = ann_sends(&bot, number, &json!({"photo": [photo], "caption": "What is this?"})).await;
        assert!(answer.contains("I could not fetch your file and answered without it"), "{answer}");
        let asked = newest(&bot);
        assert!(asked.contains("(image/jpeg): could not be fetched from Telegram"), "{asked}");
    }
    bot.ask("and now?").await;
    assert!(!bot.answers(ANN).last().unwrap().contains("fetch"), "only once");
    let own: Vec<Recorded> = bot.model.requests().into_iter().skip(1).collect();
    assert_grows(&own);
    assert_eq!(bot.database.count("SELECT count(*) FROM files WHERE fetched = FALSE").await, 3);
    bot.end().await;
}

#[tokio::test]
async fn nothing_is_fetched_of_a_reply_for_whoever_cannot_pay() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0"), ("PRIVILEGED_USERS", "43")]).await;
    assert!(bot.ask("hello").await.contains("/pay"));
    let photo = bot.telegram.send(GROUP, BOB, NewFile::photo(640, 480));
    reply(&bot, GROUP, ANN, photo.message_id, "@starling_bot what is this?").await;
    assert_eq!((downloads(&bot), bot.model.files().len()), (0, 0));
    reply(&bot, GROUP, BOB, photo.message_id, "@starling_bot what is this?").await;
    assert_eq!((downloads(&bot), bot.model.files().len()), (1, 1));
    bot.end().await;
}
