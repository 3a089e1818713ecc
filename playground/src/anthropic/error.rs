//! Errors in the format of the Messages API, with their HTTP status and headers.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// An error answer: status, type, sentence, and the headers that go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The error type, such as `invalid_request_error`.
    pub kind: String,
    /// The message; begins with the path of the offending field, if there is one.
    pub message: String,
    /// Seconds in the `retry-after` header; `None` omits the header.
    pub retry_after: Option<u32>,
    /// `error.details.error_code`, used by spend limits.
    pub code: Option<&'static str>,
}

impl ApiError {
    /// Creates an error without `retry-after` and details.
    pub fn new(status: u16, kind: &str, message: impl Into<String>) -> Self {
        Self { status, kind: kind.to_owned(), message: message.into(), retry_after: None, code: None }
    }

    /// Creates the error of a request that breaks a rule, with status 400.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// Returns the status that belongs to the type of an in-stream error.
    pub(super) fn status_of(kind: &str) -> u16 {
        match kind {
            "invalid_request_error" => 400,
            "authentication_error" => 401,
            "billing_error" => 402,
            "permission_error" => 403,
            "not_found_error" => 404,
            "conflict_error" => 409,
            "request_too_large" => 413,
            "rate_limit_error" => 429,
            "timeout_error" => 504,
            "overloaded_error" => 529,
            _ => 500,
        }
    }

    /// Returns the JSON body, which is also the data of an in-stream `error` event.
    pub(super) fn body(&self, request_id: &str) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if let Some(code) = self.code {
            error["details"] = json!({ "error_code": code });
        }
        json!({ "type": "error", "error": error, "request_id": request_id })
    }

    /// Returns the whole HTTP response.
    pub(super) fn response(&self, request_id: &str) -> Response<Body> {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json_response(status, &self.body(request_id), request_id);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Returns a JSON response with the headers that every response of the API has.
pub(super) fn json_response(status: StatusCode, body: &Value, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    common_headers(headers, request_id);
    response
}

/// Adds the headers with the request's id and the organisation.
pub(super) fn common_headers(headers: &mut axum::http::HeaderMap, request_id: &str) {
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("request-id", id);
    }
    headers.insert("anthropic-organization-id", HeaderValue::from_static("org-playground"));
}
