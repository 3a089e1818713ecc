//! The Files API: copies of people's files that messages refer to by id. Any request with the key can use any
//! id, so an id never comes from a person or a model.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::CONTENT_TYPE;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};

use super::super::content;
use super::super::error::LlmError;
use super::super::files::{self, Upload};
use super::super::patience;
use super::wire::Stored;
use super::{Client, accepted, connection};

/// The time limit for uploading a file, including all tries and pauses.
const UPLOAD_LIMIT: Duration = Duration::from_secs(60);
/// The time limit for deleting a copy, including all tries and pauses.
const FORGET_LIMIT: Duration = Duration::from_secs(20);
/// How long a copy is kept, in seconds: the longest that the API offers, 90 days.
const KEPT_SECONDS: &str = "7776000";
/// The longest name, in code points.
const LONGEST_NAME: usize = 255;
/// Characters that a name may not contain, besides control characters.
const FORBIDDEN: &[char] = &['<', '>', ':', '"', '|', '?', '*', '\\', '/'];

impl Client {
    pub(in crate::llm) async fn upload(&self, upload: Upload) -> Result<String, LlmError> {
        let Upload { name, mime, bytes } = upload;
        let (bytes, mime) = sent(&mime, &name, Bytes::from(bytes))?;
        let name = fit_name(&name);
        let send = || async {
            let length = bytes.len() as u64;
            let headers = [(CONTENT_TYPE, mime.parse().map_err(unusable)?)];
            let part = Part::stream_with_length(Body::from(bytes.clone()), length)
                .file_name(name.clone())
                .headers(headers.into_iter().collect());
            let form = Form::new().text("expires_in_seconds", KEPT_SECONDS).part("file", part);
            let request = self.request(Method::POST, "files").multipart(form);
            let stored: Stored = accepted(request.send().await.map_err(connection)?)
                .await?
                .json()
                .await
                .map_err(connection)?;
            Ok(stored.id)
        };
        patiently(UPLOAD_LIMIT, send).await.map_err(without_words)
    }

    pub(in crate::llm) async fn forget(&self, id: &str) -> Result<(), LlmError> {
        let path = format!("files/{id}");
        let send = || async {
            let sent = self.request(Method::DELETE, &path).send().await.map_err(connection)?;
            match accepted(sent).await {
                Err(LlmError::Rejected { status: 404, .. }) => Ok(()),
                answer => answer.map(drop),
            }
        };
        patiently(FORGET_LIMIT, send).await
    }
}

/// Repeats an operation until it succeeds, the error is permanent or the time is over.
async fn patiently<T, F>(limit: Duration, work: impl Fn() -> F) -> Result<T, LlmError>
where
    F: Future<Output = Result<T, LlmError>>,
{
    let tries = patience::patiently("a file", work);
    tokio::time::timeout(limit, tries).await.map_err(|_| LlmError::Silent(limit))?
}

fn unusable(error: reqwest::header::InvalidHeaderValue) -> LlmError {
    LlmError::Connection(Box::new(error))
}

/// Returns the content and its MIME type as messages accept them. A file that no message will show is
/// returned unchanged.
fn sent(mime: &str, name: &str, bytes: Bytes) -> Result<(Bytes, String), LlmError> {
    if let Ok(readable) = files::readable(mime, name, bytes.len() as u64) {
        let (bytes, mime) = content::checked(readable, bytes).map_err(LlmError::Unreadable)?;
        return Ok((bytes, mime.to_owned()));
    }
    let essence = files::essence(mime);
    let is_fit = essence.contains('/') && essence.bytes().all(|byte| byte.is_ascii_graphic());
    Ok((bytes, if is_fit { essence } else { "application/octet-stream".to_owned() }))
}

/// Removes the provider's message from an error, because it may quote the name of the file.
fn without_words(error: LlmError) -> LlmError {
    match error {
        LlmError::Rejected { status, kind, .. } => {
            LlmError::Rejected { status, kind, message: "(about a file)".to_owned() }
        }
        error => error,
    }
}

/// Returns the name as the API accepts it: up to 255 characters without forbidden ones, with its extension.
fn fit_name(name: &str) -> String {
    let fit = |c: char| if c.is_control() || FORBIDDEN.contains(&c) { '_' } else { c };
    let name: String = name.trim().chars().map(fit).collect();
    let length = name.chars().count();
    if name.is_empty() {
        return "file".to_owned();
    }
    if length <= LONGEST_NAME {
        return name;
    }
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let tail = extension
        .filter(|extension| extension.chars().count() <= 10)
        .map(|extension| format!(".{extension}"));
    let tail = tail.unwrap_or_default();
    let head = LONGEST_NAME - tail.chars().count();
    name.chars().take(head).chain(tail.chars()).collect()
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
