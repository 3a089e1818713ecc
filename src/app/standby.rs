//! Standing by: only one instance works at a time, the others wait until they can take over from it.

use std::cell::Cell;

use anyhow::{Context as _, Result};

use crate::domain::ids::InstanceId;
use crate::services::instances::Instance;
use crate::telemetry::readiness::Readiness;

/// Waits until this instance has the duty to work. While another one has it, the service is not ready, and
/// the log says so once. Returns whether it has stood by.
pub(super) async fn take_work(instance: &Instance, readiness: &Readiness) -> Result<bool> {
    let told: Cell<Option<InstanceId>> = Cell::new(None);
    let waits = |holder: InstanceId, host: &str| {
        if told.replace(Some(holder)) == Some(holder) {
            return;
        }
        readiness.standing_by(format!("the instance {holder} on {host} works, this one takes over from it"));
        tracing::info!(holder = holder.0, host, "the instance {holder} works, this one stands by");
    };
    instance.take_work(waits).await.context("this instance cannot take over")?;
    readiness.starting();
    Ok(told.get().is_some())
}
