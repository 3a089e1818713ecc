//! Decides whether the API would take a request. The checks run in the order of [`CHECKS`]; the first
//! broken rule is the answer, with the path of what broke it. One file a subject; each carries a table
//! of cases that runs against the function here and again over HTTP.

mod blocks;
mod cache_marks;
mod citations;
mod fields;
mod files;
mod headers;
mod messages;
mod pairing;
mod signatures;
#[cfg(test)]
pub(super) mod testing;
mod thinking;
mod tools;

use axum::http::HeaderMap;
use serde_json::Value;

pub(super) use headers::{Version, credentials, json_content, version};

use super::error::ApiError;
use super::models::{self, Model};
use super::transcript::Transcript;

/// The outcome of one check.
pub(super) type Check = Result<(), ApiError>;

/// Everything that a check may look at.
pub(super) struct Request<'a> {
    pub(super) body: &'a Value,
    pub(super) model: &'static Model,
    pub(super) version: Version,
    pub(super) betas: String,
    /// The request only asks for a count, so it has neither a limit nor a stream.
    pub(super) counting: bool,
    pub(super) prompt: &'a Transcript,
    /// The conversation ends with the unchanged content of a paused turn.
    pub(super) resumes_pause: bool,
}

const CHECKS: &[fn(&Request<'_>) -> Check] = &[
    fields::check,
    messages::check,
    cache_marks::check,
    blocks::check,
    files::check,
    citations::check,
    tools::check,
    pairing::check,
    thinking::check,
    signatures::check,
];

/// Checks a body whose headers and JSON are fine already; gives the model that it is for.
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

/// Refuses keys that are not in the list.
fn only_known(path: &str, object: &Value, known: &[&str]) -> Check {
    let unknown =
        object.as_object().and_then(|fields| fields.keys().find(|key| !known.contains(&key.as_str())));
    unknown.map_or(Ok(()), |key| fail(format!("{path}.{key}"), "Extra inputs are not permitted"))
}

/// A refusal that names its place.
fn fail(path: impl AsRef<str>, problem: impl AsRef<str>) -> Check {
    Err(ApiError::invalid(format!("{}: {}", path.as_ref(), problem.as_ref())))
}

/// Every block that is an object, with role and path.
fn each_block(body: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    super::conversation::messages(body).iter().enumerate().flat_map(|(at, message)| {
        let role = super::conversation::role(message);
        let blocks = message["content"].as_array().into_iter().flatten().enumerate();
        blocks.map(move |(block, value)| (format!("messages.{at}.content.{block}"), role, value))
    })
}
