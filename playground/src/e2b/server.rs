//! The HTTP server: which call it is, who may make it, and the order of checks. Both planes have one port, as
//! with the shared host of the real service; a sandbox is named by headers.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use parking_lot::Mutex;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::control::{self, ControlCall};
use super::error::ApiError;
use super::faults::{Fault, Faults, Operation};
use super::record::{Call, Log, OpenCall, Outcome};
use super::sandboxes::{Sandbox, Sandboxes};
use super::{execute, inside};
use crate::serving::broken;

/// The ports of a sandbox.
const FILES_PORT: &str = "49983";
const CODE_PORT: &str = "49999";

/// The state that the handlers share.
pub(super) struct Core {
    pub(super) api_key: String,
    pub(super) sandboxes: Mutex<Sandboxes>,
    pub(super) faults: Mutex<Faults>,
    pub(super) log: Arc<Log>,
    pub(super) stop: CancellationToken,
}

/// Returns the routes of the emulated API.
pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new().fallback(serve).layer(DefaultBodyLimit::disable()).with_state(core)
}

/// What a request is about.
struct Route {
    operation: Operation,
    /// The sandbox in the path of a control call.
    id: String,
    /// The part of the path after `/contexts`.
    rest: String,
}

fn route(method: &str, path: &str, port: Option<&str>) -> Route {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let of = |operation, id: &str| Route { operation, id: id.to_owned(), rest: String::new() };
    match (port, method, parts.as_slice()) {
        (None, "POST", ["v2", "sandboxes"]) => of(Operation::Create, ""),
        (None, "GET", ["v2", "sandboxes"]) => of(Operation::List, ""),
        (None, "POST", ["v2", "sandboxes", id, "connect"]) => of(Operation::Connect, id),
        (None, "GET", ["sandboxes", id]) => of(Operation::Inspect, id),
        (None, "DELETE", ["sandboxes", id]) => of(Operation::Kill, id),
        (None, "POST", ["sandboxes", id, "timeout"]) => of(Operation::Extend, id),
        (None, "POST", ["sandboxes", id, "pause"]) => of(Operation::Pause, id),
        (Some(FILES_PORT), "POST", ["files"]) => of(Operation::Upload, ""),
        (Some(FILES_PORT), "GET", ["files"]) => of(Operation::Download, ""),
        (Some(FILES_PORT), "POST", ["filesystem.Filesystem", "ListDir"]) => of(Operation::ListFiles, ""),
        (Some(_), "GET", ["health"]) => of(Operation::Health, ""),
        (Some(CODE_PORT), "POST", ["execute"]) => of(Operation::Execute, ""),
        (Some(CODE_PORT), _, ["contexts", rest @ ..]) => {
            Route { operation: Operation::Contexts, id: String::new(), rest: rest.join("/") }
        }
        _ => of(Operation::Unknown, ""),
    }
}

