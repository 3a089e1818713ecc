//! The HTTP side of the Files API.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, header};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::faults::FileFault;
use super::form::Form;
use super::store::Stored;
use crate::anthropic::endpoint::Endpoint;
use crate::anthropic::error::{ApiError, common_headers};
use crate::anthropic::record::{Outcome, Recorded, ResponseLog};
use crate::anthropic::server::{Core, broken_response};
use crate::anthropic::validate;

const MOST_IDS: usize = 100;
const MOST_A_PAGE: usize = 1000;
const USUAL_PAGE: usize = 20;

/// Returns the routes below `/v1/files`.
pub(in super::super) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/v1/files", post(upload).get(list))
        .route("/v1/files/{id}", get(one).delete(remove))
        .route("/v1/files/{id}/content", get(content))
        .layer(DefaultBodyLimit::disable())
}

/// The result of a call that meets no fault.
enum FileResponse {
    Json(Value),
    Bytes(Arc<Stored>),
}

async fn upload(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let most = core.files.lock().limits.file;
    let headers = request.headers().clone();
    let form = Form::read(request, most).await;
    let entry = Recorded::new(Endpoint::UploadFile, headers, form.record(), Bytes::new());
    let admitted = admit(&core, &entry.headers).and_then(|()| form.admit(most));
    serve(&core, entry, admitted, |core, incoming| {
        let id = core.ids.next("file_");
        Ok(FileResponse::Json(core.files.lock().add(id, incoming)?.object()))
    })
    .await
}

async fn list(State(core): State<Arc<Core>>, request: Request) -> Response<Body> {
    let entry = Recorded::new(Endpoint::ReadFiles, request.headers().clone(), Value::Null, Bytes::new());
    let query = request.uri().query().unwrap_or_default();
    let admitted = admit(&core, &entry.headers).and_then(|()| Listing::read(query));
    serve(&core, entry, admitted, |core, listing| Ok(listing.answer(core))).await
}

async fn one(State(core): State<Arc<Core>>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    by_id(&core, Endpoint::ReadFiles, id, headers, |core, id| {
        let stored = core.files.lock().listed(id).map_err(|missing| missing.error(id))?;
        Ok(FileResponse::Json(stored.object()))
    })
    .await
}

