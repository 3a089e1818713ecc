//! Responses that the Bot API and the file server have in common, and the check of the token before both.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};

use super::door::CutSwitch;
use super::refusal::Refusal;
use super::shared::Shared;

/// Returns a response with a body that is not JSON, as from a proxy.
pub(super) fn failed(code: u16) -> Response {
    (status(code), "the emulator was told to fail").into_response()
}

/// Cuts the connection; the returned response is never sent.
pub(super) fn cut(switch: &CutSwitch) -> Response {
    switch.cut();
    StatusCode::BAD_GATEWAY.into_response()
}

pub(super) fn check_token(shared: &Shared, token: &str) -> Result<(), Refusal> {
    if shared.look(|world| world.settings.token == token) {
        return Ok(());
    }
    let plausible = token.split_once(':').is_some_and(|(id, secret)| {
        !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) && !secret.is_empty()
    });
    Err(if plausible { Refusal::new(401, "Unauthorized") } else { Refusal::new(404, "Not Found") })
}

pub(super) fn refused(refusal: &Refusal) -> Response {
    (status(refusal.code), Json(refusal.body())).into_response()
}

pub(super) fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
