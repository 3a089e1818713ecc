//! Files from people: photos, PDFs and text files reach the model, all others are only described. A file that
//! waits for Telegram or the provider delays its own prompt and nothing else, and nobody sees another user's
//! files.

mod arrival;
mod fetching;
mod provider_copies;

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::telegram::NewFile;
use serde_json::{Value, json};

use crate::harness::Bot;

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
