//! Telemetry for the operator: log lines, metrics, and whether the service is alive and ready.

pub mod logs;
pub mod metrics;
pub(crate) mod readiness;
pub(crate) mod scrape;
pub(crate) mod server;
pub(crate) mod statements;
