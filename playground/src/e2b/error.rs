//! Errors in the format of the API, with their HTTP status and headers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status, which is also in the body.
    pub code: u16,
    /// The message.
    pub message: String,
    /// Seconds in the `retry-after` header; `None` omits the header.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// Creates an error without `retry-after`.
    pub fn new(code: u16, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// Creates a 429 that passes after this many seconds.
    pub fn rate_limited(retry_after: u32) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(429, "You have reached the rate limit.") }
    }

    /// Creates a 503 of a service that is busy.
    pub fn busy() -> Self {
        Self::new(503, "The service is busy, please try again later.")
    }

    /// Creates the answer of the proxy before a sandbox that is not there.
    pub(super) fn no_sandbox() -> Self {
        Self::new(502, "The sandbox was not found")
    }

    pub(super) fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = json!({"code": self.code, "message": self.message});
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
