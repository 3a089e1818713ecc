//! The control plane: sandboxes are created, found, extended, paused and killed.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::faults::Operation;
use super::record::OpenCall;
use super::sandboxes::{NewSandbox, Sandbox, Sandboxes, TEMPLATE};

/// The longest life that the smallest plan allows, in seconds.
const LONGEST_LIFE_S: i64 = 3_600;
/// The life without a wish, in seconds.
const USUAL_LIFE_S: i64 = 300;
/// Every key of the request for a sandbox.
const CREATE_KEYS: [&str; 11] = [
    "templateID",
    "timeout",
    "autoPause",
    "autoPauseMemory",
    "autoResume",
    "allow_internet_access",
    "metadata",
    "envVars",
    "network",
    "mcp",
    "volumeMounts",
];

/// A call of the control plane, after its key was checked.
pub(super) struct ControlCall<'a> {
    pub(super) operation: Operation,
    /// The sandbox in the path.
    pub(super) id: &'a str,
    pub(super) query: &'a [(String, String)],
    pub(super) body: &'a Value,
    pub(super) idempotency_key: Option<&'a str>,
}

/// Does what a call asks for.
pub(super) fn perform(
    sandboxes: &mut Sandboxes,
    call: &ControlCall<'_>,
    open: &OpenCall,
) -> Result<Response, ApiError> {
    sandboxes.reap();
    match call.operation {
        Operation::Create => create(sandboxes, call, open),
        Operation::List => list(sandboxes, call.query),
        Operation::Inspect => Ok(Json(find(sandboxes, call.id)?.state()).into_response()),
        Operation::Connect => {
            let life = life(call.body)?;
            known(call.body, &["timeout", "memory"])?;
            let sandbox = find(sandboxes, call.id)?;
            let status = if sandbox.is_paused { StatusCode::CREATED } else { StatusCode::OK };
            sandbox.is_paused = false;
            // Attaching never shortens a life.
            if sandbox.ends < Utc::now() + chrono::TimeDelta::seconds(life) {
                sandbox.extend(life);
            }
            Ok((status, Json(sandbox.connection())).into_response())
        }
        Operation::Extend => {
            let life = life(call.body)?;
            known(call.body, &["timeout"])?;
            find(sandboxes, call.id)?.extend(life);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Operation::Pause => {
            let sandbox = find(sandboxes, call.id)?;
            if std::mem::replace(&mut sandbox.is_paused, true) {
                return Err(ApiError::new(409, "Sandbox is already paused"));
            }
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        _ => {
            find(sandboxes, call.id)?;
            sandboxes.all.remove(call.id);
            Ok(StatusCode::NO_CONTENT.into_response())
        }
    }
}

fn find<'a>(sandboxes: &'a mut Sandboxes, id: &str) -> Result<&'a mut Sandbox, ApiError> {
    let missing =
        || ApiError::new(404, format!("Sandbox \"{id}\" doesn't exist or you don't have access to it"));
    sandboxes.all.get_mut(id).ok_or_else(missing)
}

fn known(body: &Value, keys: &[&str]) -> Result<(), ApiError> {
    let body =
        body.as_object().ok_or_else(|| ApiError::new(400, "Error when parsing request: no JSON object"))?;
    match body.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(unknown) => {
            Err(ApiError::new(400, format!("Error when parsing request: unknown field {unknown}")))
        }
        None => Ok(()),
    }
}

fn life(body: &Value) -> Result<i64, ApiError> {
    let Some(life) = body.get("timeout") else { return Ok(USUAL_LIFE_S) };
    let life = life.as_i64().filter(|life| *life >= 0);
    let life =
        life.ok_or_else(|| ApiError::new(400, "Error when parsing request: timeout must be a number"))?;
    if life > LONGEST_LIFE_S {
        return Err(ApiError::new(400, "Timeout cannot be greater than 1 hours"));
    }
    Ok(life)
}

