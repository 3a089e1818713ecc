//! From status, kind and words of an error to what the caller does next. Pure.

use std::time::Duration;

use super::super::error::LlmError;
use super::super::files::Readable;
use super::super::request::{Block, FileBlock, LlmRequest};
use super::wire::ErrorBody;

/// The longest that a provider's words may be in a log line, in code points.
const WORDS: usize = 500;

/// Classifies an answer that is not a success. `should_retry` is the server's own opinion, if it gave one.
pub(super) fn classify(
    status: u16,
    body: &str,
    retry_after: Option<Duration>,
    should_retry: Option<bool>,
) -> LlmError {
    let (kind, message) = match serde_json::from_str::<ErrorBody>(body) {
        Ok(body) => (body.error.kind, shorten(&body.error.message)),
        Err(_) => ("unreadable".to_owned(), shorten(body)),
    };
    if should_retry == Some(false) {
        return rejected(status, kind, message);
    }
    match status {
        429 => LlmError::RateLimited { message, retry_after },
        529 => LlmError::Overloaded(message),
        408 | 409 | 500..=599 => LlmError::Provider { status, message },
        413 => LlmError::TooLong(message),
        _ if should_retry == Some(true) => LlmError::Provider { status, message },
        _ => rejected(status, kind, message),
    }
}

/// Classifies an error that comes inside a stream, where there is no status.
pub(super) fn in_stream(kind: &str, message: &str) -> LlmError {
    let message = shorten(message);
    match kind {
        "overloaded_error" => LlmError::Overloaded(message),
        "rate_limit_error" => LlmError::RateLimited { message, retry_after: Some(Duration::from_secs(5)) },
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

/// Says so when it is a file of the request that made the provider reject it.
pub(super) fn blame(error: LlmError, request: &LlmRequest) -> LlmError {
    let LlmError::Rejected { status: 400 | 404, message, .. } = &error else { return error };
    let file = named(message, request)
        .or_else(|| pointed_at(message, request))
        .or_else(|| described(message, request));
    match file {
        Some(file) => {
            tracing::warn!(file.id = file.id, message, "the provider cannot use a file");
            LlmError::FileGone { id: file.id.clone() }
        }
        None => error,
    }
}

/// The file whose id stands in the words.
fn named<'a>(message: &str, request: &'a LlmRequest) -> Option<&'a FileBlock> {
    request.files().find(|file| message.contains(&file.id))
}

/// The file at a place such as `messages.4.content.0.image.source`.
fn pointed_at<'a>(message: &str, request: &'a LlmRequest) -> Option<&'a FileBlock> {
    let (_, path) = message.split_once("messages.")?;
    let mut parts = path.split(['.', ':', ' ']);
    let number = parts.next()?.parse::<usize>().ok()?;
    let block =
        parts.next().filter(|&word| word == "content").and_then(|_| parts.next()?.parse::<usize>().ok())?;
    match request.messages.get(number)?.blocks.get(block)? {
        Block::File(file) => Some(file),
        Block::Text(_) | Block::ToolResult { .. } | Block::Own(_) => None,
    }
}

/// The newest file of the kind that the words are about: requests with the older ones were accepted.
fn described<'a>(message: &str, request: &'a LlmRequest) -> Option<&'a FileBlock> {
    let message = message.to_ascii_lowercase();
    let about = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let readable = if about(&["could not process pdf", "pdf pages", "pdf specified", "pdf is password"]) {
        Readable::Pdf
    } else if about(&["could not process image", "image exceeds", "image dimensions"]) {
        Readable::Image
    } else {
        return None;
    };
    request.files().rfind(|file| file.readable == readable)
}

fn shorten(words: &str) -> String {
    words.chars().take(WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::error::Retry;
    use super::*;

    #[test]
    fn errors_are_sorted_by_what_to_do_next() {
        let body = |kind: &str, message: &str| {
            format!(
                r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}},"request_id":"req_1"}}"#
            )
        };
        let two = Some(Duration::from_secs(2));
        for (status, body, retry_after, should_retry, name, retry) in [
            (529, body("overloaded_error", "Overloaded"), None, None, "overloaded", Retry::Later),
            (
                429,
                body("rate_limit_error", "slow"),
                two,
                None,
                "rate_limited",
                Retry::After(Duration::from_secs(2)),
            ),
            (429, body("rate_limit_error", "spend limit"), None, None, "rate_limited", Retry::Never),
            (500, body("api_error", "oops"), None, None, "provider_error", Retry::Soon),
            (500, body("api_error", "oops"), None, Some(false), "rejected", Retry::Never),
            (502, "<html>bad gateway".to_owned(), None, None, "provider_error", Retry::Soon),
            (409, body("conflict_error", "x"), None, None, "provider_error", Retry::Soon),
            (413, body("request_too_large", "x"), None, None, "too_long", Retry::Never),
            (
                400,
                body("invalid_request_error", "prompt is too long: 9 > 8"),
                None,
                None,
                "too_long",
                Retry::Never,
            ),
            (400, body("invalid_request_error", "messages: x"), None, None, "rejected", Retry::Never),
            (401, body("authentication_error", "x"), None, None, "rejected", Retry::Never),
        ] {
            let error = classify(status, &body, retry_after, should_retry);
            assert_eq!((error.name(), error.retry()), (name, retry), "{status} {body}");
        }
        assert_eq!(in_stream("overloaded_error", "x").name(), "overloaded");
        assert_eq!(in_stream("invalid_request_error", "x").retry(), Retry::Never);
    }

    #[test]
    fn a_file_that_the_provider_cannot_use_is_found_out() {
        let file = |id: &str, readable| {
            let (id, name, instead) = (id.to_owned(), String::new(), "x".to_owned());
            Block::File(FileBlock { id, readable, name, size: 1, instead })
        };
        let mut request = super::super::tests::request(3);
        request.messages[0].blocks.insert(0, file("file_01a", Readable::Image));
        request.messages[2].blocks.insert(0, file("file_01b", Readable::Pdf));
        request.messages[2].blocks.insert(0, file("file_01c", Readable::Image));
        for (status, message, expected) in [
            (404, "File not found: file_01b", Some("file_01b")),
            (404, "messages.0.content.0.image.source.file_id: file file_01a not found", Some("file_01a")),
            (404, "model: claude-x", None),
            (400, "messages.2.content.1.document.source: The PDF specified was not valid.", Some("file_01b")),
            (400, "messages.2.content.2.text: x", None),
            (400, "messages.9.content.0: x", None),
            (400, "messages.0: x", None),
            (400, "messages.0.content.x", None),
            (400, "Could not process image", Some("file_01c")),
            (400, "A maximum of 600 PDF pages may be provided.", Some("file_01b")),
            (400, "max_tokens: too large", None),
            (403, "file_01a is not yours", None),
        ] {
            let error = rejected(status, "x".to_owned(), message.to_owned());
            let blamed = match blame(error, &request) {
                LlmError::FileGone { id } => Some(id),
                _ => None,
            };
            assert_eq!(blamed.as_deref(), expected, "{status} {message}");
        }
    }
}
