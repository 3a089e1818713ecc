//! From status, kind and words of an error to what the caller does next. Pure.

use std::time::Duration;

use super::super::error::LlmError;
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
}
