//! Each kind of message with a file, from its arrival to the request that the model gets and to the answer;
//! what is sent together; what files are called. Voice messages and video notes have tests of their own,
//! `voice`.

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{Attachment, MediaMessage, NewFile, kinds};
use serde_json::{Value, json};

use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

const ALL_ANSWERED: &str = "SELECT count(*) FROM turns WHERE state = 'open'";

fn document(name: &str, mime: &str, bytes: impl Into<Vec<u8>>) -> NewFile {
    NewFile::new(Attachment::Document, name, mime, bytes.into())
}

/// Returns the contents of a request's newest message in order: `<image>` or `<document>` for a file, or a
/// text.
fn contents(request: &Recorded) -> Vec<String> {
    let message = request.body["messages"].as_array().unwrap().last().unwrap();
    let content = |block: &Value| match block["text"].as_str() {
        Some(text) => text.to_owned(),
        None => format!("<{}>", block["type"].as_str().unwrap()),
    };
    message["content"].as_array().unwrap().iter().map(content).collect()
}

/// Lets the model call a tool at the next question; returns the result that it reads.
async fn result(bot: &Bot, chat: i64, from: i64, tool: &str, input: Value) -> Value {
    let call = Step::ToolUse { name: tool.to_owned(), input };
    bot.model.script(Reply::steps(vec![call, Step::Stop(StopReason::ToolUse)]));
    bot.model.script(Reply::steps(vec![Step::Text("Done.".to_owned())]));
    let before = bot.model.requests().len();
    bot.ask_in(chat, from, "@starling_bot use it").await;
    let request = bot.request(before + 2).await;
    // The next question must not cut an answer that a group already shows whole.
    bot.database.until(ALL_ANSWERED, 0).await;
    let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let blocks = blocks.as_array().unwrap();
    let result = &blocks.iter().find(|block| block["type"] == "tool_result").unwrap()["content"];
    serde_json::from_str(result.as_str().or(result[0]["text"].as_str()).unwrap()).unwrap()
}

async fn sent_back(bot: &Bot, count: usize) -> MediaMessage {
    let files = bot.telegram.until("a file that is sent back", BOUND, |view| {
        let files: Vec<MediaMessage> = view.sent_media(ANN).collect();
        files.get(count - 1).cloned()
    });
    files.await.unwrap()
}

