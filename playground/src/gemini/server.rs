//! The HTTP server: the routes, the order of checks, and the answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{DefaultBodyLimit, Request as HttpRequest, State};
use axum::http::{HeaderMap, Method};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::answer;
use super::error::ApiError;
use super::record::{Log, OpenRequest, Outcome, Request};
use super::reply::{Answer, Reply};
use super::request::{self, REQUEST_LIMIT, Wanted};
use crate::replies::{ErrorAnswer as _, refuse};

/// The models that draw.
const MODELS: [&str; 1] = ["gemini-3-pro-image"];
/// The most bytes of a request that are read, above the limit of the API so that its refusal is seen.
const READ_LIMIT: usize = REQUEST_LIMIT * 4;

/// What answers: scripted replies, then the words of the prompt.
#[derive(Default)]
pub(super) struct Script {
    pub(super) queue: VecDeque<Reply>,
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
    // The name of a model and that of the method are one segment of the path, `model:method`.
    Router::new().fallback(serve).layer(DefaultBodyLimit::disable()).with_state(core)
}

async fn serve(State(core): State<Arc<Core>>, http: HttpRequest) -> Response {
    let (head, body) = http.into_parts();
    let body = axum::body::to_bytes(body, READ_LIMIT).await.unwrap_or_default();
    let (path, query) = (head.uri.path().to_owned(), head.uri.query().unwrap_or_default().to_owned());
    let open = core.log.open(Request {
        at: Instant::now(),
        path: path.clone(),
        query,
        headers: Arc::new(head.headers.clone()),
        body: Arc::new(serde_json::from_slice(&body).unwrap_or_default()),
        outcome: Outcome::Open,
        usage: Arc::default(),
    });
    let called = match route(&head.method, &path).and_then(|called| {
        authorize(&head.headers, &core.api_key)?;
        Ok(called)
    }) {
        Ok(called) => called,
        Err(error) => return refuse(open, &error),
    };
    let Called::Generate(model) = called else {
        open.close(Outcome::Finished);
        return described(&path);
    };
    match request::check(&body) {
        Err(error) => refuse(open, &error),
        Ok(wanted) => {
            let (reply, delay) = choose(&core, &wanted);
            respond(&core, open, reply, delay, (wanted, model)).await
        }
    }
}

/// The method of the API that a request calls.
enum Called {
    Describe,
    Generate(String),
}

fn route(method: &Method, path: &str) -> Result<Called, ApiError> {
    let not_found = || ApiError::new(404, "NOT_FOUND", format!("Not found: {method} {path}"));
    let name = path.strip_prefix("/v1beta/models/").ok_or_else(not_found)?;
    let (model, action) = name.split_once(':').map_or((name, None), |(model, action)| (model, Some(action)));
    if !MODELS.contains(&model) {
        let message = format!(
            "models/{model} is not found for API version v1beta, or is not supported for generateContent. Call \
             ListModels to see the list of available models and their supported methods."
        );
        return Err(ApiError::new(404, "NOT_FOUND", message));
    }
    match action {
        None if *method == Method::GET => Ok(Called::Describe),
        Some("generateContent") if *method == Method::POST => Ok(Called::Generate(model.to_owned())),
        _ => Err(not_found()),
    }
}

/// Accepts the configured key and every key that has the form of a real one, in the header only: the real
/// service also takes it in the URL, where it would reach logs.
fn authorize(headers: &HeaderMap, configured: &str) -> Result<(), ApiError> {
    match headers.get("x-goog-api-key").and_then(|value| value.to_str().ok()) {
        None => {
            let message = "Method doesn't allow unregistered callers (callers without established identity). \
                           Please use API Key or other form of API consumer identity to call this API.";
            Err(ApiError::new(403, "PERMISSION_DENIED", message))
        }
        Some(key) if key == configured || key.starts_with("AIza") => Ok(()),
        Some(_) => Err(ApiError::wrong_key()),
    }
}

fn described(path: &str) -> Response {
    let name = path.trim_start_matches("/v1beta/");
    Json(json!({"name": name, "displayName": "Nano Banana Pro", "inputTokenLimit": 131_072,
        "outputTokenLimit": 32_768, "supportedGenerationMethods": ["generateContent", "countTokens"]}))
    .into_response()
}

fn choose(core: &Core, wanted: &Wanted) -> (Reply, Duration) {
    let mut script = core.script.lock();
    let reply = script.queue.pop_front().unwrap_or_else(|| Reply::chosen_by(&wanted.prompt));
    (reply, script.delay)
}

/// Ends a request with this answer.
fn finish(mut open: OpenRequest, answer: &Value) {
    let usage = Arc::new(answer["usageMetadata"].clone());
    open.settle(Outcome::Finished, |entry| entry.usage = usage);
}

async fn respond(
    core: &Core,
    open: OpenRequest,
    reply: Reply,
    delay: Duration,
    (wanted, model): (Wanted, String),
) -> Response {
    let id = format!("response-{}", open.number());
    let beginning = b"{\"candidates\":[{\"content\":{\"parts\":[{\"inlineData\":{\"data\":\"iVBOR";
    let (answer, open) = match reply.due(open, delay, &core.stop, beginning).await {
        Ok(due) => due,
        Err(response) => return response,
    };
    match answer {
        Answer::Blocked(reason) => {
            let body = answer::blocked(&wanted, &reason, &model, &id);
            finish(open, &body);
            Json(body).into_response()
        }
        Answer::Candidates(plan) => {
            let painting = move || answer::candidates(&wanted, &plan, &model, &id).ok();
            let body: Option<Value> = tokio::task::spawn_blocking(painting).await.ok().flatten();
            finish(open, body.as_ref().unwrap_or(&Value::Null));
            body.map_or_else(|| ApiError::internal().response(), |body| Json(body).into_response())
        }
    }
}
