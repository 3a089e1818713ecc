//! The HTTP server for operators: `/metrics`, `/live` (the process runs) and `/ready` (updates are received
//! and dispatched; otherwise the reason).

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::metrics::Metrics;
use super::readiness::Readiness;
use super::scrape::Scrapes;

/// How long open requests may take during shutdown.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// How long to wait for a port that another process holds: the kernel may still be cleaning up after a
/// previous process that was killed.
const PORT_LIMIT: Duration = Duration::from_secs(10);
/// The pause between two attempts to open a port.
const PORT_PAUSE: Duration = Duration::from_millis(100);

/// Binds the port of a setting; waits up to 10 s while another process holds it.
///
/// # Errors
/// Returns an error if the address cannot be bound.
pub(crate) async fn bind(setting: &'static str, addr: SocketAddr) -> io::Result<TcpListener> {
    let latest = Instant::now() + PORT_LIMIT;
    let mut told = false;
    loop {
        match TcpListener::bind(addr).await {
            Err(error) if error.kind() == ErrorKind::AddrInUse && Instant::now() < latest => {}
            settled => return settled,
        }
        if !told {
            tracing::warn!(
                limit_s = PORT_LIMIT.as_secs(),
                "{setting}: another process holds {addr}, waiting for it"
            );
            told = true;
        }
        tokio::time::sleep(PORT_PAUSE).await;
    }
}

/// Serves the operators' endpoints until `stop`.
pub(crate) async fn serve(
    listener: TcpListener,
    metrics: Metrics,
    readiness: Readiness,
    scrapes: Scrapes,
    stop: CancellationToken,
) {
    let app = Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(|State(shown): State<Shown>| async move { answer(&shown.readiness) }))
        .route("/metrics", get(|State(shown): State<Shown>| scrape(shown)))
        .with_state(Shown { metrics, readiness, scrapes });
    serve_until("metrics", listener, app, &stop, STOP_LIMIT).await;
}

/// What the endpoints show.
#[derive(Clone)]
struct Shown {
    metrics: Metrics,
    readiness: Readiness,
    scrapes: Scrapes,
}

async fn scrape(Shown { metrics, readiness, scrapes }: Shown) -> String {
    scrapes.refresh().await;
    metrics.ready.set(readiness.check().is_ok().into());
    metrics.render()
}

fn answer(readiness: &Readiness) -> (StatusCode, String) {
    match readiness.check() {
        Ok(()) => (StatusCode::OK, "ready\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}

/// Serves `app` until `stop`. Requests open then may take up to `limit`, so that a slow client cannot delay
/// shutdown.
pub(crate) async fn serve_until(
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