#[tokio::test]
async fn every_kind_of_file_reaches_the_model_beside_its_words() {
    let (image, paper) = ("<image>", "<document>");
    let gif = |caption: &str| NewFile::animation("cat.mp4").captioned(caption);
    for (file, form, answer) in [
        (NewFile::photo(640, 480), image, "You sent a photo"),
        (document("scan.png", "image/png", samples::png(64, 48)), image, "You sent a photo"),
        (NewFile::pdf("report.pdf", 2), paper, "You sent a PDF \"report.pdf\" (2 pages)"),
        (NewFile::text("notes.txt", "Some notes."), paper, "You sent a text \"notes.txt\""),
        (document("data.json", "application/json", r#"{"a": 1}"#), paper, "You sent a text \"data.json\""),
        (
            document("main.rs", "application/octet-stream", "fn main() {}"),
            paper,
            "You sent a text \"main.rs\"",
        ),
        (document("page.html", "text/html", "<p>Hello</p>"), paper, "You sent a text \"page.html\""),
        (
            document("lines.srt", "application/x-subrip", "1\n00:00:01,000 --> 00:00:02,000\nHi\n"),
            paper,
            "You sent",
        ),
        (document("table.csv", "text/csv", "a,b\n1,2\n"), paper, "You sent a text \"table.csv\""),
        (document("tool.exe", "application/x-msdownload", [77, 90]), "[document \"tool.exe\"", "tool.exe"),
        (NewFile::audio("song.mp3", 5), "[audio \"song.mp3\" (audio/mpeg, ", "song.mp3"),
        (NewFile::video("film.mp4", 5), "[video \"film.mp4\" (video/mp4, ", "film.mp4"),
        (gif(""), "[animation \"cat.mp4\" (video/mp4, ", "cat.mp4"),
    ] {
        let name = file.name.clone();
        let bot = Bot::start().await;
        bot.telegram.send(ANN, ANN, file.captioned("Look!"));
        let answered = bot.answer(ANN, 1).await;
        assert!(answered.contains(answer) && answered.contains("Look!"), "{name}: {answered}");
        let asked = contents(&bot.request(1).await);
        assert!(asked[0].starts_with(form), "{name}: {asked:?}");
        assert_eq!(asked[1..], ["Look!"], "{name}");
        // It stands in the next prompt in the same form.
        bot.ask("And now?").await;
        let later = bot.request(2).await.body["messages"][0]["content"].clone();
        let blocks = later.as_array().unwrap();
        assert_eq!(blocks.len(), 2, "{name}: {later}");
        bot.end().await;
    }
}

#[tokio::test]
async fn an_album_of_ten_keeps_its_order_and_every_caption_stands_below_its_photo() {
    let bot = Bot::start().await;
    let captions: Vec<String> = (1..=10).map(|number| format!("caption {number}")).collect();
    // The fourth and the last one have none.
    let captioned = |(at, caption): (usize, &String)| {
        let photo = NewFile::photo(64, 64);
        if [3, 9].contains(&at) { photo } else { photo.captioned(caption) }
    };
    bot.telegram.send_album(ANN, ANN, None, captions.iter().enumerate().map(captioned).collect());
    bot.answer(ANN, 1).await;
    let asked = contents(&bot.request(1).await);
    let mut expected = Vec::new();
    for (at, caption) in captions.iter().enumerate() {
        expected.push("<image>".to_owned());
        if ![3, 9].contains(&at) {
            expected.push(caption.clone());
        }
    }
    assert_eq!(asked, expected);
    // The copies are those of the album, in its order.
    let numbers: Vec<i32> =
        sqlx::query_scalar("SELECT message_id FROM files ORDER BY id").fetch_all(bot.books()).await.unwrap();
    assert!(numbers.is_sorted() && numbers.len() == 10, "{numbers:?}");
    assert_eq!((bot.model.requests().len(), bot.database.count("SELECT count(*) FROM turns").await), (1, 1));
    bot.end().await;
}

#[tokio::test]
async fn a_photo_and_a_text_that_are_forwarded_together_are_one_prompt() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    bot.telegram.send(ANN, ANN, NewFile::photo(64, 64).in_message(kinds::forwarded_from(7, "Carl")));
    hold.waiting().await;
    let mut words = kinds::forwarded_from(7, "Carl");
    words["text"] = json!("My new car!");
    bot.telegram.say_with(ANN, ANN, None, words);
    bot.telegram.say(ANN, ANN, "What does it cost?");
    bot.database.until("SELECT count(*) FROM inbox", 3).await;
    hold.release();
    bot.answer(ANN, 1).await;
    let asked = contents(&bot.request(1).await);
    let forwarded = "**Ann**:\n\nForwarded from Carl:";
    let expected = [
        "<image>".to_owned(),
        forwarded.to_owned(),
        format!("{forwarded}\n\nMy new car!"),
        "What does it cost?".to_owned(),
    ];
    assert_eq!(asked, expected);
    assert_eq!((bot.model.requests().len(), bot.answers(ANN).len()), (1, 1));
    bot.end().await;
}

/// What the model reads, what `list_files` says and what comes back.
#[tokio::test]
async fn whatever_a_document_is_called_it_has_a_name_without_a_path() {
    let bot = Bot::start().await;
    let long = format!("{}.txt", "x".repeat(296));
    for (number, (sent, known)) in [
        ("отчёт за год.txt", "отчёт за год.txt".to_owned()),
        (&*long, long[100..].to_owned()),
        ("../../etc/passwd.txt", "passwd.txt".to_owned()),
        ("C:\\x\\y.txt", "y.txt".to_owned()),
        ("..", "document_".to_owned()),
        ("", "document_".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let content = format!("Content {number}.");
        let before = bot.answers(ANN).len();
        bot.telegram.send(ANN, ANN, document(sent, "text/plain", content.clone()).captioned("Keep it."));
        bot.answer(ANN, before + 1).await;
        bot.database.until(ALL_ANSWERED, 0).await;
        let shown = bot.model.requests().last().unwrap().files().last().unwrap().clone();
        assert!(shown.name.starts_with(&known), "{sent}: the model reads {}", shown.name);
        let list = result(&bot, ANN, ANN, "list_files", json!({})).await;
        let (name, id) = (list["files"][0]["name"].as_str().unwrap(), list["files"][0]["file_id"].clone());
        assert_eq!(name, shown.name, "{sent}");
        result(&bot, ANN, ANN, "deliver_file", json!({"file_id": id})).await;
        let back = sent_back(&bot, number + 1).await;
        assert_eq!((back.kind, &*back.bytes), (Attachment::Document, &content.into_bytes()), "{sent}");
    }
    for request in bot.model.requests() {
        let prompt = request.body["messages"].to_string();
        assert!(!prompt.contains("etc/") && !prompt.contains("C:"), "{prompt}");
    }
    bot.end().await;
}

/// Bob's files have the same message numbers as Ann's, in another chat and in the same group.
#[tokio::test]
async fn who_names_the_file_of_somebody_else_finds_and_learns_nothing() {
    let bot = Bot::start().await;
    let secret = |name: &str| NewFile::text(name, "The treasure is below the oak.");
    bot.telegram.send(BOB, BOB, secret("map of bob.txt").captioned("Keep this."));
    bot.telegram.send(GROUP, BOB, secret("bob in the group.txt").captioned("@starling_bot keep this"));
    bot.answer(BOB, 1).await;
    bot.answer(GROUP, 1).await;
    let of_bob = bot.model.requests().len();
    let ids: Vec<String> =
        files_of(&bot, BOB, BOB).await.into_iter().chain(files_of(&bot, GROUP, BOB).await).collect();
    assert_eq!(ids.len(), 2);
    let copies: Vec<String> = bot.model.files().into_iter().map(|file| file.id).collect();
    let telegrams: Vec<String> =
        sqlx::query_scalar("SELECT telegram_id FROM files").fetch_all(bot.books()).await.unwrap();
    let from = bot.model.requests().len();
    assert!(from > of_bob);
    for chat in [ANN, GROUP] {
        let before = bot.answers(chat).len();
        bot.telegram.send(chat, ANN, NewFile::text("mine.txt", "Mine.").captioned("@starling_bot keep this"));
        bot.answer(chat, before + 1).await;
        bot.database.until(ALL_ANSWERED, 0).await;
        bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
        let own = files_of(&bot, chat, ANN).await;
        assert!(own.len() == 1 && !ids.contains(&own[0]), "{own:?}");
    }
    for request in &bot.model.requests()[from..] {
        let request = request.body.to_string();
        assert!(ids.iter().all(|id| !request.contains(id)), "{request}");
    }
    for chat in [ANN, GROUP] {
        for id in ids.iter().chain(&copies[..1]).chain(&telegrams[..1]) {
            for tool in ["preview_file", "deliver_file"] {
                let told = result(&bot, chat, ANN, tool, json!({"file_id": id})).await;
                assert_eq!(told["error"], "not_found", "{tool}: {told}");
            }
        }
    }
    for request in &bot.model.requests()[from..] {
        let shown: Vec<&str> = request.files().iter().map(|file| file.name.as_str()).collect();
        assert!(shown.iter().all(|name| *name == "mine.txt"), "{shown:?}");
        let request = request.body.to_string();
        for word in ["map of bob", "bob in the group", "treasure"] {
            assert!(!request.contains(word), "{request}");
        }
    }
    assert_eq!(bot.telegram.sent_media(ANN).len() + bot.telegram.sent_media(GROUP).len(), 0);
    bot.end().await;
}

/// Returns the ids of the files that a person's conversation lists.
async fn files_of(bot: &Bot, chat: i64, from: i64) -> Vec<String> {
    let list = result(bot, chat, from, "list_files", json!({})).await;
    let files = list["files"].as_array().unwrap();
    files.iter().map(|file| file["file_id"].as_str().unwrap().to_owned()).collect()
}