async fn content(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response<Body> {
    by_id(&core, Endpoint::ReadFiles, id, headers, |core, id| {
        let mut store = core.files.lock();
        let stored = store.listed(id).map_err(|missing| missing.error(id))?;
        if !stored.downloadable {
            let problem = format!("File {id} is not downloadable: only files that a tool made are");
            return Err(ApiError { code: Some("file_not_downloadable"), ..ApiError::invalid(problem) });
        }
        store.find(id).map(FileResponse::Bytes).map_err(|missing| missing.error(id))
    })
    .await
}

async fn remove(State(core): State<Arc<Core>>, Path(id): Path<String>, headers: HeaderMap) -> Response<Body> {
    by_id(&core, Endpoint::DeleteFile, id, headers, |core, id| {
        core.files.lock().delete(id).map_err(|missing| missing.error(id))?;
        Ok(FileResponse::Json(json!({"id": id, "type": "file_deleted"})))
    })
    .await
}

async fn by_id(
    core: &Core,
    endpoint: Endpoint,
    id: String,
    headers: HeaderMap,
    action: impl FnOnce(&Core, &str) -> Result<FileResponse, ApiError>,
) -> Response<Body> {
    let entry = Recorded::new(endpoint, headers, json!({ "id": id }), Bytes::new());
    let admitted = admit(core, &entry.headers);
    serve(core, entry, admitted, |core, ()| action(core, &id)).await
}

fn admit(core: &Core, headers: &HeaderMap) -> Result<(), ApiError> {
    validate::credentials(headers, &core.api_key)?;
    validate::version(headers).map(|_| ())
}

/// Carries out a call: refusals first, then an injected fault, then the action.
async fn serve<T>(
    core: &Core,
    entry: Recorded,
    admitted: Result<T, ApiError>,
    action: impl FnOnce(&Core, T) -> Result<FileResponse, ApiError>,
) -> Response<Body> {
    let request_id = core.ids.next("req_");
    let fault = if admitted.is_ok() { core.files.lock().faults.take(entry.endpoint) } else { None };
    // A client that repeats a deletion, because it did not see the first answer, does nothing wrong.
    let repeated = entry.endpoint == Endpoint::DeleteFile;
    let vanished = entry.body["id"].as_str().is_some_and(|id| {
        let store = core.files.lock();
        store.vanished(id) || (repeated && store.was_deleted(id))
    });
    let response_log = ResponseLog::open(&core.file_log, entry);
    let cut = |response_log: ResponseLog| {
        response_log.close(Outcome::Cut);
        broken_response(&request_id)
    };
    match &fault {
        Some(FileFault::Error(error)) => {
            response_log.close(Outcome::Failed(error.status, error.message.clone()));
            return error.response(&request_id);
        }
        Some(FileFault::Cut) => return cut(response_log),
        Some(FileFault::Hold(gate)) => tokio::select! {
            () = gate.clone().pass() => {}
            () = core.stop.cancelled() => return cut(response_log),
        },
        Some(FileFault::CutAfter) | None => {}
    }
    match admitted.and_then(|admitted| action(core, admitted)) {
        Ok(_) if matches!(fault, Some(FileFault::CutAfter)) => cut(response_log),
        Ok(answer) => {
            response_log.close(Outcome::Finished);
            respond(&answer, &request_id)
        }
        Err(error) => {
            let (status, problem) = (error.status, error.message.clone());
            let refused = if vanished { Outcome::Failed } else { Outcome::Refused };
            response_log.close(refused(status, problem));
            error.response(&request_id)
        }
    }
}

fn respond(answer: &FileResponse, request_id: &str) -> Response<Body> {
    let (kind, body) = match answer {
        FileResponse::Json(value) => ("application/json", Bytes::from(value.to_string())),
        FileResponse::Bytes(stored) => (stored.mime.as_str(), stored.bytes.clone()),
    };
    let mut response = Response::new(Body::from(body));
    if let Ok(kind) = HeaderValue::from_str(kind) {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    common_headers(response.headers_mut(), request_id);
    response
}

/// The parameters of a list.
enum Listing {
    Page { limit: usize, before: Option<String> },
    Ids(HashSet<String>),
}

impl Listing {
    fn read(query: &str) -> Result<Self, ApiError> {
        let (mut limit, mut page, mut ids) = (None, None, HashSet::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "limit" => limit = Some(page_size(&value)?),
                "page" => page = Some(value.into_owned()),
                "ids[]" => {
                    ids.insert(value.into_owned());
                }
                other => return Err(ApiError::invalid(format!("{other}: Extra inputs are not permitted"))),
            }
        }
        if ids.is_empty() {
            let before = page.map(|page| match page.strip_prefix("page_") {
                Some(id) => Ok(id.to_owned()),
                None => Err(ApiError::invalid("page: Input should be a cursor of an earlier page")),
            });
            return Ok(Self::Page { limit: limit.unwrap_or(USUAL_PAGE), before: before.transpose()? });
        }
        if limit.is_some() || page.is_some() {
            return Err(ApiError::invalid("ids: cannot be combined with `limit` or `page`"));
        }
        if ids.len() > MOST_IDS {
            return Err(ApiError::invalid(format!("ids: List should have at most {MOST_IDS} items")));
        }
        Ok(Self::Ids(ids))
    }

    /// Returns a page of files, newest first. A cursor is the last id of the previous page.
    fn answer(self, core: &Core) -> FileResponse {
        let mut store = core.files.lock();
        let newest_first = store.all().iter().rev();
        let (data, next) = match self {
            Self::Ids(ids) => {
                (newest_first.filter(|file| ids.contains(&file.id)).map(|file| file.object()).collect(), None)
            }
            Self::Page { limit, before } => {
                let before = |file: &&Arc<Stored>| before.as_ref().is_none_or(|last| file.id < *last);
                let rest: Vec<&Arc<Stored>> = newest_first.filter(before).collect();
                let shown = &rest[..rest.len().min(limit)];
                let more = shown.last().filter(|_| shown.len() < rest.len());
                let data: Vec<Value> = shown.iter().map(|file| file.object()).collect();
                (data, more.map(|file| format!("page_{}", file.id)))
            }
        };
        FileResponse::Json(json!({"data": data, "next_page": next}))
    }
}

fn page_size(value: &str) -> Result<usize, ApiError> {
    let size = value.parse().ok().filter(|size| (1..=MOST_A_PAGE).contains(size));
    size.ok_or_else(|| ApiError::invalid(format!("limit: Input should be between 1 and {MOST_A_PAGE}")))
}
