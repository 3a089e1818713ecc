//! `preview_file`: reads documents and texts of this conversation from any place on. The turn decides whose
//! files these are, never the model's arguments.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::tool::{Failure, Output, Tool, ToolContext};
use crate::documents::{DocumentError, Selection};
use crate::domain::file_id::PublicFileId;
use crate::domain::tool::ToolName;
use crate::services::file_previews::{PreviewError, PreviewedFile};

/// The tool `preview_file`.
pub(super) struct PreviewFile;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The id of the file, as the conversation, list_files or the tool that made the file gave it.
    file_id: String,
    /// The number of the part (sheet, slide, chapter), from 1. Without it all parts are shown, each as far as
    /// it fits.
    #[serde(default)]
    part: Option<usize>,
    /// How many rows (of tables) or characters (of text) of the part to skip. Earlier results say where to
    /// read on.
    #[serde(default)]
    offset: usize,
}

impl Tool for PreviewFile {
    type Arguments = Arguments;
    const NAME: ToolName = ToolName::PreviewFile;
    const DESCRIPTION: &'static str = "Reads a document or text file of this conversation, about 10,000 characters at a \
        time: spreadsheets, Word and OpenDocument files, presentations, books, CSV, JSON, code, e-mail, and the table of \
        contents of archives. Use it to read on where a preview in the conversation ends, to read a certain sheet or \
        page, and for files that you have made. The result names every part with its size and says what was left out \
        and how to read on. It computes nothing and does not search (execute_python does, if you have it): read only as far \
        as the question needs. Images and PDFs you see yourself where they stand in the conversation; it does not read \
        them, analyze_image and analyze_pdf do. Free. The ids stand in the conversation or come from list_files; never \
        guess one.";

    async fn run(arguments: Arguments, context: ToolContext<'_>) -> Output {
        Output::free(preview(arguments, context).await)
    }
}

async fn preview(arguments: Arguments, context: ToolContext<'_>) -> Result<Value, Failure> {
    let Arguments { file_id, part, offset } = arguments;
    if part == Some(0) {
        return Err(Failure::arguments("Parts are counted from 1."));
    }
    let id = PublicFileId::parse(&file_id).ok_or_else(|| not_found(&file_id))?;
    let selection = Selection { part, from: offset };
    let previewed = context.previews.of_file(context.key, id, selection).await;
    let PreviewedFile { name, mime, size, preview } = previewed.map_err(|error| told(&file_id, &error))?;
    Ok(json!({
        "file_id": id.to_string(),
        "name": name,
        "mime": mime,
        "size_bytes": size,
        "whole_file": preview.is_whole(),
        "text": preview.to_string(),
    }))
}

fn not_found(id: &str) -> Failure {
    Failure::not_found([id], "list_files shows the files that can be read.")
}

fn told(id: &str, error: &PreviewError) -> Failure {
    let failure = |error, message: &str| Failure { error, message: message.to_owned() };
    match error {
        PreviewError::NotFound => not_found(id),
        PreviewError::Seen => failure(
            "not_a_document",
            "You see images and PDFs yourself where they stand in the conversation. For one that is left out there, or \
             that you have made, ask analyze_image or analyze_pdf a question about it.",
        ),
        PreviewError::NoDocument => failure(
            "not_a_document",
            "Recordings and videos have no text to read. What is said in them, transcribe_audio tells where there is such a tool.",
        ),
        PreviewError::TooLarge { limit } => {
            let most = limit / 1_000_000;
            Failure {
                error: "too_large",
                message: format!("Files of more than {most} MB cannot be fetched."),
            }
        }
        PreviewError::DailyLimit(limit) => Failure::daily_limit(*limit),
        PreviewError::Document(error) => unreadable(*error),
        PreviewError::Telegram(_) | PreviewError::Database(_) => {
            tracing::warn!(error = error as &dyn std::error::Error, "a file to preview cannot be fetched");
            Failure::unavailable(
                "The file cannot be fetched at the moment. Try once more, then go on without it.",
            )
        }
    }
}

fn unreadable(error: DocumentError) -> Failure {
    let (kind, message) = match error {
        DocumentError::Empty => ("empty", "There is nothing in the file.".to_owned()),
        DocumentError::Encrypted => {
            let message = "The file needs a password. Ask the person to send it without one.";
            ("encrypted", message.to_owned())
        }
        DocumentError::Broken => {
            let message = "The file is damaged or incomplete. Ask the person to send it again.";
            ("broken", message.to_owned())
        }
        DocumentError::TooLarge => {
            let message = "The file unpacks to more than can be read. Ask the person for a smaller one.";
            ("too_large", message.to_owned())
        }
        DocumentError::Unsupported(what) => {
            ("unsupported", format!("By its content the file is of a kind that cannot be read here: {what}."))
        }
        DocumentError::NoSuchPart { parts } => {
            return Failure::arguments(format!("The document has {parts} parts, counted from 1."));
        }
    };
    Failure { error: kind, message }
}

#[cfg(test)]
mod tests;
