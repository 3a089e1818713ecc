//! Checks of the headers: credentials, API version, content type.

use axum::http::{HeaderMap, header};

use super::request::{Check, Version};
use crate::anthropic::error::ApiError;

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// Accepts the configured key and every key that has the form of a real one.
pub(in super::super) fn credentials(headers: &HeaderMap, configured: &str) -> Check {
    let bearer =
        text(headers, header::AUTHORIZATION.as_str()).and_then(|value| value.strip_prefix("Bearer "));
    let refuse = |message: &str| Err(ApiError::new(401, "authentication_error", message));
    match text(headers, "x-api-key").or(bearer) {
        None => refuse("x-api-key header is required"),
        Some(key) if key == configured || key.starts_with("sk-ant-") => Ok(()),
        Some(_) => refuse("invalid x-api-key"),
    }
}

/// Returns the API version of the request.
pub(in super::super) fn version(headers: &HeaderMap) -> Result<Version, ApiError> {
    match text(headers, "anthropic-version") {
        Some("2026-10-21") => Ok(Version::V2026),
        Some("2023-06-01") => Ok(Version::V2023),
        None => Err(ApiError::invalid("anthropic-version: header is required")),
        Some(other) => {
            Err(ApiError::invalid(format!("anthropic-version: \"{other}\" is not a valid version")))
        }
    }
}

/// Returns the value of `anthropic-beta`; empty if there is none.
pub(super) fn betas(headers: &HeaderMap) -> String {
    text(headers, "anthropic-beta").unwrap_or_default().to_owned()
}

/// Refuses content types other than JSON.
pub(in super::super) fn json_content(headers: &HeaderMap) -> Check {
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    Err(ApiError::invalid("content-type: must be application/json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn credentials_by_header() {
        for (name, value, fine) in [
            ("x-api-key", "secret", true),
            ("x-api-key", "sk-ant-anything", true),
            ("authorization", "Bearer secret", true),
            ("x-api-key", "", false),
            ("x-api-key", "wrong", false),
            ("authorization", "secret", false),
            ("other", "secret", false),
        ] {
            assert_eq!(credentials(&headers(name, value), "secret").is_ok(), fine, "{name}: {value}");
        }
    }

    #[test]
    fn versions_and_types() {
        for (value, fine) in [("2026-10-21", true), ("2023-06-01", true), ("2024-01-01", false), ("", false)]
        {
            assert_eq!(version(&headers("anthropic-version", value)).is_ok(), fine, "{value}");
        }
        for (value, fine) in
            [("application/json", true), ("Application/JSON; charset=utf-8", true), ("text/plain", false)]
        {
            assert_eq!(json_content(&headers("content-type", value)).is_ok(), fine, "{value}");
        }
    }
}
