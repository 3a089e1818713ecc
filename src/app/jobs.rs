//! Background tasks that no update starts.

use std::sync::Arc;

use crate::config::Config;
use crate::domain::duty::Duty;
use crate::services::duties::Duties;
use crate::services::{copy_deletions, janitor};
use crate::telegram::context::BotContext;
use crate::telegram::intake::Intake;
use crate::telegram::{announcer, menus, payment_jobs, personal_data, personal_menus, topic_namer};

/// Starts the background tasks. They run until the service drains.
pub(super) fn spawn(intake: &Intake, context: &Arc<BotContext>, config: &Config, duties: &Duties) {
    let BotContext { life, metrics, db, books, assistant, copies_dropped, .. } = &**context;
    life.spawn_vital("deferred", intake.clone().retry_deferred());
    life.spawn_vital("sweep", intake.clone().sweep(config.service.stranded_after));
    let parts = (books.clone(), life.clone(), metrics.clone(), copies_dropped.clone());
    let clean = move || {
        let (books, life, metrics, copies_dropped) = parts.clone();
        janitor::run(books, life, metrics, copies_dropped)
    };
    life.spawn_vital("janitor", duties.clone().perform(Duty::Janitor, clean));
    let (provider, dropped) = (assistant.provider.clone(), copies_dropped.clone());
    life.spawn_vital(
        "copies",
        copy_deletions::run(db.clone(), provider, dropped, life.clone(), metrics.clone()),
    );
    if let Some(sandboxes) = assistant.sandboxes.clone() {
        life.spawn_vital("sandboxes", sandboxes.kill_unwanted());
    }
    let (drain, api) = (life.drain.clone(), context.screen.api.clone());
    life.spawn("menus", async move {
        drain.run_until_cancelled(menus::publish(&api)).await;
    });
    life.spawn_vital("personal menus", personal_menus::run(context.clone()));
    life.spawn_vital("topic namer", topic_namer::run(context.clone()));
    let parts = context.clone();
    let refund = move || payment_jobs::drive_refunds(parts.clone());
    life.spawn_vital("refunds", duties.clone().perform(Duty::Refunds, refund));
    life.spawn_vital("announcements", announcer::run(context.clone()));
    for _ in 0..personal_data::WORKERS {
        life.spawn_vital("data requests", personal_data::run(context.clone()));
    }
    let parts = context.clone();
    let reconcile = move || payment_jobs::reconcile(parts.clone());
    life.spawn_vital("reconciliation", duties.clone().perform(Duty::Reconciliation, reconcile));
}
