//! Documents that the model does not read itself: their beginning stands in the prompt, `preview_file` reads
//! on, and one that cannot be read is explained.

mod conversations;
mod formats;
mod unreadable;

use std::io::{Cursor, Write as _};

use playground::anthropic::{Recorded, Reply, Step, StopReason};
use playground::telegram::{Attachment, NewFile};
use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::harness::{Bot, conversation};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
fn document(name: &str, mime: &str, bytes: Vec<u8>) -> NewFile {
    NewFile::new(Attachment::Document, name, mime, bytes)
}

fn zipped(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in members {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn letter(text: &str) -> Vec<u8> {
    let body = format!(
        "<w:document xmlns:w=\"w\"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    );
    zipped(&[("word/document.xml", &body)])
}

/// Returns the ids of files in a text, in order.
fn ids(text: &str) -> Vec<String> {
    let candidates = text.match_indices("file_").filter_map(|(at, _)| text.get(at..at + 27));
    candidates.filter(|id| id[5..].chars().all(|c| c.is_ascii_alphanumeric())).map(str::to_owned).collect()
}

/// Lets the model call preview_file at the next question; returns the result that it reads.
async fn previewed(bot: &Bot, input: Value) -> Value {
    bot.model.script(Reply::steps(vec![
        Step::ToolUse { name: "preview_file".to_owned(), input },
        Step::Stop(StopReason::ToolUse),
    ]));
    bot.model.script(Reply::steps(vec![Step::Text("I have read it.".to_owned())]));
    let before = bot.model.requests().len();
    bot.ask("Read on.").await;
    let request = bot.request(before + 2).await;
    let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let blocks = blocks.as_array().unwrap();
    let result = &blocks.iter().find(|block| block["type"] == "tool_result").unwrap()["content"];
    serde_json::from_str(result.as_str().or(result[0]["text"].as_str()).unwrap()).unwrap()
}

fn text(result: &Value) -> &str {
    result["text"].as_str().unwrap_or_else(|| panic!("{result}"))
}

fn first(request: &Recorded) -> String {
    conversation(request).swap_remove(0)
}
