//! The HTTP server: routes, the order of checks, and the record of every request.

mod bodies;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::cache::PromptCache;
use super::compose::{ComposeInput, compose};
use super::endpoint::Endpoint;
use super::error::{ApiError, json_response};
use super::files::{self, Known, Store};
use super::ids::Ids;
use super::models::{self, MODELS, Model};
use super::planner::ResponsePlanner;
use super::playback::{self, Pacing};
use super::record::{Log, Outcome, Recorded, ResponseLog};
use super::reply::{Plan, Step};
use super::transcript::Transcript;
use super::validate;
use bodies::{event_stream, read_body};

pub(super) use bodies::broken_response;

/// The state that the handlers share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) api_key: String,
    pub(super) chunk_chars: usize,
    pub(super) pacing: Mutex<Pacing>,
    pub(super) planner: Mutex<ResponsePlanner>,
    pub(super) cache: Mutex<PromptCache>,
    /// Errors of the next calls of `count_tokens`.
    pub(super) count_faults: Mutex<VecDeque<ApiError>>,
    pub(super) log: Arc<Log>,
    pub(super) files: Mutex<Store>,
    pub(super) file_log: Arc<Log>,
    pub(super) ids: Ids,
    pub(super) stop: CancellationToken,
}

/// Returns the routes of the emulated API.
pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/v1/messages", post(messages))
        .route("/v1/messages/count_tokens", post(count_tokens))
        .route("/v1/models", get(list_models))
        .route("/v1/models/{id}", get(one_model))
        .merge(files::routes())
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .with_state(core)
}

/// A request whose body has been read, before any check.
struct ReceivedRequest {
    request_id: String,
    entry: Recorded,
    known: Known,
    vanished: bool,
    not_json: Option<String>,
    too_large: bool,
}

/// A body that passed every check.
struct Admitted {
    body: Arc<Value>,
    model: &'static Model,
    prompt: Transcript,
}

impl ReceivedRequest {
    async fn read(core: &Core, request: Request, endpoint: Endpoint) -> Self {
        let (parts, body) = request.into_parts();
        let (raw, too_large) = read_body(body).await;
        Self::new(core, parts, raw, endpoint, too_large)
    }

    fn new(core: &Core, parts: Parts, raw: Bytes, endpoint: Endpoint, too_large: bool) -> Self {
        let (body, not_json) = match serde_json::from_slice(&raw) {
            Ok(body) => (body, None),
            Err(error) => (Value::Null, Some(error.to_string())),
        };
        let known = Known::of(&body, &mut core.files.lock());
        let sent = files::sent(&body, &known);
        let entry = Recorded { sent, ..Recorded::new(endpoint, parts.headers, body, raw) };
        Self {
            request_id: core.ids.next("req_"),
            entry,
            vanished: known.vanished(),
            known,
            not_json,
            too_large,
        }
    }

    fn admit(&mut self, core: &Core, counting: bool) -> Result<Admitted, ApiError> {
        validate::credentials(&self.entry.headers, &core.api_key)?;
        validate::json_content(&self.entry.headers)?;
        if self.too_large {
            return Err(ApiError::new(413, "request_too_large", "Request exceeds the maximum size of 32 MB"));
        }
        if let Some(problem) = &self.not_json {
            return Err(ApiError::invalid(format!("The request body is not valid JSON: {problem}")));
        }
        let body = Arc::clone(&self.entry.body);
        let prompt = Transcript::with(&body, std::mem::take(&mut self.known));
        let resumes_pause = core.planner.lock().resumes_pause(&prompt);
        let model = validate::body(&self.entry.headers, &body, counting, &prompt, resumes_pause)?;
        Ok(Admitted { body, model, prompt })
    }

    /// Answers immediately and records the outcome.
    fn finish(self, core: &Core, outcome: Outcome, response: Response<Body>) -> Response<Body> {
        let last_byte_at = Some(Instant::now());
        core.log.add(Recorded { outcome, last_byte_at, ..self.entry });
        response
    }

    /// Records a refusal. If a test has removed a file that the request names, it counts as an injected
    /// fault, because the client could not know.
    fn refuse(self, core: &Core, error: &ApiError) -> Response<Body> {
        if self.vanished && error.status == 404 {
            return self.fail(core, error);
        }
        let response = error.response(&self.request_id);
        self.finish(core, Outcome::Refused(error.status, error.message.clone()), response)
    }

    fn fail(self, core: &Core, error: &ApiError) -> Response<Body> {
        let response = error.response(&self.request_id);
        self.finish(core, Outcome::Failed(error.status, error.message.clone()), response)
    }

    fn answer(self, core: &Core, body: &Value) -> Response<Body> {
        let response = json_response(StatusCode::OK, body, &self.request_id);
        self.finish(core, Outcome::Finished, response)
    }
}

