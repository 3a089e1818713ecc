//! Fetching updates: only the instance with that duty removes a webhook and asks Telegram for updates.

use std::sync::Arc;

use super::telegram_start;
use crate::domain::duty::Duty;
use crate::services::duties::Duties;
use crate::telegram::context::BotContext;
use crate::telegram::intake::{self, Intake};

/// Fetches updates while this instance has the duty to, until the service drains. While another instance fetches
/// them, this one is ready without.
pub(super) async fn run(duties: Duties, intake: Intake, context: Arc<BotContext>) {
    let health = &context.readiness.intake;
    let without = async {
        loop {
            duties.until_elsewhere(Duty::Poller, true).await;
            health.works();
            duties.until_elsewhere(Duty::Poller, false).await;
        }
    };
    let parts = (intake, context.clone());
    let fetch = move || fetch(parts.clone());
    tokio::select! {
        () = duties.clone().perform(Duty::Poller, fetch) => {}
        () = without => {}
    }
}

/// Removes a webhook and fetches updates until the service is to stop.
async fn fetch((intake, context): (Intake, Arc<BotContext>)) {
    let life = &context.life;
    match telegram_start::close_way(life, &context.screen.api).await {
        Ok(()) => intake::poll(intake).await,
        Err(_) if life.drain.is_cancelled() => {}
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an old webhook cannot be removed");
        }
    }
}