async fn serve(State(core): State<Arc<Core>>, request: Request) -> Response {
    let headers = Arc::new(request.headers().clone());
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (port, sandbox) = (header("e2b-sandbox-port"), header("e2b-sandbox-id"));
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let route = route(&method, &path, port.as_deref());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let content = if route.operation == Operation::Upload {
        inside::content(request).await
    } else {
        Bytes::from_request(request, &()).await.map_err(|error| ApiError::new(400, error.to_string()))
    };
    let bytes = content.as_ref().cloned().unwrap_or_default();
    let body = match route.operation {
        Operation::Upload => Value::Null,
        _ => serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    let open = core.log.open(Call {
        at: Instant::now(),
        ended: None,
        operation: route.operation,
        line: format!("{method} {path}"),
        headers: headers.clone(),
        sandbox: sandbox.clone().or_else(|| (!route.id.is_empty()).then(|| route.id.clone())),
        query,
        body: body.clone(),
        size: bytes.len(),
        outcome: Outcome::Open,
    });
    let call = Arrived { route, method, headers, sandbox, pairs, body, content };
    answer(&core, call, open).await
}

/// A request that has arrived completely.
struct Arrived {
    route: Route,
    method: String,
    headers: Arc<HeaderMap>,
    sandbox: Option<String>,
    pairs: Vec<(String, String)>,
    body: Value,
    content: Result<Bytes, ApiError>,
}

impl Arrived {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn is_control(&self) -> bool {
        use Operation::{Connect, Create, Extend, Inspect, Kill, List, Pause};
        matches!(self.route.operation, Create | List | Inspect | Connect | Extend | Pause | Kill)
    }
}

async fn answer(core: &Core, call: Arrived, open: OpenCall) -> Response {
    let allowed = if call.is_control() { authorize(core, &call) } else { enter(core, &call) };
    if let Err(error) = allowed {
        return refuse(open, &error);
    }
    let fault = core.faults.lock().take(call.route.operation);
    match &fault {
        Some(Fault::Error(error)) => {
            open.close(Outcome::Failed(error.code, error.message.clone()));
            return error.response();
        }
        Some(Fault::Drop) => {
            open.close(Outcome::Cut);
            return broken(&[]);
        }
        Some(Fault::Slow(pause)) => tokio::select! {
            () = tokio::time::sleep(*pause) => {}
            () = core.stop.cancelled() => return broken(&[]),
        },
        _ => {}
    }
    let performed = if call.is_control() {
        let control = ControlCall {
            operation: call.route.operation,
            id: &call.route.id,
            query: &call.pairs,
            body: &call.body,
            idempotency_key: call.header("idempotency-key"),
        };
        let performed = control::perform(&mut core.sandboxes.lock(), &control, &open);
        core.log.touch();
        performed
    } else if call.route.operation == Operation::Execute {
        match begin(core, &call) {
            Ok((kernel, code, dead)) => return execute::stream(&kernel, code, fault, dead, open),
            Err(error) => Err(error),
        }
    } else {
        inside_call(core, &call)
    };
    match (performed, fault) {
        (Ok(_), Some(Fault::LoseAnswer)) => {
            open.close(Outcome::Cut);
            broken(&[])
        }
        (Ok(response), _) => {
            open.close(Outcome::Finished);
            response
        }
        (Err(error), _) => refuse(open, &error),
    }
}

/// Checks the key of a control call.
fn authorize(core: &Core, call: &Arrived) -> Result<(), ApiError> {
    match call.header("x-api-key") {
        Some(key) if key == core.api_key => Ok(()),
        Some(_) => Err(ApiError::new(401, "Invalid API key, please visit https://e2b.dev/docs/api-key")),
        None => Err(ApiError::new(401, "authorization header is missing")),
    }
}

/// Checks that the sandbox of a call is there and that the call may reach it.
fn enter(core: &Core, call: &Arrived) -> Result<(), ApiError> {
    if call.route.operation == Operation::Unknown {
        return Err(ApiError::new(404, "there is no such call"));
    }
    let id = call.sandbox.as_deref().ok_or_else(|| ApiError::new(400, "E2b-Sandbox-Id is missing"))?;
    let mut sandboxes = core.sandboxes.lock();
    let sandbox = sandboxes.running(id).ok_or_else(ApiError::no_sandbox)?;
    if sandbox
        .traffic_token
        .as_deref()
        .is_some_and(|token| call.header("e2b-traffic-access-token") != Some(token))
    {
        return Err(ApiError::new(
            403,
            "this sandbox is closed to the public: a traffic access token is needed",
        ));
    }
    let token = call.header("x-access-token");
    let needs_token =
        call.header("e2b-sandbox-port") == Some(FILES_PORT) && call.route.operation != Operation::Health;
    match token {
        Some(token) if token != sandbox.access_token => Err(ApiError::new(401, "unauthorized access")),
        None if needs_token => {
            Err(ApiError::new(401, "unauthorized access, please provide a valid access token"))
        }
        _ => Ok(()),
    }
}

fn begin(
    core: &Core,
    call: &Arrived,
) -> Result<(super::kernel::Kernel, String, CancellationToken), ApiError> {
    let mut sandboxes = core.sandboxes.lock();
    let sandbox = running(&mut sandboxes, call)?;
    let (kernel, code) = execute::admit(sandbox, &call.body)?;
    Ok((kernel, code, sandbox.dead.clone()))
}

fn running<'a>(sandboxes: &'a mut Sandboxes, call: &Arrived) -> Result<&'a mut Sandbox, ApiError> {
    sandboxes.running(call.sandbox.as_deref().unwrap_or_default()).ok_or_else(ApiError::no_sandbox)
}

fn inside_call(core: &Core, call: &Arrived) -> Result<Response, ApiError> {
    let content = call.content.clone()?;
    let mut sandboxes = core.sandboxes.lock();
    let sandbox = running(&mut sandboxes, call)?;
    match call.route.operation {
        Operation::Upload => inside::upload(sandbox, &call.pairs, &content),
        Operation::Download => inside::download(sandbox, &call.pairs),
        Operation::ListFiles => inside::list(sandbox, &call.body),
        Operation::Contexts => inside::contexts(sandbox, &call.method, &call.route.rest, &call.body),
        _ if call.header("e2b-sandbox-port") == Some(CODE_PORT) => Ok("OK".into_response()),
        _ => Ok(axum::http::StatusCode::NO_CONTENT.into_response()),
    }
}

fn refuse(open: OpenCall, error: &ApiError) -> Response {
    open.close(match error.code {
        404 | 502 => Outcome::Missing(error.code),
        code => Outcome::Refused(code, error.message.clone()),
    });
    error.response()
}
