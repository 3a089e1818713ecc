//! `POST /execute`: runs code and streams what it says.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::faults::Fault;
use super::kernel::Kernel;
use super::record::{OpenCall, Outcome};
use super::sandboxes::Sandbox;

/// How often a line keeps a silent stream alive.
const KEEPALIVE: Duration = Duration::from_secs(5);

/// Every key of a request.
const KEYS: [&str; 4] = ["code", "context_id", "language", "env_vars"];

/// Checks a request and returns the interpreter and the code.
pub(super) fn admit(sandbox: &Sandbox, body: &Value) -> Result<(Kernel, String), ApiError> {
    let fields = body.as_object().ok_or_else(|| ApiError::new(422, "Field required: body"))?;
    if let Some(unknown) = fields.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(ApiError::new(422, format!("Extra inputs are not permitted: {unknown}")));
    }
    let code = body["code"].as_str().ok_or_else(|| ApiError::new(422, "Field required: code"))?;
    let (context, language) = (body["context_id"].as_str(), body["language"].as_str());
    if context.is_some() && language.is_some() {
        return Err(ApiError::new(400, "Only one of context_id or language can be provided"));
    }
    if language.is_some_and(|language| language != "python") {
        return Err(ApiError::new(400, "the emulator speaks Python only"));
    }
    let kernel = sandbox.kernels.get(context.unwrap_or_default());
    let kernel = kernel
        .ok_or_else(|| ApiError::new(404, format!("Context {} not found", context.unwrap_or_default())))?;
    Ok((kernel.clone(), code.to_owned()))
}

/// Streams an execution. Dropping the body interrupts the code.
pub(super) fn stream(
    kernel: &Kernel,
    code: String,
    fault: Option<Fault>,
    dead: CancellationToken,
    open: OpenCall,
) -> Response {
    let mut lines = kernel.execute(code);
    let pieces = async_stream::stream! {
        if matches!(fault, Some(Fault::Silent)) {
            dead.cancelled().await;
        }
        loop {
            let line = tokio::select! {
                line = lines.recv() => line,
                () = tokio::time::sleep(KEEPALIVE) => Some(r#"{"type": "keepalive"}"#.to_owned()),
                () = dead.cancelled() => None,
            };
            // The interpreter or the sandbox has died.
            let Some(line) = line else { break };
            let (is_end, is_output) = (line.contains("\"end_of_execution\"}"), line.contains("\"stdout\""));
            if is_end && matches!(fault, Some(Fault::NoEnd)) {
                open.close(Outcome::Cut);
                return;
            }
            if is_output && matches!(fault, Some(Fault::CutStream)) {
                let half: String = line.chars().take(line.chars().count() / 2).collect();
                yield Ok(Bytes::from(format!("{line}\n{half}")));
                // An error drops what the server has not written yet; being pending once lets it write that.
                tokio::task::yield_now().await;
                break;
            }
            yield Ok(Bytes::from(format!("{line}\n")));
            if is_end {
                open.close(Outcome::Finished);
                return;
            }
        }
        open.close(Outcome::Cut);
        yield Err(std::io::Error::other("the execution broke off"));
    };
    let mut response = Response::new(Body::from_stream(pieces));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