async fn messages(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let mut arrival = ReceivedRequest::read(&core, request, Endpoint::Messages).await;
    let admitted = match arrival.admit(&core, false) {
        Ok(admitted) => admitted,
        Err(error) => return arrival.refuse(&core, &error),
    };
    let plan = core.planner.lock().plan(&admitted.body, admitted.model, &admitted.prompt);
    match plan {
        Plan::Fail(error) => arrival.fail(&core, &error),
        Plan::Steps(steps) => play(&core, arrival, &admitted, steps).await,
        Plan::Scenario(_) => unreachable!("the director turns scenarios into steps or errors"),
    }
}

async fn play(
    core: &Core,
    arrival: ReceivedRequest,
    admitted: &Admitted,
    steps: Vec<Step>,
) -> Response<Body> {
    let Admitted { body, model, prompt } = admitted;
    let request_id = arrival.request_id;
    let answer = compose(
        &ComposeInput {
            body,
            model,
            input: core.cache.lock().charge(prompt, model.min_cacheable),
            prefix: prompt.prefix,
            chunk_chars: core.chunk_chars,
            ids: &core.ids,
            request_id: &request_id,
        },
        steps,
    );
    if let Some(prefix) = answer.paused_at {
        core.planner.lock().pause(prefix);
    }
    let pacing = *core.pacing.lock();
    let streams = body["stream"] == true;
    let mut response_log = ResponseLog::open(&core.log, Recorded { streams, ..arrival.entry });
    if streams {
        return event_stream(playback::stream(answer, response_log, pacing, core.stop.clone()), &request_id);
    }
    if playback::wait_for_all(answer.items, pacing, core.stop.clone()).await.is_err() {
        response_log.close(Outcome::Cut);
        return broken_response(&request_id);
    }
    response_log.wrote(true);
    if let Some(error) = answer.error {
        response_log.close(Outcome::Failed(error.status, error.message.clone()));
        return error.response(&request_id);
    }
    response_log.close(Outcome::Finished);
    json_response(StatusCode::OK, &answer.message, &request_id)
}

async fn count_tokens(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let mut arrival = ReceivedRequest::read(&core, request, Endpoint::CountTokens).await;
    match arrival.admit(&core, true) {
        Ok(_) if let Some(error) = core.count_faults.lock().pop_front() => arrival.fail(&core, &error),
        Ok(admitted) => arrival.answer(&core, &json!({ "input_tokens": admitted.prompt.tokens })),
        Err(error) => arrival.refuse(&core, &error),
    }
}

#[derive(Debug, serde::Deserialize)]
struct Page {
    limit: Option<usize>,
    after_id: Option<String>,
    before_id: Option<String>,
}

async fn list_models(
    State(core): State<Arc<Core>>,
    Query(page): Query<Page>,
    request: Request,
) -> Response<Body> {
    let arrival = ReceivedRequest::read(&core, request, Endpoint::Models).await;
    if let Err(error) = validate::credentials(&arrival.entry.headers, &core.api_key) {
        return arrival.refuse(&core, &error);
    }
    let all: Vec<Value> = MODELS.iter().map(models::describe).collect();
    let position =
        |id: &Option<String>| all.iter().position(|model| id.as_deref().is_some_and(|id| model["id"] == id));
    let from = position(&page.after_id).map_or(0, |at| at + 1);
    let to = position(&page.before_id).unwrap_or(all.len()).max(from);
    let rest = &all[from..to];
    let data = &rest[..rest.len().min(page.limit.unwrap_or(20).clamp(1, 1000))];
    let body = json!({
        "data": data,
        "has_more": data.len() < rest.len(),
        "first_id": data.first().map(|model| &model["id"]),
        "last_id": data.last().map(|model| &model["id"]),
    });
    arrival.answer(&core, &body)
}

async fn one_model(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let arrival = ReceivedRequest::read(&core, request, Endpoint::Models).await;
    if let Err(error) = validate::credentials(&arrival.entry.headers, &core.api_key) {
        return arrival.refuse(&core, &error);
    }
    match models::find(&id) {
        Some(model) => arrival.answer(&core, &models::describe(model)),
        None => arrival.refuse(&core, &ApiError::new(404, "not_found_error", format!("model: {id}"))),
    }
}

async fn unknown_path(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let arrival = ReceivedRequest::read(&core, request, Endpoint::Unknown).await;
    arrival.refuse(&core, &ApiError::new(404, "not_found_error", "Not found"))
}

async fn unknown_method(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let arrival = ReceivedRequest::read(&core, request, Endpoint::Unknown).await;
    arrival.refuse(&core, &ApiError::new(405, "invalid_request_error", "Method Not Allowed"))
}
