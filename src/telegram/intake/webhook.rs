//! Webhook: receives updates from Telegram and confirms each only once it is stored.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::{Intake, READY_GRACE};
use crate::telemetry::server::serve_until;

/// The webhook's address and secret.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    /// The secret that the header of every delivery must contain.
    pub secret: SecretString,
}

/// The header that carries the secret.
const SECRET_HEADER: &str = "x-telegram-bot-api-secret-token";
/// How long open deliveries may take at shutdown.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// How often a failed intake is tested: while the service is not ready, it may get no deliveries.
const PROBE_PAUSE: Duration = Duration::from_secs(2);
/// The size limit of an update, in bytes; the largest ones seen have some ten kilobytes.
const LARGEST: usize = 1024 * 1024;

/// Accepts deliveries until the service drains.
pub(crate) async fn listen(listener: TcpListener, webhook: Webhook, intake: Intake) {
    let drain = intake.context.life.drain.clone();
    let app = Router::new()
        .route("/", post(deliver))
        .route("/{*path}", post(deliver))
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state((webhook, intake.clone()));
    intake.context.readiness.intake.works();
    tokio::select! {
        // Updates not stored by then are delivered again.
        () = serve_until("webhook", listener, app, &drain, STOP_LIMIT) => {}
        () = probe(&intake) => {}
    }
    intake.context.readiness.intake.fails_after(Duration::ZERO, "the webhook server has ended");
}

/// Tests periodically whether updates can be stored again.
async fn probe(intake: &Intake) {
    loop {
        tokio::time::sleep(PROBE_PAUSE).await;
        let health = &intake.context.readiness.intake;
        if !health.is_working() && intake.take(Vec::new()).await.is_ok() {
            health.works();
        }
    }
}

async fn deliver(
    State((webhook, intake)): State<(Webhook, Intake)>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let presented = headers.get(SECRET_HEADER).map_or(&b""[..], |secret| secret.as_bytes());
    if !same(presented, webhook.secret.expose_secret().as_bytes()) {
        tracing::warn!("a delivery without the right secret was turned away");
        return StatusCode::UNAUTHORIZED;
    }
    // An update refused for a broken character would be redelivered forever.
    let update = String::from_utf8_lossy(&body).into_owned();
    let health = &intake.context.readiness.intake;
    health.fails_after(READY_GRACE, "updates wait to be stored or handed on");
    let taken = intake.take(vec![update]).await;
    if taken.is_ok() {
        health.works();
    }
    match taken {
        Ok(Some(_)) => StatusCode::OK,
        Ok(None) => StatusCode::BAD_REQUEST,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a delivery cannot be stored");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

/// Compares in constant time.
fn same(presented: &[u8], expected: &[u8]) -> bool {
    let differences = presented.iter().zip(expected).fold(0, |sum, (a, b)| sum | (a ^ b));
    presented.len() == expected.len() && differences == 0
}

#[cfg(test)]
mod tests;
