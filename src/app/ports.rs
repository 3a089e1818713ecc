//! Ports that the service listens on.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;

use crate::telemetry::server;

/// Opens the port of a setting.
///
/// # Errors
/// Returns an error that names the setting, if the address cannot be used.
pub(super) async fn open(setting: &'static str, addr: SocketAddr) -> Result<TcpListener> {
    server::bind(setting, addr).await.with_context(|| format!("{setting}: {addr} cannot be opened"))
}
