//! Where a file stands: after the answer, between its parts, in albums, with its caption.

use playground::anthropic::{Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{Attachment, NewFile};
use serde_json::json;
use starling::domain::file_id::PublicFileId;

use super::{CONTENTS, SENT, arrived, course, delivers, made, result, with_picture};
use crate::harness::{ANN, Bot, GROUP, conversation};

#[tokio::test]
async fn a_picture_that_a_tool_has_made_follows_the_answer() {
    let (bot, id) = with_picture().await;
    delivers(&bot, "", json!({"file_id": id, "caption": "The **chart** of the year"}));
    bot.ann("Send me the chart.");
    let files = arrived(&bot, ANN, 1).await;
    assert_eq!(course(&bot, ANN), ["Here you are.", "<Photo> The chart of the year"]);
    assert_eq!(files[0].bytes[..], samples::png(640, 480)[..]);
    assert_eq!((files[0].entities[0]["type"].as_str(), files[0].entities.len()), (Some("bold"), 1));
    let told = result(&bot, 3).await;
    assert_eq!(told["status"], "will_be_sent_after_the_answer");
    assert_eq!(told["files"][0], json!({"file_id": id, "name": "chart.png", "kind": "photo"}));
    bot.database.until(SENT, 1).await;
    assert_eq!(bot.database.count(CONTENTS).await, 0, "Telegram has it");
    // The next prompt tells what has really arrived.
    bot.ask("thanks").await;
    let prompt = conversation(&bot.request(4).await).join("\n");
    let line = format!("[files of the answer above: \"chart.png\" ({id}): the person has got it]");
    assert!(prompt.contains(&line), "{prompt}");
    // It can be sent again, without an upload.
    delivers(&bot, "", json!({"file_id": id, "kind": "document"}));
    bot.ann("Once more.");
    let files = arrived(&bot, ANN, 2).await;
    assert_eq!((files[1].kind, &files[1].file_id), (Attachment::Photo, &files[0].file_id));
    bot.end().await;
}

#[tokio::test]
async fn people_get_their_own_files_back() {
    let bot = Bot::start().await;
    bot.telegram.send(ANN, ANN, NewFile::text("notes.txt", "My notes.").captioned("Keep this."));
    bot.answer(ANN, 1).await;
    let id: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap();
    let id = PublicFileId::from_column(&id).unwrap().to_string();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "list_files".to_owned(), input: json!({}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    delivers(&bot, "", json!({"file_ids": [id]}));
    bot.ann("Send me my notes.");
    let files = arrived(&bot, ANN, 1).await;
    assert_eq!((files[0].kind, files[0].file_name.as_str()), (Attachment::Document, "notes.txt"));
    let listed = result(&bot, 3).await;
    assert_eq!((&listed["files"][0]["file_id"], &listed["made_files"]), (&json!(id), &json!([])));
    bot.end().await;
}

#[tokio::test]
async fn twelve_pictures_are_two_albums_with_one_caption() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let mut ids = Vec::new();
    for number in 1..=12 {
        let picture = samples::png(100 + number, 100);
        ids.push(made(&bot, &format!("{number}.png"), "image/png", &picture).await);
    }
    delivers(&bot, "", json!({"file_ids": ids, "caption": "All of them"}));
    bot.ann("Send me all.");
    let files = arrived(&bot, ANN, 12).await;
    let albums: Vec<&String> = files.iter().map(|file| file.album.as_ref().unwrap()).collect();
    assert!(albums[..10].iter().all(|album| *album == albums[0]));
    assert!(albums[10..].iter().all(|album| *album == albums[10] && *album != albums[0]));
    let captions: Vec<&str> =
        files.iter().map(|file| file.caption.as_str()).filter(|c| !c.is_empty()).collect();
    assert_eq!((captions, &files[0].caption), (vec!["All of them"], &"All of them".to_owned()));
    assert!(
        files.iter().zip(1..).all(|(file, number)| file.bytes[..] == samples::png(100 + number, 100)[..])
    );
    bot.database.until(SENT, 2).await;
    bot.end().await;
}

#[tokio::test]
async fn a_sequential_file_stands_between_the_text_before_and_after_it() {
    let (bot, id) = with_picture().await;
    delivers(&bot, "Look at this first.", json!({"file_id": id, "sequential": true}));
    bot.ann("Explain the chart.");
    arrived(&bot, ANN, 1).await;
    bot.answer(ANN, 3).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(course(&bot, ANN), ["Look at this first.", "<Photo>", "Here you are."]);
    let told = result(&bot, 3).await;
    assert_eq!((&told["status"], &told["files"][0]["status"]), (&json!("sent"), &json!("sent")));
    bot.ask("thanks").await;
    let prompt = conversation(&bot.request(4).await).join("\n");
    // The call and its result stand between the two texts.
    assert!(prompt.contains("assistant: Look at this first.\nuser: \nassistant: Here you are."), "{prompt}");
    assert!(prompt.contains("the person has got it"), "{prompt}");
    bot.end().await;
}

#[tokio::test]
async fn a_sequential_file_stands_in_its_place_in_a_group_too() {
    let bot = Bot::start().await;
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    let id = made(&bot, "chart.png", "image/png", &samples::png(640, 480)).await;
    delivers(&bot, "Look at this first.", json!({"file_id": id, "sequential": true}));
    bot.telegram.say(GROUP, ANN, "@starling_bot explain the chart");
    arrived(&bot, GROUP, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(course(&bot, GROUP), ["Look at this first.", "<Photo>", "Here you are."]);
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_nothing_stands_above_a_file_that_comes_first() {
    let bot = Bot::start().await;
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    let id = made(&bot, "chart.png", "image/png", &samples::png(640, 480)).await;
    let hold = bot.telegram.hold("sendPhoto");
    delivers(&bot, "", json!({"file_id": id, "sequential": true}));
    bot.telegram.say(GROUP, ANN, "@starling_bot the chart, please");
    hold.waiting().await;
    hold.release();
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(course(&bot, GROUP), ["<Photo>", "Here you are."]);
    let files = bot.telegram.sent_media(GROUP);
    assert!(files[0].reply_to.is_some(), "what comes first answers the question");
    bot.end().await;
}

#[tokio::test]
async fn a_long_caption_follows_its_file_as_a_message() {
    let (bot, id) = with_picture().await;
    let caption = "word ".repeat(300).trim_end().to_owned();
    delivers(&bot, "", json!({"file_id": id, "caption": caption}));
    bot.ann("Send me the chart.");
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'sent'", 4).await;
    assert_eq!(course(&bot, ANN), ["Here you are.".to_owned(), "<Photo>".to_owned(), caption]);
    bot.end().await;
}
