//! Files to people: made by tools or sent back, after the answer or between its parts. Whatever happens to a
//! delivery, nothing vanishes, nothing is sent twice that could be known, and the model is told the truth.

mod keeping;
mod placing;
mod setbacks;

use playground::anthropic::{Reply, Step, StopReason};
use playground::samples;
use playground::telegram::MediaMessage;
use serde_json::Value;
use starling::cache::{Cache, Origin};
use starling::db::{Db, migrate};
use starling::domain::file_id::PublicFileId;
use starling::domain::ids::TurnId;
use starling::services::made_files::{KeepError, MadeFile, MadeFiles};
use starling::telemetry::metrics::Metrics;

use crate::harness::redis::Redis;
use crate::harness::{ANN, BOUND, Bot};

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
