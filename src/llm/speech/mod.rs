//! Speech to text: the client of OpenAI's transcription API.

mod duration;
mod formats;
mod wire;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, InvalidHeaderValue};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Response, StatusCode};
use rust_decimal::Decimal;
use secrecy::{ExposeSecret, SecretString};

use super::error::LlmError;
use super::files;
use super::patience::patiently;
pub(crate) use duration::{estimate as estimated_duration, read as duration};
pub(crate) use formats::{is_heard, is_media};
pub(crate) use wire::Transcript;

/// The model that transcribes.
const MODEL: &str = "gpt-transcribe";
/// The largest file that the API accepts, in bytes.
pub(crate) const FILE_LIMIT: u64 = 25 * 1024 * 1024;
/// The longest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;
/// Time limit of the check of the key.
const CHECK_LIMIT: Duration = Duration::from_secs(15);
/// The pause after a rate limit that names no time.
const RATE_PAUSE: Duration = Duration::from_secs(2);
/// A recording to transcribe.
#[derive(Clone, Debug)]
pub(crate) struct Recording {
    /// The file name from the sender, or a generated one.
    pub name: String,
    /// The MIME type, as far as it is known.
    pub mime: String,
    /// The content.
    pub bytes: Bytes,
    /// The language as ISO 639-1 code, if it is known; otherwise the service finds it out.
    pub language: Option<String>,
}

/// A connection to the API. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: String,
    headers: HeaderMap,
    /// Time limit of one request.
    limit: Duration,
}

impl Client {
    /// Creates a client for the API at `base_url`, which ends in `/v1`. One request takes at most `limit`.
    ///
    /// # Errors
    /// Returns an error if the key has characters that no header can carry.
    pub(crate) fn new(
        http: reqwest::Client,
        base_url: &str,
        key: &SecretString,
        limit: Duration,
    ) -> Result<Self, InvalidHeaderValue> {
        let mut key = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()))?;
        key.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, key)]);
        Ok(Self { http, base_url: base_url.to_owned(), headers, limit })
    }

    /// Transcribes a recording, and tries again after faults that may pass. The caller limits the whole time.
    /// `asking` is set while a request is under way, and stays so if the future is dropped meanwhile; in the pauses
    /// after failed requests it is not.
    ///
    /// # Errors
    /// Returns the last error, when trying again did not help or is of no use.
    pub(crate) async fn transcribe(
        &self,
        recording: &Recording,
        asking: &AtomicBool,
    ) -> Result<Transcript, LlmError> {
        if recording.bytes.len() as u64 > FILE_LIMIT {
            return Err(LlmError::Unreadable(files::Unreadable::TooLarge { limit: FILE_LIMIT }));
        }
        patiently("a transcription", || async {
            asking.store(true, Ordering::Relaxed);
            let asked = tokio::time::timeout(self.limit, self.ask(recording)).await;
            asking.store(false, Ordering::Relaxed);
            asked.unwrap_or(Err(LlmError::Silent(self.limit)))
        })
        .await
    }

    /// Checks that the service can be reached and does not reject the key.
    ///
    /// # Errors
    /// Returns the service's refusal, or the failure of the connection.
    pub(crate) async fn check(&self) -> Result<(), LlmError> {
        let request = self.http.get(format!("{}/models", self.base_url)).headers(self.headers.clone());
        let sent = tokio::time::timeout(CHECK_LIMIT, request.send()).await;
        let response = sent.map_err(|_| LlmError::Silent(CHECK_LIMIT))?.map_err(connection)?;
        match response.status() {
            // A service of the same form may have no list of models.
            StatusCode::NOT_FOUND => Ok(()),
            status if status.is_success() => Ok(()),
            _ => Err(refusal(response).await),
        }
    }

    async fn ask(&self, recording: &Recording) -> Result<Transcript, LlmError> {
        let Recording { name, mime, bytes, language } = recording;
        let length = bytes.len() as u64;
        let mut part = Part::stream_with_length(Body::from(bytes.clone()), length)
            .file_name(formats::file_name(name, mime));
        if let Ok(mime) = HeaderValue::from_str(&files::essence(mime)) {
            part = part.headers(HeaderMap::from_iter([(CONTENT_TYPE, mime)]));
        }
        let mut form = Form::new().text("model", MODEL).text("response_format", "json");
        if let Some(language) = language {
            form = form.text("languages[]", language.clone());
        }
        let form = form.part("file", part);
        let url = format!("{}/audio/transcriptions", self.base_url);
        let request = self.http.post(url).headers(self.headers.clone()).multipart(form);
        let response = request.send().await.map_err(connection)?;
        let request_id = header(&response, "x-request-id");
        if !response.status().is_success() {
            return match refusal(response).await {
                LlmError::Rejected { kind, .. } if kind == wire::TOO_SHORT => Ok(Transcript {
                    text: String::new(),
                    language: None,
                    seconds: Some(Decimal::ZERO),
                    request_id,
                }),
                error => Err(error),
            };
        }
        let transcript = wire::read(&body(response).await?)?;
        Ok(Transcript { request_id, ..transcript })
    }
}

/// Returns the error that an answer other than a success stands for. The service's words about a file are
/// left out, because they may quote it.
async fn refusal(response: Response) -> LlmError {
    let status = response.status().as_u16();
    let retry_after = header(&response, "retry-after")
        .and_then(|seconds| seconds.parse::<f64>().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let body = body(response).await.unwrap_or_default();
    let kind = wire::code(&body).unwrap_or_else(|| "unknown".to_owned());
    match status {
        // An account without credit is limited too, but waiting does not help.
        429 if kind == wire::NO_CREDIT => LlmError::RateLimited { message: kind, retry_after: None },
        429 => LlmError::RateLimited { message: kind, retry_after: retry_after.or(Some(RATE_PAUSE)) },
        503 | 529 => LlmError::Overloaded(kind),
        408 | 409 | 500.. => LlmError::Provider { status, message: kind },
        _ => LlmError::Rejected { status, kind, message: "(about a recording)".to_owned() },
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, LlmError> {
    let mut content = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(connection)? {
        content.extend_from_slice(&chunk);
        if content.len() > ANSWER_LIMIT {
            return Err(LlmError::BrokenOff);
        }
    }
    Ok(content)
}

fn header(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name)?.to_str().ok().map(str::to_owned)
}

fn connection(error: reqwest::Error) -> LlmError {
    // The address is no secret, but it is noise.
    LlmError::Connection(Box::new(error.without_url()))
}
