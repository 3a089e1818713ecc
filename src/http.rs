//! HTTP clients with time limits, so that no request can wait for ever.

use std::time::Duration;

use reqwest::Client;

/// Time limit for opening a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Creates a client whose requests take at most `limit`, including the response.
///
/// # Errors
/// Returns an error if the machine's TLS set-up is unusable.
pub(crate) fn client(limit: Duration) -> reqwest::Result<Client> {
    builder().timeout(limit).build()
}

/// Creates a client for streams: only silence of more than `idle` ends a request.
///
/// # Errors
/// Returns an error if the machine's TLS set-up is unusable.
pub(crate) fn streaming_client(idle: Duration) -> reqwest::Result<Client> {
    builder().read_timeout(idle).build()
}

fn builder() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("starling/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_LIMIT)
        .tcp_nodelay(true)
        .pool_idle_timeout(Duration::from_secs(60))
}
