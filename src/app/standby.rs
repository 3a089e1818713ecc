//! Standing by: an instance of the former version answers all chats, so this one waits until that has stopped.

use std::cell::Cell;

use anyhow::{Context as _, Result};

use crate::domain::ids::InstanceId;
use crate::services::instances::Instance;
use crate::telegram::intake::{Holding, Intake};
use crate::telemetry::readiness::Readiness;

/// Takes the share of this instance and takes up what is left there. While an instance of the former version works,
/// the service is not ready, and the log says so once.
pub(super) async fn take_share(
    intake: &Intake,
    instance: &Instance,
    readiness: &Readiness,
) -> Result<Holding> {
    let told: Cell<Option<InstanceId>> = Cell::new(None);
    let waits = |holder: InstanceId, host: &str| {
        if told.replace(Some(holder)) == Some(holder) {
            return;
        }
        readiness.standing_by(format!(
            "the instance {holder} on {host} is of a former version and answers all chats, until it has stopped"
        ));
        tracing::info!(
            holder = holder.0,
            host,
            "the instance {holder} answers all chats, this one stands by"
        );
    };
    let holding = Holding::begin(intake.clone(), instance, waits).await;
    let holding = holding.context("what the last run left cannot be taken up")?;
    readiness.starting();
    Ok(holding)
}
