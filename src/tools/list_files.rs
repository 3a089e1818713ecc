//! `list_files`: lists the files of this conversation: those that the person has sent, and those that tools
//! have made. The turn decides whose files these are, never the model's arguments.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tool::{Failure, Output, Tool, ToolContext};
use crate::db::made_files::ListedMadeFile;
use crate::db::{DbError, files};
use crate::domain::file::{FileKind, KnownFile};
use crate::domain::tool::ToolName;
use crate::llm::{self, Readable, speech};

/// The most files of each kind in one list.
const MOST: u8 = 50;

/// The tool `list_files`.
pub(super) struct ListFiles;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {}

impl Tool for ListFiles {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::ListFiles;
    const DESCRIPTION: &'static str = "Lists the files of this conversation with their ids, newest first: `files`, that \
        the person has sent, and `made_files`, that your tools have made; up to 50 of each. Use it when they mean a file \
        that you cannot see any more, ask what they have sent or got, or want a file sent. Free. `has_copy` tells whether \
        a copy is kept; `not_fetched`, that Telegram did not hand the file out; `replied_to`, that it came with a message \
        that the person replied to. The content is shown only where the file stands in the conversation, as long as it is \
        not too far back. A made file is `pending` until the person has got it, and is deleted after \
        `minutes_left`. `tools` names the tools that take a file by its file_id: deliver_file sends any of them, preview_file \
        reads documents and texts, transcribe_audio tells what is said in a recording, analyze_image and analyze_pdf answer \
        a question about a picture or a PDF that you cannot see any more, execute_python computes with any file, and \
        generate_image changes and combines pictures; those that are not named there you do not have.";

    async fn run(Arguments {}: Arguments, context: ToolContext<'_>) -> Output {
        Output::free(list(context).await)
    }
}

async fn list(context: ToolContext<'_>) -> Result<Value, Failure> {
    // One more than is shown indicates whether there are more.
    let limit = i64::from(MOST) + 1;
    let sent = files::of_thread(context.db, context.key, limit).await.map_err(unavailable)?;
    let made = context.made_files.of_thread(context.key, limit).await.map_err(unavailable)?;
    let more = sent.len().max(made.len()) > usize::from(MOST);
    let sent: Vec<Value> = sent.iter().take(MOST.into()).map(|file| of_person(file, context)).collect();
    let made: Vec<Value> = made.iter().take(MOST.into()).map(|file| of_tool(file, context)).collect();
    Ok(json!({ "files": sent, "made_files": made, "older_ones_left_out": more }))
}

fn of_person(file: &KnownFile, context: ToolContext<'_>) -> Value {
    let tools = tools(file.kind, &file.mime, &file.name, context);
    json!({
        "file_id": file.public_id.to_string(),
        "from": "person",
        "kind": file.kind.name(),
        "name": file.name,
        "mime": file.mime,
        "size_bytes": file.size,
        "age_minutes": minutes(file.at, context.now),
        "has_copy": file.provider_id.is_some(),
        "not_fetched": file.not_fetched,
        "replied_to": file.replied,
        "tools": tools,
    })
}

/// Returns the tools that take the file.
fn tools(kind: FileKind, mime: &str, name: &str, context: ToolContext<'_>) -> Vec<&'static str> {
    let readable = llm::readable(mime, name, 1).ok();
    let is_image = readable == Some(Readable::Image);
    let is_pdf = readable == Some(Readable::Pdf);
    let is_heard = context.transcripts.is_some() && speech::is_heard(kind, mime, name);
    let is_read = kind == FileKind::Document && !is_image && !is_pdf && !is_heard;
    let candidates = [
        (ToolName::DeliverFile, true),
        (ToolName::PreviewFile, is_read),
        (ToolName::TranscribeAudio, is_heard),
        (ToolName::AnalyzeImage, is_image),
        (ToolName::AnalyzePdf, is_pdf),
        (ToolName::ExecutePython, context.sandboxes.is_some()),
        (ToolName::GenerateImage, is_image && context.pictures.can_draw()),
    ];
    candidates.into_iter().filter_map(|(tool, takes)| takes.then_some(tool.name())).collect()
}

fn of_tool(file: &ListedMadeFile, context: ToolContext<'_>) -> Value {
    let tools = tools(FileKind::Document, &file.mime, &file.name, context);
    json!({
        "file_id": file.id.to_string(),
        "from": "assistant",
        "name": file.name,
        "mime": file.mime,
        "size_bytes": file.size,
        "description": file.description,
        "age_minutes": minutes(file.at, context.now),
        "state": if file.delivered { "delivered" } else { "pending" },
        "minutes_left": (!file.delivered).then(|| minutes(context.now, file.expires_at)),
        "tools": tools,
    })
}

fn minutes(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to - from).num_minutes().max(0)
}

#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn unavailable(error: DbError) -> Failure {
    tracing::warn!(error = &error as &dyn std::error::Error, "the files cannot be listed");
    Failure::unavailable("The list cannot be read at the moment. Try once more, then go on without it.")
}
