//! Audio and video files: their words on demand, paid once to the last digit and free from then on, whatever
//! happens meanwhile.

mod on_demand;
mod paid_once;
mod refusals;

use playground::anthropic::{Recorded, Reply as Answer, Step, StopReason};
use playground::samples;
use playground::telegram::{Attachment, NewFile};
use serde_json::Value;

use crate::harness::{ANN, Bot, conversation};

pub(crate) const OPEN: &str = "SELECT count(*) FROM turns WHERE state = 'open'";
const TRANSCRIBE: &str = "Please transcribe it.";

/// Music whose length is exact: frames of an MP3 are no fractions of a second.
pub(crate) fn song(seconds: u32) -> NewFile {
    NewFile::new(Attachment::Audio, "song.wav", "audio/wav", samples::wav(seconds))
}

/// Returns the ids of files in a text, in order.
fn ids(text: &str) -> Vec<String> {
    let candidates = text.match_indices("file_").filter_map(|(at, _)| text.get(at..at + 27));
    candidates.filter(|id| id[5..].chars().all(|c| c.is_ascii_alphanumeric())).map(str::to_owned).collect()
}

/// Returns the newest id of a file that Ann's prompts name.
fn newest_id(request: &Recorded) -> String {
    ids(&conversation(request).join("\n")).pop().expect("the prompt names a file")
}

/// Sends Ann's file with words; returns the id by which the model names it.
pub(crate) async fn sent(bot: &Bot, file: NewFile) -> String {
    let before = bot.model.requests().len();
    bot.telegram.send(ANN, ANN, file.captioned("Keep this."));
    let asked = bot.request(before + 1).await;
    bot.request_end(before + 1).await;
    bot.database.until(OPEN, 0).await;
    // Its answer must not be taken for that of the next question.
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    newest_id(&asked)
}

/// Lets the model call transcribe_audio with these arguments in one round and then end.
fn calls(bot: &Bot, inputs: Vec<Value>) {
    let call = |input| Step::ToolUse { name: "transcribe_audio".to_owned(), input };
    let steps = inputs.into_iter().map(call).chain([Step::Stop(StopReason::ToolUse)]).collect();
    bot.model.script(Answer::steps(steps));
    bot.model.script(Answer::steps(vec![Step::Text("I have heard it.".to_owned())]));
}

/// Lets the model call transcribe_audio at Ann's next question; returns the results that it reads.
async fn transcribed(bot: &Bot, inputs: Vec<Value>) -> Vec<Value> {
    let before = bot.model.requests().len();
    calls(bot, inputs);
    bot.ask("What is said in it?").await;
    results(&bot.request(before + 2).await)
}

pub(crate) async fn one(bot: &Bot, input: Value) -> Value {
    transcribed(bot, vec![input]).await.swap_remove(0)
}

/// Returns the results of the newest tool calls in a request.
pub(crate) fn results(request: &Recorded) -> Vec<Value> {
    let blocks = request.body["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    let results = blocks.as_array().unwrap().iter().filter(|block| block["type"] == "tool_result").cloned();
    let read = |result: Value| {
        let content = &result["content"];
        serde_json::from_str(content.as_str().or(content[0]["text"].as_str()).unwrap()).unwrap()
    };
    results.map(read).collect()
}
