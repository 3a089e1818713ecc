//! Checks whether the API would accept a request. The checks run in the order of [`CHECKS`]; the first broken
//! rule is the answer, with the path of the offending field. There is one file per subject, with a table of
//! cases that runs against the function here and again over HTTP.

mod blocks;
mod cache_marks;
mod citations;
mod fields;
mod files;
mod headers;
mod messages;
mod pairing;
mod request;
mod server_tools;
mod signatures;
#[cfg(test)]
pub(super) mod testing;
mod thinking;
mod tools;

use axum::http::HeaderMap;
use serde_json::Value;

pub(super) use headers::{credentials, json_content, version};

use super::error::ApiError;
use super::models::{self, Model};
use super::transcript::Transcript;

use request::{Check, Request};

const CHECKS: &[fn(&Request<'_>) -> Check] = &[
    fields::check,
    messages::check,
    cache_marks::check,
    blocks::check,
    files::check,
    citations::check,
    tools::check,
    pairing::check,
    server_tools::check,
    thinking::check,
    signatures::check,
];

/// Checks a body whose headers and JSON are valid. Returns its model.
pub(super) fn body(
    headers: &HeaderMap,
    body: &Value,
    counting: bool,
    prompt: &Transcript,
    resumes_pause: bool,
) -> Result<&'static Model, ApiError> {
    let version = headers::version(headers)?;
    let betas = headers::betas(headers);
    if !body.is_object() {
        return Err(ApiError::invalid("The request body must be a JSON object"));
    }
    let Some(id) = body.get("model") else { return Err(ApiError::invalid("model: Field required")) };
    let Some(id) = id.as_str() else {
        return Err(ApiError::invalid("model: Input should be a valid string"));
    };
    let Some(model) = models::find(id) else {
        return Err(ApiError::new(404, "not_found_error", format!("model: {id}")));
    };
    let request = Request { body, model, version, betas, counting, prompt, resumes_pause };
    CHECKS.iter().try_for_each(|check| check(&request))?;
    if prompt.tokens > model.window {
        let (tokens, most) = (prompt.tokens, model.window);
        return Err(ApiError::invalid(format!("prompt is too long: {tokens} tokens > {most} maximum")));
    }
    Ok(model)
}
