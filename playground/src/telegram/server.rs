//! The HTTP server: routes, the check of the token, and parameters in any encoding that the service accepts.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Multipart, Request, State};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::calls::{WireReply, call};
use super::door::{CutSwitch, CuttableListener};
use super::params::{Params, Upload};
use super::refusal::Refusal;
use super::response::{check_token, cut, failed, refused, status};
use super::shared::Shared;
use super::{file_server, methods, page};

/// Largest request body; a document may have 50 MB.
const BODY_LIMIT: usize = 52 * 1024 * 1024;
/// Limit of what is read of a body that is too large, so that the client can receive the refusal.
const READ_LIMIT: usize = 4 * BODY_LIMIT;

/// Beginning of the path of a caller with a name.
pub(super) const BY: &str = "/by/";

/// Serves until the emulator stops.
pub(super) async fn serve(shared: Arc<Shared>, door: CuttableListener) {
    let stop = shared.stop.clone();
    let router = Router::new()
        .merge(page::routes())
        .fallback(answer)
        .layer(DefaultBodyLimit::max(READ_LIMIT))
        .with_state(shared);
    let service = router.into_make_service_with_connect_info::<CutSwitch>();
    let server = axum::serve(door, service).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = server.await {
        tracing::error!(%error, "the emulated Telegram stopped serving");
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(switch): ConnectInfo<CutSwitch>,
    request: Request,
) -> Response {
    let path = percent_decode_str(request.uri().path()).decode_utf8_lossy().into_owned();
    let (caller, path) = caller_of(&path);
    if let Some(rest) = path.strip_prefix("/file/bot") {
        return file_server::download(&shared, &switch, rest).await;
    }
    let Some((token, method)) = path.strip_prefix("/bot").and_then(|rest| rest.split_once('/')) else {
        return refused(&Refusal::new(404, "Not Found"));
    };
    if let Err(refusal) = check_token(&shared, token) {
        return refused(&refusal);
    }
    let Some(method) = methods::canonical(method) else {
        return refused(&Refusal::new(404, "Not Found: method not found"));
    };
    let mut params = match read(request).await {
        Ok(params) => params,
        Err(refusal) => return refused(&refusal),
    };
    params.caller = caller;
    match call(&shared, method, params).await {
        WireReply::Json(code, body) => (status(code), Json(body)).into_response(),
        WireReply::Plain(code) => failed(code),
        WireReply::Cut => cut(&switch),
    }
}

/// Separates the name of the caller from a path that begins with it. Several bots with one token are told apart
/// so, as in a log of connections.
fn caller_of(path: &str) -> (Option<String>, &str) {
    let named = path.strip_prefix(BY).and_then(|rest| rest.find('/').map(|end| rest.split_at(end)));
    named.map_or((None, path), |(name, path)| (Some(name.to_owned()), path))
}

/// Reads parameters from the query string and the body.
async fn read(request: Request) -> Result<Params, Refusal> {
    let mut params = Params::default();
    if let Some(query) = request.uri().query() {
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            params.add_text(&key, value.into_owned());
        }
    }
    let kind = content_type(request.headers());
    if kind == "multipart/form-data" {
        read_multipart(request, &mut params).await?;
        return Ok(params);
    }
    let bytes = to_bytes(request.into_body(), BODY_LIMIT)
        .await
        .map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
    match kind.as_str() {
        "application/json" if !bytes.is_empty() => match serde_json::from_slice(&bytes) {
            Ok(Value::Object(object)) => params.add_object(object),
            _ => return Err(Refusal::bad("can't parse request: expected a JSON object")),
        },
        "application/x-www-form-urlencoded" => {
            for (key, value) in form_urlencoded::parse(&bytes) {
                params.add_text(&key, value.into_owned());
            }
        }
        _ => {}
    }
    Ok(params)
}

fn content_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_lowercase()
}

async fn read_multipart(request: Request<Body>, params: &mut Params) -> Result<(), Refusal> {
    let broken = |_| Refusal::bad("can't parse multipart body");
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| Refusal::bad("can't parse multipart body: boundary not found"))?;
    let mut read = 0;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let key = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        let mime = part.content_type().unwrap_or("application/octet-stream").to_owned();
        let bytes = part.bytes().await.map_err(|_| Refusal::new(413, "Request Entity Too Large"))?;
        read += bytes.len();
        match name {
            _ if read > BODY_LIMIT => {}
            Some(name) => {
                params.uploads.insert(key, Upload { name, mime, bytes: bytes.to_vec() });
            }
            None => params.add_text(&key, String::from_utf8_lossy(&bytes).into_owned()),
        }
    }
    if read > BODY_LIMIT { Err(Refusal::new(413, "Request Entity Too Large")) } else { Ok(()) }
}
