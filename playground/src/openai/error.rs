//! Errors in the format of the API, with their HTTP status and headers.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::replies::ErrorAnswer;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The error type, such as `invalid_request_error`.
    pub kind: String,
    /// The message.
    pub message: String,
    /// The field that is wrong, if it is one.
    pub param: Option<String>,
    /// The code, such as `rate_limit_exceeded`.
    pub code: Option<String>,
    /// Seconds in the `retry-after` header; `None` omits the header.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// Creates an error without field, code and `retry-after`.
    pub fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            kind: kind.to_owned(),
            message: message.into(),
            param: None,
            code: None,
            retry_after: None,
        }
    }

    /// Creates a 500, which passes when the request is sent again.
    pub fn server() -> Self {
        let message = "The server had an error while processing your request. Sorry about that!";
        Self::new(500, "server_error", message)
    }

    /// Creates a 503 of a service under too much load.
    pub fn overloaded() -> Self {
        let error = Self::new(503, "server_error", "The server is overloaded. Please try again later.");
        error.coded("server_is_overloaded")
    }

    /// Creates a 429 that passes after this many seconds.
    pub fn rate_limited(retry_after: u32) -> Self {
        let message = format!("Rate limit reached for requests. Please try again in {retry_after}s.");
        let error = Self::new(429, "requests", message).coded("rate_limit_exceeded");
        Self { retry_after: Some(retry_after), ..error }
    }

    /// Creates a 429 of an account without credit, which does not pass by waiting.
    pub fn quota() -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details.";
        Self::new(429, "insufficient_quota", message).coded("insufficient_quota")
    }

    /// Creates a 401 of a wrong key.
    pub fn unauthorized() -> Self {
        let message = "Incorrect API key provided. You can find your API key in your account settings.";
        Self::invalid(401, message).coded("invalid_api_key")
    }

    /// Creates the error of a request that breaks a rule.
    pub(super) fn invalid(status: u16, message: impl Into<String>) -> Self {
        Self::new(status, "invalid_request_error", message)
    }

    /// Creates the refusal of one field.
    pub(super) fn field(param: &str, code: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::invalid(400, message).coded(code) }
    }

    pub(super) fn coded(mut self, code: &str) -> Self {
        self.code = Some(code.to_owned());
        self
    }
}

impl ErrorAnswer for ApiError {
    fn facts(&self) -> (u16, &str) {
        (self.status, &self.message)
    }

    fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error =
            json!({"message": self.message, "type": self.kind, "param": self.param, "code": self.code});
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
