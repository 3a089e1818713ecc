//! The life of an emulator: its port, its server, and the end of both.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long [`Serving::stop`] waits for connections to end.
const STOP_BOUND: Duration = Duration::from_secs(5);

/// A running server. Clones refer to the same one; it stops with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    /// The name of the API, for errors.
    api: &'static str,
    address: SocketAddr,
    stop: CancellationToken,
    server: Arc<Mutex<Option<JoinHandle<std::io::Result<()>>>>>,
    _guard: Arc<DropGuard>,
}

impl Serving {
    /// Serves an API on this port of 127.0.0.1, any free one for 0, until `stop` is cancelled.
    pub(crate) async fn start(
        api: &'static str,
        port: u16,
        router: Router,
        stop: CancellationToken,
    ) -> anyhow::Result<Self> {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("the {api} cannot listen on port {port}"))?;
        let address = listener.local_addr()?;
        // Small pieces must leave at once, as they do through the real services' proxies.
        let listener = listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "no TCP_NODELAY");
            }
        });
        let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let server = Arc::new(Mutex::new(Some(tokio::spawn(serving.into_future()))));
        let guard = Arc::new(stop.clone().drop_guard());
        Ok(Self { api, address, stop, server, _guard: guard })
    }

    /// Returns the address of the port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes all connections and the port. Repeated calls return at once.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let server = self.server.lock().take();
        if let Some(server) = server
            && tokio::time::timeout(STOP_BOUND, server).await.is_err()
        {
            tracing::warn!("the {} left connections behind", self.api);
        }
    }
}

/// Returns the beginning of an answer, after which the connection breaks.
pub(crate) fn broken(beginning: &'static [u8]) -> Response {
    let pieces = async_stream::stream! {
        if !beginning.is_empty() {
            yield Ok(Bytes::from_static(beginning));
            // An error drops what the server has not written yet; being pending once lets it write that.
            tokio::task::yield_now().await;
        }
        yield Err(std::io::Error::other("broken on order"));
    };
    Response::new(Body::from_stream(pieces))
}
