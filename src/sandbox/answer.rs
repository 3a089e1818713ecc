//! Answers of the service: their status, and their bodies within limits.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::Value;

use super::error::SandboxError;

/// The longest answer that is read, other than a file, in bytes.
const ANSWER_LIMIT: usize = 8 * 1024 * 1024;

/// Sends a request into a sandbox and returns the answer if it is a good one.
pub(super) async fn inside_answer(request: RequestBuilder) -> Result<Response, SandboxError> {
    let response = request.send().await.map_err(SandboxError::connection)?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(SandboxError::of_sandbox(response.status(), retry_after(&response)))
}

/// Reads the body of an answer as JSON.
pub(super) async fn json(response: Response) -> Result<Value, SandboxError> {
    let body = body(response, ANSWER_LIMIT).await?;
    serde_json::from_slice(&body).map_err(|_| SandboxError::Unreadable("no JSON"))
}

/// Reads the body of an answer of at most `limit` bytes.
pub(super) async fn body(mut response: Response, limit: usize) -> Result<Vec<u8>, SandboxError> {
    let announced = response.content_length().unwrap_or_default();
    if announced > limit as u64 {
        return Err(SandboxError::TooLarge);
    }
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(SandboxError::connection)? {
        if content.len() + chunk.len() > limit {
            return Err(SandboxError::TooLarge);
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

/// Returns how long the service asks to wait.
pub(super) fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}
