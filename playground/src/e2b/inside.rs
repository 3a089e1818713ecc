//! The data plane without executions: files, folders and interpreters of a sandbox.

use std::path::Path;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::error::ApiError;
use super::sandboxes::{HOME, Sandbox, open_to_all};

/// The users of a sandbox.
const USERS: [&str; 2] = ["user", "root"];

/// Returns a value of the query.
pub(super) fn value<'a>(query: &'a [(String, String)], name: &str) -> Option<&'a str> {
    query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

fn path(query: &[(String, String)]) -> Result<&str, ApiError> {
    if let Some(user) = value(query, "username").filter(|user| !USERS.contains(user)) {
        return Err(ApiError::new(401, format!("error looking up user '{user}'")));
    }
    let path = value(query, "path").filter(|path| !path.is_empty());
    path.ok_or_else(|| ApiError::new(400, "path is missing"))
}

/// Reads the file in a body: a form with one file, or the bytes themselves.
pub(super) async fn content(request: Request) -> Result<Bytes, ApiError> {
    let kind =
        request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let wrong =
        |error: &dyn std::fmt::Display| ApiError::new(400, format!("error parsing the form: {error}"));
    if kind.starts_with("application/octet-stream") {
        return Bytes::from_request(request, &()).await.map_err(|error| wrong(&error));
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| wrong(&error.body_text()))?;
    let mut content = None;
    while let Some(field) = form.next_field().await.map_err(|error| wrong(&error.body_text()))? {
        if field.name() != Some("file") || field.file_name().is_none() {
            return Err(wrong(&"only files in the field 'file' are taken"));
        }
        let bytes = field.bytes().await.map_err(|error| wrong(&error.body_text()))?;
        if content.replace(bytes).is_some() {
            return Err(wrong(&"one path names one file"));
        }
    }
    content.ok_or_else(|| wrong(&"the field 'file' is missing"))
}

/// Writes a file, and the folders above it.
pub(super) fn upload(
    sandbox: &Sandbox,
    query: &[(String, String)],
    content: &[u8],
) -> Result<Response, ApiError> {
    let path = path(query)?;
    let place = sandbox.place(path).ok_or_else(|| ApiError::new(400, format!("cannot write to {path}")))?;
    let write = || -> std::io::Result<()> {
        let mut folder = sandbox.folder.path().to_owned();
        let inside = place.strip_prefix(sandbox.folder.path()).unwrap_or(&place).parent();
        for part in inside.into_iter().flat_map(Path::components) {
            folder.push(part);
            if !folder.is_dir() {
                std::fs::create_dir(&folder)?;
                open_to_all(&folder)?;
            }
        }
        std::fs::write(&place, content)?;
        open_to_all(&place)
    };
    write().map_err(|error| ApiError::new(500, format!("error writing the file: {error}")))?;
    let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{HOME}/{path}") };
    Ok(Json(json!([{ "name": name, "type": "file", "path": whole }])).into_response())
}

/// Reads a file.
pub(super) fn download(sandbox: &Sandbox, query: &[(String, String)]) -> Result<Response, ApiError> {
    let path = path(query)?;
    let place = sandbox.place(path).filter(|place| place.exists());
    let place = place.ok_or_else(|| ApiError::new(404, format!("path '{path}' does not exist")))?;
    if place.is_dir() {
        return Err(ApiError::new(400, format!("path '{path}' is a directory")));
    }
    let content = std::fs::read(place).map_err(|error| ApiError::new(500, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], content).into_response())
}

/// Lists a folder in the JSON of a Connect call.
pub(super) fn list(sandbox: &Sandbox, body: &Value) -> Result<Response, ApiError> {
    let path = body["path"].as_str().ok_or_else(|| ApiError::new(400, "path is missing"))?;
    let depth = body["depth"].as_u64().unwrap_or(1).max(1);
    let place = sandbox.place(path).filter(|place| place.is_dir());
    let place = place.ok_or_else(|| ApiError::new(404, format!("path not found: {path}")))?;
    let mut entries = Vec::new();
    collect(&place, path.trim_end_matches('/'), depth, &mut entries);
    Ok(Json(json!({ "entries": entries })).into_response())
}

fn collect(folder: &Path, path: &str, depth: u64, entries: &mut Vec<Value>) {
    let Ok(found) = std::fs::read_dir(folder) else { return };
    let mut found: Vec<_> = found.filter_map(Result::ok).collect();
    found.sort_by_key(std::fs::DirEntry::file_name);
    for file in found {
        let Ok(about) = file.metadata() else { continue };
        let name = file.file_name().to_string_lossy().into_owned();
        let path = format!("{path}/{name}");
        let modified: DateTime<Utc> = about.modified().unwrap_or(std::time::UNIX_EPOCH).into();
        let kind = if about.is_dir() { "FILE_TYPE_DIRECTORY" } else { "FILE_TYPE_FILE" };
        let target = std::fs::read_link(file.path()).ok();
        entries.push(json!({
            "name": name,
            "type": kind,
            "path": path,
            "size": about.len().to_string(),
            "mode": 0o644,
            "permissions": "-rw-r--r--",
            "owner": "user",
            "group": "user",
            "modifiedTime": modified.to_rfc3339_opts(SecondsFormat::Nanos, true),
        }));
        if let (Some(target), Some(entry)) = (target, entries.last_mut()) {
            entry["symlinkTarget"] = json!(target.to_string_lossy());
        } else if about.is_dir() && depth > 1 {
            collect(&file.path(), &path, depth - 1, entries);
        }
    }
}

/// Creates, lists, restarts and deletes interpreters.
pub(super) fn contexts(
    sandbox: &mut Sandbox,
    method: &str,
    rest: &str,
    body: &Value,
) -> Result<Response, ApiError> {
    let described = |id: &str| json!({ "id": id, "language": "python", "cwd": HOME });
    let (id, restarts) = match rest.strip_suffix("/restart") {
        Some(id) => (id, true),
        None => (rest, false),
    };
    if !id.is_empty() && !sandbox.kernels.contains_key(id) {
        return Err(ApiError::new(404, format!("Context {id} not found")));
    }
    match (method, id.is_empty()) {
        ("GET", true) => {
            let all: Vec<Value> = sandbox.kernels.keys().map(|id| described(id)).collect();
            Ok(Json(all).into_response())
        }
        ("POST", true) => {
            if body["language"].as_str().is_some_and(|language| language != "python") {
                return Err(ApiError::new(400, "the emulator speaks Python only"));
            }
            let id = format!("ctx-{:08x}", rand::random::<u32>());
            sandbox.add_kernel(id.clone());
            Ok(Json(described(&id)).into_response())
        }
        ("POST", false) if restarts => {
            sandbox.add_kernel(id.to_owned());
            Ok(StatusCode::OK.into_response())
        }
        ("DELETE", false) => {
            sandbox.kernels.remove(id);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => Err(ApiError::new(405, "Method Not Allowed")),
    }
}
