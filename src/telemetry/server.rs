//! The HTTP side for operators: `/metrics`, `/live` (the process runs) and `/ready` (it takes updates).

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;

/// How far the service has come. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicU8>);

/// How long open requests may take at the end.
const STOP_LIMIT: Duration = Duration::from_secs(2);

const READY: u8 = 1;
const DRAINING: u8 = 2;

impl Readiness {
    /// Everything is started.
    pub fn ready(&self) {
        self.0.store(READY, Ordering::Relaxed);
    }

    /// No new work is taken any more.
    pub fn draining(&self) {
        self.0.store(DRAINING, Ordering::Relaxed);
    }

    fn answer(&self) -> (StatusCode, &'static str) {
        match self.0.load(Ordering::Relaxed) {
            READY => (StatusCode::OK, "ready\n"),
            DRAINING => (StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
        }
    }
}

/// Opens the port. Bound early, so that a taken port is found before anything else starts.
///
/// # Errors
/// When the address cannot be bound.
pub async fn bind(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let listener = TcpListener::bind(addr).await?;
    tracing::info!(address = %listener.local_addr()?, "the operators' port is open");
    Ok(listener)
}

/// Answers until `stop`.
pub async fn serve(listener: TcpListener, metrics: Metrics, readiness: Readiness, stop: CancellationToken) {
    let app = Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route(
            "/ready",
            get(|State((_, readiness)): State<(Metrics, Readiness)>| async move { readiness.answer() }),
        )
        .route(
            "/metrics",
            get(|State((metrics, _)): State<(Metrics, Readiness)>| async move { metrics.render() }),
        )
        .with_state((metrics, readiness));
    serve_until("metrics", listener, app, &stop, STOP_LIMIT).await;
}

/// Serves `app` until `stop`; requests that are open then may take `limit`, so that a client which does not finish its
/// own holds nobody up.
pub async fn serve_until(
    name: &'static str,
    listener: TcpListener,
    app: Router,
    stop: &CancellationToken,
    limit: Duration,
) {
    let server = axum::serve(listener, app).with_graceful_shutdown(stop.clone().cancelled_owned());
    let overdue = async {
        stop.cancelled().await;
        tokio::time::sleep(limit).await;
    };
    tokio::select! {
        served = server => if let Err(error) = served {
            tracing::error!(%error, "the {name} server failed");
        },
        () = overdue => {}
    }
}
