//! Errors in the format of the API, with their HTTP status.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::replies::ErrorAnswer;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The name of the status, such as `INVALID_ARGUMENT`.
    pub name: String,
    /// The message.
    pub message: String,
    /// The details, each with its `@type`.
    pub details: Vec<Value>,
    /// Seconds in the `retry-after` header; `None` omits the header.
    pub retry_after: Option<u32>,
}

impl ApiError {
    /// Creates an error without details.
    pub fn new(status: u16, name: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            name: name.to_owned(),
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
        }
    }

    /// Creates a 400 of a request that breaks a rule.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_ARGUMENT", message)
    }

    /// Creates a 500, which passes when the request is sent again.
    pub fn internal() -> Self {
        Self::new(500, "INTERNAL", "An internal error has occurred. Please retry.")
    }

    /// Creates a 503 of a model under too much load.
    pub fn overloaded() -> Self {
        Self::new(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
    }

    /// Creates a 429 of a limit per minute, which passes after this time (such as `46s`).
    pub fn rate_limited(retry_delay: &str) -> Self {
        let message = format!(
            "You exceeded your current quota, please check your plan and billing details. Please retry in \
             {retry_delay}."
        );
        Self {
            details: vec![
                quota("GenerateRequestsPerMinutePerProjectPerModel"),
                json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay}),
            ],
            ..Self::new(429, "RESOURCE_EXHAUSTED", message)
        }
    }

    /// Creates a 429 of a quota of a day, which does not pass by waiting.
    pub fn quota_of_the_day() -> Self {
        let message = "You exceeded your current quota, please check your plan and billing details.";
        let details = vec![quota("GenerateRequestsPerDayPerProjectPerModel")];
        Self { details, ..Self::new(429, "RESOURCE_EXHAUSTED", message) }
    }

    /// Creates the 400 of a wrong key.
    pub fn wrong_key() -> Self {
        let reason = json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID",
            "domain": "googleapis.com", "metadata": {"service": "generativelanguage.googleapis.com"}});
        Self { details: vec![reason], ..Self::invalid("API key not valid. Please pass a valid API key.") }
    }

    /// Adds a `retry-after` header in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl ErrorAnswer for ApiError {
    fn facts(&self) -> (u16, &str) {
        (self.status, &self.message)
    }

    fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut error = json!({"code": self.status, "message": self.message, "status": self.name});
        if !self.details.is_empty() {
            error["details"] = json!(self.details);
        }
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn quota(id: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": id,
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_requests"}]})
}
