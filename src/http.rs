//! HTTP clients: built once with their limits, so that no request can wait for ever.

use std::time::Duration;

use reqwest::Client;

/// How long a connection may take to open.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A client whose requests end after `limit`, answer included.
///
/// # Errors
/// When the TLS set-up of the machine is unusable.
pub fn client(limit: Duration) -> reqwest::Result<Client> {
    builder().timeout(limit).build()
}

/// A client for streams: only silence of more than `idle` ends a request.
///
/// # Errors
/// When the TLS set-up of the machine is unusable.
pub fn streaming_client(idle: Duration) -> reqwest::Result<Client> {
    builder().read_timeout(idle).build()
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("starling/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT)
        .tcp_nodelay(true)
        .pool_idle_timeout(Duration::from_secs(60))
}
