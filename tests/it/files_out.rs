//! Files to people: made by tools or sent back, after the answer or between its parts. Whatever happens to a
//! delivery, nothing vanishes, nothing is sent twice that could be known, and the model is told the truth.

use playground::anthropic::{Gate, Recorded, Reply, Step, StopReason};
use playground::samples;
use playground::telegram::{Attachment, Fault, MediaMessage, NewFile};
use serde_json::{Value, json};
use starling::cache::{Cache, Origin};
use starling::db::{Db, migrate};
use starling::domain::file_id::PublicFileId;
use starling::domain::ids::TurnId;
use starling::services::made_files::{KeepError, MadeFile, MadeFiles};
use starling::telemetry::metrics::Metrics;

use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};

const SENT: &str = "SELECT count(*) FROM outbox WHERE media IS NOT NULL AND state = 'sent'";
const CONTENTS: &str = "SELECT count(*) FROM made_file_contents";
const MIB: u64 = 1024 * 1024;

/// Stores a file as a tool of Ann's newest turn would.
pub(crate) async fn made(bot: &Bot, name: &str, mime: &str, content: &[u8]) -> String {
    keep(bot, name, mime, content).await.unwrap().to_string()
}

async fn keep(bot: &Bot, name: &str, mime: &str, content: &[u8]) -> Result<PublicFileId, KeepError> {
    keep_with(bot, None, name, mime, content).await
}

/// Stores a file; Redis gets a copy of up to 8 MB of them.
async fn keep_with(
    bot: &Bot,
    redis: Option<&Redis>,
    name: &str,
    mime: &str,
    content: &[u8],
) -> Result<PublicFileId, KeepError> {
    let metrics = Metrics::new().unwrap();
    let db = Db::open(&bot.database.url().into(), 3, metrics.clone()).unwrap();
    let cache = match redis {
        None => Cache::disabled(),
        Some(redis) => {
            let migrate::DatabaseIdentity { database, timeline } = migrate::identity(&db).await.unwrap();
            Cache::open(
                &starling::config::Redis::at(redis.url().into()),
                &Origin { database, timeline },
                metrics,
            )
            .unwrap()
        }
    };
    let turn: i64 = sqlx::query_scalar(
        "SELECT max(turns.id) FROM turns JOIN threads ON threads.id = thread_id WHERE user_id = $1",
    )
    .bind(ANN)
    .fetch_one(bot.books())
    .await
    .unwrap();
    let file = MadeFile { turn: TurnId(turn), name, mime, description: "For the test.", content };
    let kept = MadeFiles::new(db.clone(), cache, 200 * MIB, 8 * MIB).keep(&file).await;
    db.close().await;
    kept
}

/// A bot to which Ann has spoken once, with a picture that a tool has made for her.
async fn with_picture() -> (Bot, String) {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "chart.png", "image/png", &samples::png(640, 480)).await;
    (bot, id)
}

/// Lets the model say something, call deliver_file, and end after the result.
fn delivers(bot: &Bot, before: &str, input: Value) {
    let call = Step::ToolUse { name: "deliver_file".to_owned(), input };
    let text = (!before.is_empty()).then(|| Step::Text(before.to_owned()));
    bot.model.script(Reply::steps(text.into_iter().chain([call, Step::Stop(StopReason::ToolUse)]).collect()));
    bot.model.script(Reply::steps(vec![Step::Text("Here you are.".to_owned())]));
}

/// Returns the result of the newest tool call, as the model reads it in its `number`th request.
async fn result(bot: &Bot, number: usize) -> Value {
    let request = bot.request(number).await;
    let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let blocks = blocks.as_array().unwrap();
    let result = &blocks.iter().find(|block| block["type"] == "tool_result").unwrap()["content"];
    serde_json::from_str(result.as_str().or(result[0]["text"].as_str()).unwrap()).unwrap()
}

/// Waits until the bot has sent so many files to a chat.
pub(crate) async fn arrived(bot: &Bot, chat: i64, count: usize) -> Vec<MediaMessage> {
    let what = format!("{count} files in chat {chat}");
    let files = bot.telegram.until(&what, BOUND, |view| {
        let files: Vec<MediaMessage> = view.sent_media(chat).collect();
        (files.len() >= count).then_some(files)
    });
    files.await.unwrap()
}

/// Returns what the bot has said and sent in a chat since its first answer, in order.
pub(crate) fn course(bot: &Bot, chat: i64) -> Vec<String> {
    bot.telegram.view(|view| {
        let files: Vec<MediaMessage> = view.sent_media(chat).collect();
        let own = view.messages(chat).filter(|message| message.from_bot).skip(1);
        let line = |message: &playground::telegram::Message| match files
            .iter()
            .find(|file| file.message_id == message.id)
        {
            Some(file) => format!("<{:?}> {}", file.kind, message.text).trim_end().to_owned(),
            None => message.text.clone(),
        };
        own.map(line).collect()
    })
}

