//! Telemetry for the operator: log lines, metrics, and whether the service is alive and ready.

pub mod logs;
pub mod metrics;
pub mod readiness;
pub mod server;
