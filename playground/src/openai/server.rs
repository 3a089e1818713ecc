//! The HTTP server: the route, the order of checks, and the answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::form::Form;
use super::record::{Log, OpenRequest, Outcome, Request};
use super::reply::{Reply, Transcript, Usage};
use crate::replies;

type Author = Box<dyn Fn(&Request) -> Option<Reply> + Send>;

/// What answers: scripted replies, then the author.
#[derive(Default)]
pub(super) struct Script {
    pub(super) queue: VecDeque<Reply>,
    pub(super) author: Option<Author>,
    pub(super) delay: Duration,
}

/// The state that the handlers share.
pub(super) struct Core {
    pub(super) api_key: String,
    pub(super) script: Mutex<Script>,
    pub(super) log: Arc<Log>,
    pub(super) stop: CancellationToken,
}

/// Returns the routes of the emulated API.
pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/v1/audio/transcriptions", post(transcribe))
        .fallback(unknown)
        .method_not_allowed_fallback(unknown)
        .layer(DefaultBodyLimit::disable())
        .with_state(core)
}

fn entry(request: &HttpRequest) -> Request {
    Request {
        at: Instant::now(),
        path: request.uri().path().to_owned(),
        headers: Arc::new(request.headers().clone()),
        fields: Vec::new(),
        file_name: String::new(),
        mime: String::new(),
        size: 0,
        bytes: Bytes::new(),
        seconds: None,
        outcome: Outcome::Open,
    }
}

async fn unknown(State(core): State<Arc<Core>>, request: HttpRequest) -> Response {
    let problem = format!("Invalid URL ({} {})", request.method(), request.uri().path());
    refuse(core.log.open(entry(&request)), &ApiError::invalid(404, problem))
}

async fn transcribe(State(core): State<Arc<Core>>, request: HttpRequest) -> Response {
    let arrived = entry(&request);
    let (contents, admitted) = Form::read(request).await.admit();
    let entry = contents.record(Request { at: Instant::now(), ..arrived });
    let allowed = authorize(&entry.headers, &core.api_key);
    let language = entry.values("languages[]").chain(entry.values("language")).next().map(str::to_owned);
    let open = core.log.open(entry.clone());
    match allowed.and(admitted) {
        Err(error) => refuse(open, &error),
        Ok(seconds) => {
            let (reply, delay) = choose(&core, &entry);
            answer(&core, open, reply, delay, Facts { seconds, language }).await
        }
    }
}

/// Accepts the configured key and every key that has the form of a real one.
fn authorize(headers: &HeaderMap, configured: &str) -> Result<(), ApiError> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
        None => {
            let message = "You didn't provide an API key. You need to provide your API key in an \
                           Authorization header using Bearer auth.";
            Err(ApiError::invalid(401, message))
        }
        Some(key) if key == configured || key.starts_with("sk-") => Ok(()),
        Some(_) => Err(ApiError::unauthorized()),
    }
}

fn choose(core: &Core, entry: &Request) -> (Reply, Duration) {
    let mut script = core.script.lock();
    let scripted = script.queue.pop_front();
    let reply = scripted.or_else(|| script.author.as_ref().and_then(|author| author(entry)));
    (reply.unwrap_or_else(Reply::usual), script.delay)
}

/// What the answer to a valid request depends on.
struct Facts {
    /// Duration of the file.
    seconds: f64,
    /// The first language that the request hints at.
    language: Option<String>,
}

async fn answer(core: &Core, open: OpenRequest, reply: Reply, delay: Duration, facts: Facts) -> Response {
    let due = reply.due(open, delay, &core.stop, b"{\"text\":\"This sentence has no e").await;
    let (Transcript { text, languages, usage }, open) = match due {
        Ok(due) => due,
        Err(response) => return with_id(response),
    };
    open.close(Outcome::Finished);
    let text = text.unwrap_or_else(|| usual_text(facts.seconds));
    let mut body = json!({ "text": text });
    let languages = languages.unwrap_or_else(|| vec![facts.language.unwrap_or("en".to_owned())]);
    if !languages.is_empty() {
        body["languages"] = json!(languages);
    }
    if let Some(usage) = usage.unwrap_or(Usage::Measured).value(facts.seconds) {
        body["usage"] = usage;
    }
    with_id(Json(body).into_response())
}

/// Returns the sentence that is heard in a file without a script.
fn usual_text(seconds: f64) -> String {
    let whole = seconds.round();
    let plural = if (whole - 1.0).abs() < 0.5 { "" } else { "s" };
    format!("This is what you hear in a recording of {whole} second{plural}.")
}

fn refuse(open: OpenRequest, error: &ApiError) -> Response {
    with_id(replies::refuse(open, error))
}

fn with_id(mut response: Response) -> Response {
    response.headers_mut().insert("x-request-id", HeaderValue::from_static("req_playground"));
    response
}
