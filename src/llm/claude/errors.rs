//! Maps the status, kind and message of an error to what the caller does next. No side effects.

use std::time::Duration;

use super::super::error::LlmError;
use super::super::files::Readable;
use super::super::message::{Block, FileBlock, LlmMessage};
use super::super::request::LlmRequest;
use super::wire::ErrorBody;

/// The longest message of the provider in a log line, in code points.
const WORDS: usize = 500;
/// The pause after a rate limit that names no time, as inside a stream or from a proxy.
const RATE_PAUSE: Duration = Duration::from_secs(5);
/// The codes of limits that no wait of seconds lifts: the account has spent what it may.
const SPENT: [&str; 3] =
    ["enforced_spend_limit_reached", "contract_spend_limit_reached", "ramp_limit_exceeded"];

/// Classifies an unsuccessful answer. `should_retry` is the server's own advice, if it gave any.
pub(super) fn classify(
    status: u16,
    body: &str,
    retry_after: Option<Duration>,
    should_retry: Option<bool>,
) -> LlmError {
    let (kind, message, is_lasting) = match serde_json::from_str::<ErrorBody>(body) {
        Ok(ErrorBody { error }) => {
            let is_lasting = error.code().is_some_and(|code| SPENT.contains(&code));
            (error.kind, shorten(&error.message), is_lasting)
        }
        Err(_) => ("unreadable".to_owned(), shorten(body), false),
    };
    if should_retry == Some(false) {
        return rejected(status, kind, message);
    }
    match status {
        429 if is_lasting => LlmError::RateLimited { message, retry_after: None },
        429 => LlmError::RateLimited { message, retry_after: Some(retry_after.unwrap_or(RATE_PAUSE)) },
        529 => LlmError::Overloaded(message),
        408 | 409 | 500..=599 => LlmError::Provider { status, message },
        413 => LlmError::TooLong(message),
        _ if should_retry == Some(true) => LlmError::Provider { status, message },
        _ => rejected(status, kind, message),
    }
}

/// Classifies an error inside a stream, which has no status.
pub(super) fn in_stream(kind: &str, message: &str) -> LlmError {
    let message = shorten(message);
    match kind {
        "overloaded_error" => LlmError::Overloaded(message),
        "rate_limit_error" => LlmError::RateLimited { message, retry_after: Some(RATE_PAUSE) },
        "api_error" | "timeout_error" => LlmError::Provider { status: 200, message },
        _ => rejected(200, kind.to_owned(), message),
    }
}

fn rejected(status: u16, kind: String, message: String) -> LlmError {
    if message.contains("prompt is too long") || message.contains("exceed context limit") {
        return LlmError::TooLong(message);
    }
    LlmError::Rejected { status, kind, message }
}

/// Converts a rejection that is caused by files of the request into an error that says so.
pub(super) fn blame(error: LlmError, request: &LlmRequest) -> LlmError {
    let (LlmError::Rejected { status: 400 | 404, message, .. } | LlmError::TooLong(message)) = &error else {
        return error;
    };
    let many = over_a_total(message, request);
    if !many.is_empty() {
        return refused(&many);
    }
    if matches!(error, LlmError::TooLong(_)) {
        return error;
    }
    if let Some(file) = named(message, request).or_else(|| pointed_at(message, request)) {
        tracing::warn!(file.id = file.id, "the provider cannot use a file");
        return LlmError::FileGone { id: file.id.clone() };
    }
    let described = described(message, request);
    if described.is_empty() { without_names(error, request) } else { refused(&described) }
}

/// Returns the error for files that the provider rejected, without its message, which may quote the names of
/// files.
fn refused(files: &[&FileBlock]) -> LlmError {
    let ids: Vec<String> = files.iter().map(|file| file.id.clone()).collect();
    tracing::warn!(?ids, "the provider may be unable to use some files");
    LlmError::FilesRefused { ids }
}

/// Removes the names of files from an error, because they must not be logged.
fn without_names(error: LlmError, request: &LlmRequest) -> LlmError {
    let LlmError::Rejected { status, kind, mut message } = error else { return error };
    for file in request.files().filter(|file| !file.name.is_empty()) {
        message = message.replace(&file.name, "(a file)");
    }
    LlmError::Rejected { status, kind, message }
}

/// Returns the older half of the files that are too many or too large together. Returns nothing if the error
/// is about a single file or about something else.
fn over_a_total<'a>(message: &str, request: &'a LlmRequest) -> Vec<&'a FileBlock> {
    let message = message.to_ascii_lowercase();
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let kind = if about(&["pdf pages"]) {
        Some(Readable::Pdf)
    } else if about(&["too many images", "many-image requests"]) {
        Some(Readable::Image)
    } else if about(&["exceeds the maximum size", "exceeds the maximum allowed number of bytes"]) {
        None
    } else {
        return Vec::new();
    };
    let mut files: Vec<_> =
        request.files().filter(|file| kind.is_none_or(|kind| file.readable == kind)).collect();
    files.truncate(if files.len() > 1 { files.len() / 2 } else { 0 });
    files
}

/// Returns the file whose id is in the message.
fn named<'a>(message: &str, request: &'a LlmRequest) -> Option<&'a FileBlock> {
    request.files().find(|file| message.contains(&file.id))
}

/// Returns the file at a path such as `messages.4.content.0.image.source`.
fn pointed_at<'a>(message: &str, request: &'a LlmRequest) -> Option<&'a FileBlock> {
    let (_, path) = message.split_once("messages.")?;
    let mut parts = path.split(['.', ':', ' ']);
    let number = parts.next()?.parse::<usize>().ok()?;
    let block =
        parts.next().filter(|&word| word == "content").and_then(|_| parts.next()?.parse::<usize>().ok())?;
    match request.messages.get(number)?.blocks.get(block)? {
        Block::File(file) => Some(file),
        Block::Inline(_)
        | Block::Text(_)
        | Block::ToolCall { .. }
        | Block::ToolResult { .. }
        | Block::Own(_) => None,
    }
}

/// Returns the files of the kind that the message mentions, from the newest message that has any: requests
/// with the older ones were accepted.
fn described<'a>(message: &str, request: &'a LlmRequest) -> Vec<&'a FileBlock> {
    let message = message.to_ascii_lowercase();
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let readable = if about(&["could not process pdf", "pdf pages", "pdf specified", "pdf is password"]) {
        Readable::Pdf
    } else if about(&["could not process image", "image exceeds", "image dimensions"]) {
        Readable::Image
    } else {
        return Vec::new();
    };
    let files = |message: &'a LlmMessage| {
        message.files().filter(|file| file.readable == readable).collect::<Vec<_>>()
    };
    request.messages.iter().rev().map(files).find(|files| !files.is_empty()).unwrap_or_default()
}

fn shorten(words: &str) -> String {
    words.chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests;
