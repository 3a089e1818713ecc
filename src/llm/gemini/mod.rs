//! Pictures made by a model: the client of Google's `generateContent` for image models.

mod answer;
mod errors;
mod request;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{RequestBuilder, Response};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::error::LlmError;
use super::patience::patiently;

pub(crate) use answer::{Drawing, DrawnPicture, NoPicture};
pub(crate) use request::{DrawRequest, MOST_SOURCES, SOURCES_LIMIT, Shape, Size, Source};

/// The model that draws. The table of models has its prices.
pub(crate) const MODEL: &str = "gemini-3-pro-image";
/// The longest answer that is read, in bytes. A picture of 4K takes about 20 MB as base64.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// The longest description of an error that is read, in bytes.
const ERROR_LIMIT: usize = 64 * 1024;
/// Answers that are read at once, over all conversations: each takes up to three times its size of memory.
const MAX_READ: usize = 2;
/// The room for the bodies of requests on their way, over all conversations, in KiB.
const BODIES_KIB: u32 = 128 * 1024;
/// Time limit of the check of the key.
const CHECK_LIMIT: Duration = Duration::from_secs(15);
/// The header with the key.
const KEY: HeaderName = HeaderName::from_static("x-goog-api-key");

/// A connection to the API. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: String,
    headers: HeaderMap,
    /// Time limit of one request.
    limit: Duration,
    reading: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
}

impl Client {
    /// Creates a client for the API at `base_url`, which ends in the version. One request takes at most
    /// `limit`.
    ///
    /// # Errors
    /// Returns an error if the key has characters that no header can carry.
    pub(crate) fn new(
        http: reqwest::Client,
        base_url: &str,
        key: &SecretString,
        limit: Duration,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut key = HeaderValue::from_str(key.expose_secret())?;
        key.set_sensitive(true);
        let headers = HeaderMap::from_iter([(KEY, key)]);
        let reading = Arc::new(Semaphore::new(MAX_READ));
        let bodies = Arc::new(Semaphore::new(BODIES_KIB as usize));
        Ok(Self { http, base_url: base_url.to_owned(), headers, limit, reading, bodies })
    }

    /// Draws, and tries again after faults that may pass. An answer without a picture is a [`Drawing`] too,
    /// because it costs money. The caller limits the whole time.
    ///
    /// # Errors
    /// Returns the last error, when trying again did not help or is of no use. A request that was given up
    /// after its time is not repeated, because the service goes on with it.
    pub(crate) async fn draw(&self, request: &DrawRequest<'_>) -> Result<Drawing, LlmError> {
        // As base64, pictures grow by a third.
        let sources: usize = request.sources.iter().map(|source| source.bytes.len()).sum();
        let kib = u32::try_from(sources / 3 * 4 / 1024).unwrap_or(BODIES_KIB).min(BODIES_KIB);
        // The semaphores are never closed, so they always return a permit.
        let _room = self.bodies.acquire_many(kib).await.ok();
        let body = Bytes::from(wire::body(request));
        let drawn = patiently("a drawing", || async {
            match tokio::time::timeout(self.limit, self.ask(request, body.clone())).await {
                Ok(Ok(drawing)) => Ok(Ok(drawing)),
                Ok(Err(error)) => Err(error),
                Err(_elapsed) => Ok(Err(LlmError::Silent(self.limit))),
            }
        });
        drawn.await?
    }

    /// Checks that the service accepts the key and has the model.
    ///
    /// # Errors
    /// Returns the service's refusal, or the failure of the connection.
    pub(crate) async fn check(&self) -> Result<(), LlmError> {
        let request = self.http.get(format!("{}/models/{MODEL}", self.base_url));
        let sent = tokio::time::timeout(CHECK_LIMIT, self.send(request)).await;
        sent.map_err(|_elapsed| LlmError::Silent(CHECK_LIMIT))?.map(drop)
    }

    async fn ask(&self, request: &DrawRequest<'_>, body: Bytes) -> Result<Drawing, LlmError> {
        let post = self.http.post(format!("{}/models/{MODEL}:generateContent", self.base_url));
        let post = post.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        let response = self.send(post).await?;
        let permit = self.reading.clone().acquire_owned().await.ok();
        let body = read(response, ANSWER_LIMIT).await?;
        let (prompt, size) = (request.prompt_usage(), request.shape.size);
        // Decoding 20 MB takes longer than a task may hold its thread.
        let decode = move || {
            let _permit = permit;
            answer::read(&body, prompt, size)
        };
        tokio::task::spawn_blocking(decode).await.unwrap_or(Err(LlmError::BrokenOff))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, LlmError> {
        let response = request.headers(self.headers.clone()).send().await.map_err(connection)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let retry_after = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let retry_after = retry_after.and_then(|text| text.trim().parse::<f64>().ok());
        let retry_after = retry_after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let body = read(response, ERROR_LIMIT).await.unwrap_or_default();
        Err(errors::of(status, retry_after, &body))
    }
}

/// Reads a body to its end, or until it is longer than `limit` bytes.
async fn read(mut response: Response, limit: usize) -> Result<Vec<u8>, LlmError> {
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(connection)? {
        content.extend_from_slice(&chunk);
        if content.len() > limit {
            return Err(LlmError::TooLong(format!("an answer of more than {limit} bytes")));
        }
    }
    Ok(content)
}

fn connection(error: reqwest::Error) -> LlmError {
    // The address is no secret, but it is noise.
    LlmError::Connection(Box::new(error.without_url()))
}
