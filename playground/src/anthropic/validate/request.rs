//! Types and helpers of all checks: the request, the outcome, and refusals that name a path.

use serde_json::Value;

use crate::anthropic::conversation;
use crate::anthropic::error::ApiError;
use crate::anthropic::models::Model;
use crate::anthropic::transcript::Transcript;

/// A known value of `anthropic-version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Version {
    V2023,
    V2026,
}

/// The outcome of one check.
pub(in super::super) type Check = Result<(), ApiError>;

/// The request as checks see it.
pub(super) struct Request<'a> {
    pub(super) body: &'a Value,
    pub(super) model: &'static Model,
    pub(super) version: Version,
    pub(super) betas: String,
    /// Whether the request only counts tokens, so it has neither a limit nor a stream.
    pub(super) counting: bool,
    pub(super) prompt: &'a Transcript,
    /// Whether the conversation ends with the unchanged content of a paused turn.
    pub(super) resumes_pause: bool,
}

/// Refuses keys that are not in the list.
pub(super) fn only_known(path: &str, object: &Value, known: &[&str]) -> Check {
    let unknown =
        object.as_object().and_then(|fields| fields.keys().find(|key| !known.contains(&key.as_str())));
    unknown.map_or(Ok(()), |key| fail(format!("{path}.{key}"), "Extra inputs are not permitted"))
}

/// Returns a refusal that names the path of the error.
pub(super) fn fail(path: impl AsRef<str>, problem: impl AsRef<str>) -> Check {
    Err(ApiError::invalid(format!("{}: {}", path.as_ref(), problem.as_ref())))
}

/// Returns every content block with its path and the role of its message.
pub(super) fn each_block(body: &Value) -> impl Iterator<Item = (String, &str, &Value)> {
    conversation::messages(body).iter().enumerate().flat_map(|(at, message)| {
        let role = conversation::role(message);
        let blocks = message["content"].as_array().into_iter().flatten().enumerate();
        blocks.map(move |(block, value)| (format!("messages.{at}.content.{block}"), role, value))
    })
}
