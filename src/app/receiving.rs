//! The last part of the start: the share of chats, the duties, and the way by which updates come.

use std::sync::Arc;

use anyhow::{Context as _, Result};

use super::{jobs, polling, standby, telegram_start};
use crate::config::{Config, Mode};
use crate::domain::duty::Duty;
use crate::services::duties::Duties;
use crate::services::instances::Instance;
use crate::telegram::context::BotContext;
use crate::telegram::intake::{self, Intake};

/// Takes the share of this instance, takes up what was left there, and begins to receive updates.
pub(super) async fn begin(
    config: &Config,
    context: &Arc<BotContext>,
    intake: Intake,
    (instance, duties): (&Instance, Duties),
) -> Result<()> {
    let life = &context.life;
    let holding = standby::take_share(&intake, instance, &context.readiness).await?;
    // The others give buckets back as soon as they see this instance, so it takes them from now on.
    life.spawn_vital("holding", holding.run());
    life.spawn_vital("looking", intake.clone().look_out());
    life.spawn("waking", intake.clone().be_woken());
    instance.known().await.context("the other instances cannot be seen")?;
    life.spawn_vital("duties", duties.clone().keep(wanted_duties(config)));
    let webhook = telegram_start::open_way(config, life, &context.screen.api).await?;
    jobs::spawn(&intake, context, config, &duties);
    match webhook {
        None => life.spawn_vital("polling", polling::run(duties, intake, context.clone())),
        Some((listener, webhook)) => life.spawn_vital("webhook", intake::listen(listener, webhook, intake)),
    }
    Ok(())
}

/// Returns what this instance does if nobody else does. Where updates come by the webhook, nobody fetches them.
fn wanted_duties(config: &Config) -> Vec<Duty> {
    let polls = matches!(config.telegram.mode, Mode::Polling);
    Duty::ALL.into_iter().filter(|duty| polls || *duty != Duty::Poller).collect()
}
