//! The client of Anthropic's Messages API: sends requests, reads streams and classifies errors. `encode` and
//! `decode` translate.

mod breakpoints;
mod decode;
mod encode;
mod errors;
mod files;
mod lenient;
mod meter;
mod web;
mod wire;

use std::pin::pin;
use std::time::Duration;

use async_stream::try_stream;
use futures::{Stream, StreamExt};
use reqwest::header::{HeaderMap, HeaderValue, InvalidHeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sse_stream::{Sse, SseByteStream};

use super::error::LlmError;
use super::event::LlmEvent;
use super::request::LlmRequest;
use super::response::LlmResponse;
use decode::Decoder;

/// The version of the API, which decides which fields exist.
const VERSION: &str = "2026-10-21";
/// How long the server may take to send headers, or to answer a count or a check.
const ANSWER_LIMIT: Duration = Duration::from_secs(90);

/// A connection to the API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    headers: HeaderMap,
}

impl Client {
    /// Creates a client for the API at `base_url`, without `/v1`.
    ///
    /// # Errors
    /// Returns an error if the key has characters that are not allowed in a header.
    pub fn new(
        http: reqwest::Client,
        base_url: &str,
        key: &SecretString,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut key = HeaderValue::from_str(key.expose_secret())?;
        key.set_sensitive(true);
        let headers = HeaderMap::from_iter([
            (reqwest::header::HeaderName::from_static("x-api-key"), key),
            (
                reqwest::header::HeaderName::from_static("anthropic-version"),
                HeaderValue::from_static(VERSION),
            ),
        ]);
        Ok(Self { http, base_url: base_url.to_owned(), headers })
    }

    pub(super) async fn ask(&self, request: &LlmRequest) -> Result<LlmResponse, LlmError> {
        let response = self.post("messages", &encode::messages(request)).await;
        let response = response.map_err(|error| errors::blame(error, request))?;
        let request_id = header(&response, "request-id");
        Ok(LlmResponse { request_id, events: events(response).boxed() })
    }

    pub(super) async fn count_tokens(&self, request: &LlmRequest) -> Result<u64, LlmError> {
        let response = self.post("messages/count_tokens", &encode::count(request)).await;
        let response = response.map_err(|error| errors::blame(error, request))?;
        let counted: wire::Counted = response.json().await.map_err(connection)?;
        Ok(counted.input_tokens)
    }

    pub(super) async fn served_models(&self) -> Result<Vec<String>, LlmError> {
        // As many as a page can have, and far more than there are.
        let request = self.request(Method::GET, "models?limit=1000");
        let sent = tokio::time::timeout(ANSWER_LIMIT, request.send()).await;
        let response = sent.map_err(|_| LlmError::Silent(ANSWER_LIMIT))?.map_err(connection)?;
        let served: wire::Models = accepted(response).await?.json().await.map_err(connection)?;
        Ok(served.data.into_iter().map(|model| model.id).collect())
    }

    async fn post(&self, method: &str, body: &impl Serialize) -> Result<Response, LlmError> {
        let request = self.request(Method::POST, method).json(body);
        let sent = tokio::time::timeout(ANSWER_LIMIT, request.send()).await;
        let response = sent.map_err(|_| LlmError::Silent(ANSWER_LIMIT))?.map_err(connection)?;
        accepted(response).await
    }

    fn request(&self, verb: Method, path: &str) -> RequestBuilder {
        self.http.request(verb, format!("{}/v1/{path}", self.base_url)).headers(self.headers.clone())
    }
}

/// Decodes the body of a streamed answer. The stream ends with its first error.
fn events(response: Response) -> impl Stream<Item = Result<LlmEvent, LlmError>> + Send {
    try_stream! {
        let mut decoder = Decoder::default();
        let mut wire_events = pin!(SseByteStream::new(response.bytes_stream()));
        while let Some(wire_event) = wire_events.next().await {
            let Sse { event: name, data: Some(data), .. } = wire_event.map_err(broken)? else { continue };
            for event in decoder.read(name.as_deref(), &data) {
                yield event?;
            }
        }
    }
}

fn broken(error: sse_stream::Error) -> LlmError {
    LlmError::Connection(Box::new(error))
}

/// Turns an unsuccessful answer into its error.
async fn accepted(response: Response) -> Result<Response, LlmError> {
    if response.status() == StatusCode::OK {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let retry_after = header(&response, "retry-after")
        .and_then(|seconds| seconds.parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let should_retry = header(&response, "x-should-retry").and_then(|word| word.parse().ok());
    let body = tokio::time::timeout(ANSWER_LIMIT, response.text()).await;
    let body = body.map_err(|_| LlmError::Silent(ANSWER_LIMIT))?.map_err(connection)?;
    Err(errors::classify(status, &body, retry_after, should_retry))
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn connection(error: reqwest::Error) -> LlmError {
    // The address is not secret, but it adds nothing to the log.
    LlmError::Connection(Box::new(error.without_url()))
}

#[cfg(test)]
mod odd_fields_tests;
#[cfg(test)]
pub(crate) mod stub;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod web_tests;