fn create(sandboxes: &mut Sandboxes, call: &ControlCall<'_>, open: &OpenCall) -> Result<Response, ApiError> {
    known(call.body, &CREATE_KEYS)?;
    let body = call.body;
    match body["templateID"].as_str() {
        None => return Err(ApiError::new(400, "Error when parsing request: templateID is missing")),
        Some(TEMPLATE) => {}
        Some(other) => return Err(ApiError::new(404, format!("template '{other}' not found"))),
    }
    if let Some(key) = call.idempotency_key {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if key.is_empty() || key.len() > 255 || !key.bytes().all(fits) {
            return Err(ApiError::new(400, "Idempotency-Key has a wrong form"));
        }
    }
    let new = NewSandbox {
        metadata: texts(&body["metadata"])?,
        life_s: life(body)?,
        is_public: network(&body["network"])?,
        idempotency_key: call.idempotency_key.map(str::to_owned),
    };
    texts(&body["envVars"])?;
    let created = sandboxes.create(new).map_err(|error| ApiError::new(500, error.to_string()))?;
    let sandbox = created.ok_or_else(|| {
        ApiError::new(429, "you have reached the maximum number of concurrent E2B sandboxes")
    })?;
    open.change(|call| call.sandbox = Some(sandbox.id.clone()));
    Ok((StatusCode::CREATED, Json(sandbox.connection())).into_response())
}

/// Checks an object whose values must be texts.
fn texts(object: &Value) -> Result<Map<String, Value>, ApiError> {
    match object {
        Value::Null => Ok(Map::new()),
        Value::Object(fields) if fields.values().all(Value::is_string) => Ok(fields.clone()),
        _ => Err(ApiError::new(400, "Error when parsing request: values must be strings")),
    }
}

/// Checks the rules of the network. Returns whether the sandbox is open to the public.
fn network(rules: &Value) -> Result<bool, ApiError> {
    if rules.is_null() {
        return Ok(true);
    }
    known(rules, &["allowOut", "denyOut", "allowPublicTraffic", "maskRequestHost", "rules"])?;
    let list = |name: &str| -> Vec<&str> {
        rules[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let (allowed, denied) = (list("allowOut"), list("denyOut"));
    let is_domain = |host: &&str| host.bytes().any(|byte| byte.is_ascii_alphabetic());
    if allowed.iter().any(is_domain) && !denied.contains(&"0.0.0.0/0") {
        let message = "When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out to \
                       block all other traffic.";
        return Err(ApiError::new(400, message));
    }
    if denied.iter().any(is_domain) {
        return Err(ApiError::new(400, "Domains cannot be denied, only addresses"));
    }
    Ok(rules["allowPublicTraffic"].as_bool().unwrap_or(true))
}

fn list(sandboxes: &Sandboxes, query: &[(String, String)]) -> Result<Response, ApiError> {
    let value = |name: &str| query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let unknown = query.iter().find(|(name, _)| {
        !["metadata", "state", "limit", "order", "startedAfter", "template", "nextToken"]
            .contains(&name.as_str())
    });
    if let Some((name, _)) = unknown {
        return Err(ApiError::new(400, format!("unknown parameter {name}")));
    }
    let limit: usize = match value("limit").unwrap_or("100").parse() {
        Ok(limit @ 1..=100) => limit,
        _ => return Err(ApiError::new(400, "limit must be between 1 and 100")),
    };
    // The value is a query of its own, in which names and values are escaped once more.
    let unescape = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let wanted: Vec<(String, String)> =
        form_urlencoded::parse(value("metadata").unwrap_or_default().as_bytes())
            .map(|(name, value)| (unescape(&name), unescape(&value)))
            .collect();
    let states: Vec<&str> = value("state").unwrap_or("running,paused").split(',').collect();
    if states.iter().any(|state| !["running", "paused"].contains(state)) {
        return Err(ApiError::new(400, "state must be running or paused"));
    }
    let fits = |sandbox: &&Sandbox| {
        let state = if sandbox.is_paused { "paused" } else { "running" };
        let named = wanted.iter().all(|(name, value)| sandbox.metadata.get(name) == Some(&json!(value)));
        named && states.contains(&state)
    };
    let found: Vec<Value> = sandboxes.all.values().filter(fits).take(limit).map(Sandbox::state).collect();
    Ok(Json(found).into_response())
}
