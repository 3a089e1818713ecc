//! Error answers of the API, classified by what the caller does next. The service's own words are left out,
//! because they may quote a prompt.

use std::time::Duration;

use serde_json::Value;

use crate::llm::error::LlmError;

/// The pause after a rate limit that names no time.
const RATE_PAUSE: Duration = Duration::from_secs(2);
/// The longest word of the service that is kept, in bytes.
const LONGEST_WORD: usize = 60;

/// Returns the error that an answer with this status and body stands for.
pub(super) fn of(status: u16, retry_after: Option<Duration>, body: &[u8]) -> LlmError {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    // An error may be the only element of an array.
    let error = body.get(0).unwrap_or(&body).get("error").cloned().unwrap_or_default();
    let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = details.iter().find_map(|detail| word(&detail["reason"]));
    let kind = kind.or_else(|| word(&error["status"])).unwrap_or("unknown").to_owned();
    match status {
        429 if is_lasting(&error, details) => LlmError::RateLimited { message: kind, retry_after: None },
        429 => {
            let asked = details.iter().find_map(|detail| seconds(&detail["retryDelay"]));
            let wait = asked.or(retry_after).unwrap_or(RATE_PAUSE);
            LlmError::RateLimited { message: kind, retry_after: Some(wait) }
        }
        503 => LlmError::Overloaded(kind),
        408 | 409 | 500.. => LlmError::Provider { status, message: kind },
        _ => LlmError::Rejected { status, kind, message: "(about a drawing)".to_owned() },
    }
}

/// Returns whether a quota is used up that no wait of seconds renews: one of a day, or one that is zero.
fn is_lasting(error: &Value, details: &[Value]) -> bool {
    let quotas = details.iter().filter_map(|detail| detail["violations"].as_array()).flatten();
    let of_a_day = |quota: &Value| quota["quotaId"].as_str().is_some_and(|id| id.contains("PerDay"));
    quotas.into_iter().any(of_a_day)
        || error["message"].as_str().is_some_and(|text| text.contains("limit: 0"))
}

/// Reads a duration of the form `46s` or `1.5s`.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds: f64 = value.as_str()?.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Returns a word that the API defines, such as `RESOURCE_EXHAUSTED`.
fn word(value: &Value) -> Option<&str> {
    let is_word = |text: &&str| {
        let upper = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        (1..=LONGEST_WORD).contains(&text.len()) && text.bytes().all(upper)
    };
    value.as_str().filter(is_word)
}

#[cfg(test)]
mod tests;