fn calls(bot: &Bot, method: &str) -> usize {
    bot.telegram.view(|view| view.calls().iter().filter(|call| call.method == method).count())
}

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
async fn a_file_that_was_promised_arrives_although_its_answer_was_superseded_and_its_hour_is_over() {
    let (mut bot, id) = with_picture().await;
    let hold = bot.telegram.hold("sendPhoto");
    delivers(&bot, "Look.", json!({"file_id": id, "sequential": true}));
    bot.ann("Explain the chart.");
    hold.waiting().await;
    bot.sql("UPDATE made_files SET expires_at = now() - interval '1 minute'").await;
    bot.ann("Never mind, say hello.");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'interrupted'", 1).await;
    // The janitor works at every start.
    bot.kill().await;
    drop(hold);
    bot.run().await;
    arrived(&bot, ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(course(&bot, ANN).iter().filter(|line| *line == "<Photo>").count(), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_photo_that_telegram_refuses_becomes_a_document() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "strip.png", "image/png", &samples::png(9_000, 10)).await;
    delivers(&bot, "", json!({"file_id": id, "sequential": true}));
    bot.ann("Send me the strip.");
    let files = arrived(&bot, ANN, 1).await;
    assert_eq!((files[0].kind, files[0].file_name.as_str()), (Attachment::Document, "strip.png"));
    assert_eq!((calls(&bot, "sendPhoto"), calls(&bot, "sendDocument")), (1, 1));
    assert_eq!(result(&bot, 3).await["status"], "sent");
    bot.end().await;
}

#[tokio::test]
async fn floods_broken_connections_and_failures_delay_a_file_and_never_double_it() {
    for fault in [
        Fault::Flood { retry_after_s: 1 },
        Fault::Status(502),
        Fault::DropConnection,
        // The file is there, but the answer is lost.
        Fault::DropAfter,
    ] {
        let (bot, id) = with_picture().await;
        bot.telegram.fail_next("sendPhoto", 1, fault.clone());
        delivers(&bot, "", json!({"file_id": id, "caption": "A chart"}));
        bot.ann("Send me the chart.");
        bot.database.until(SENT, 1).await;
        assert_eq!(course(&bot, ANN), ["Here you are.", "<Photo> A chart"], "{fault:?}");
        bot.end().await;
    }
}

#[tokio::test]
async fn a_kill_at_any_moment_of_a_delivery_loses_and_doubles_nothing() {
    for sequential in [false, true] {
        for point in
            ["deliver files: before the call", "deliver files: after the call", "deliver files: written down"]
        {
            let mut bot = Bot::with([("KILL_AT", point)]).await;
            bot.ask("hello").await;
            let id = made(&bot, "chart.png", "image/png", &samples::png(640, 480)).await;
            delivers(
                &bot,
                "First this.",
                json!({"file_id": id, "caption": "A chart", "sequential": sequential}),
            );
            bot.ann("Send me the chart.");
            tokio::time::timeout(BOUND, bot.died()).await.expect("the bot dies");
            bot.set("KILL_AT", "");
            bot.run().await;
            bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
            bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
            let course = course(&bot, ANN);
            let what = format!("{point}, sequential {sequential}: {course:#?}");
            assert_eq!(course.iter().filter(|line| *line == "<Photo> A chart").count(), 1, "{what}");
            assert_eq!(course.iter().filter(|line| line.contains("First this.")).count(), 1, "{what}");
            assert_eq!(bot.database.count(SENT).await, 1, "{what}");
            bot.end().await;
        }
    }
}

#[tokio::test]
async fn redis_has_copies_up_to_a_limit_and_postgresql_has_every_content() {
    let mut redis = Redis::start().await;
    let bot = Bot::with([("REDIS_URL", &*redis.url())]).await;
    bot.ask("hello").await;
    let store = async |name: &str, size: usize| {
        let id = keep_with(&bot, Some(&redis), name, "", &vec![1; size]).await.unwrap();
        id.to_string()
    };
    let small = store("small.bin", 1024 * 1024).await;
    let large = store("large.bin", 8 * 1024 * 1024).await;
    assert_eq!(redis.keys(":made:").await.len(), 1, "the large one is beyond the limit");
    assert_eq!(bot.database.count(CONTENTS).await, 2);
    // The copy in Redis is the one that is read.
    bot.sql("UPDATE made_file_contents SET content = 'x' WHERE octet_length(content) = 1048576").await;
    delivers(&bot, "", json!({"file_ids": [small, large]}));
    bot.ann("Send me both.");
    let sizes: Vec<usize> = arrived(&bot, ANN, 2).await.iter().map(|file| file.bytes.len()).collect();
    assert_eq!(sizes, [1024 * 1024, 8 * 1024 * 1024]);
    bot.database.until(SENT, 1).await;
    bot.database.until(CONTENTS, 0).await;
    // Without Redis nothing is lost.
    let last = keep_with(&bot, Some(&redis), "last.bin", "", &[1; 100]).await.unwrap().to_string();
    redis.kill().await;
    delivers(&bot, "", json!({"file_id": last}));
    bot.ann("And the last.");
    assert_eq!(arrived(&bot, ANN, 3).await[2].bytes.len(), 100);
    bot.end().await;
}

#[tokio::test]
async fn only_files_of_the_conversation_that_have_not_expired_are_found() {
    let (bot, expired) = with_picture().await;
    bot.telegram.send(BOB, BOB, NewFile::text("secret of bob.txt", "Bob's.").captioned("Keep this."));
    bot.answer(BOB, 1).await;
    let of_bob: String =
        sqlx::query_scalar("SELECT public_id::text FROM files").fetch_one(bot.books()).await.unwrap();
    let of_bob = PublicFileId::from_column(&of_bob).unwrap().to_string();
    bot.sql("UPDATE made_files SET expires_at = now() - interval '1 minute'").await;
    for id in [expired.as_str(), &of_bob, "file_0000000000000000000000", "7", "AgACAgI"] {
        delivers(&bot, "", json!({"file_id": id}));
        let before = bot.model.requests().len();
        bot.ask("Send me that.").await;
        let told = result(&bot, before + 2).await;
        assert_eq!(told["error"], "not_found", "{id}: {told}");
    }
    let of_ann = |request: &&Recorded| !conversation(request).join(" ").contains("Keep this.");
    for request in bot.model.requests().iter().filter(of_ann) {
        assert!(!request.body.to_string().contains("secret of bob"));
    }
    assert_eq!(bot.telegram.sent_media(ANN).len(), 0);
    bot.end().await;
}

#[tokio::test]
async fn what_was_not_promised_before_a_stop_is_not_sent() {
    let (bot, id) = with_picture().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "deliver_file".to_owned(), input: json!({"file_id": id}) },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::steps(vec![Step::Text("It will come".to_owned()), Step::Gate(gate)]));
    bot.ann("Send me the chart.");
    bot.request(3).await;
    bot.ann("/stop");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'interrupted'", 1).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM outbox WHERE media IS NOT NULL").await, 0);
    assert_eq!(bot.database.count(CONTENTS).await, 1, "it is still there");
    drop(keeper);
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

#[tokio::test]
async fn a_file_that_is_refused_in_every_form_is_told_to_the_model() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    let id = made(&bot, "/tmp/мои заметки.txt", "text/plain", b"Notes.").await;
    let refusal = Fault::Error { code: 413, description: "Request Entity Too Large".to_owned() };
    bot.telegram.fail_next("sendDocument", 1, refusal);
    delivers(&bot, "", json!({"file_id": id, "sequential": true, "caption": "My notes"}));
    bot.ask("Send me the notes.").await;
    bot.answer(ANN, 3).await;
    let told = result(&bot, 3).await;
    assert_eq!(
        (&told["status"], &told["files"][0]["status"]),
        (&json!("not_all_sent"), &json!("refused_by_telegram"))
    );
    bot.ask("And?").await;
    let prompt = conversation(&bot.request(4).await).join("\n");
    assert!(prompt.contains("not delivered, Telegram refused it"), "{prompt}");
    assert_eq!(bot.database.count(CONTENTS).await, 1, "another try is possible");
    let told =
        "⚠️ Telegram did not accept this: мои заметки.txt. Ask me to send it in another format.\n\nMy notes";
    assert_eq!(course(&bot, ANN)[..2], [told, "Here you are."]);
    delivers(&bot, "", json!({"file_id": id}));
    bot.ann("Try again.");
    assert_eq!(arrived(&bot, ANN, 1).await[0].file_name, "мои заметки.txt");
    bot.end().await;
}

#[tokio::test]
async fn room_is_limited_and_what_nobody_fetches_expires() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    assert!(matches!(keep(&bot, "x", "", b"").await, Err(KeepError::Empty)));
    let large = vec![0; 51 * 1024 * 1024];
    assert!(matches!(keep(&bot, "x", "", &large).await, Err(KeepError::TooLarge)));
    // One user may fill a fourth of 200 MB.
    keep(&bot, "30.bin", "", &large[..30 * 1024 * 1024]).await.unwrap();
    assert!(matches!(keep(&bot, "x", "", &large[..30 * 1024 * 1024]).await, Err(KeepError::NoRoom)));
    bot.sql("UPDATE made_files SET expires_at = now() - interval '1 minute'").await;
    keep(&bot, "new.bin", "", &large[..30 * 1024 * 1024]).await.unwrap();
    assert_eq!(bot.database.count(CONTENTS).await, 1, "the expired one made room");
    bot.end().await;
}
