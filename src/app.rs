//! Assembles the service: the only place that constructs clients and knows every part. Start order: settings,
//! metrics port, database and migrations, models, Telegram, the share of chats with the work that was left there,
//! intake.

mod clients;
mod jobs;
mod penalties;
mod polling;
mod ports;
mod receiving;
mod standby;
mod telegram_start;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

use crate::bot_api::Api;
use crate::cache::wake::WakeUps;
use crate::config::Config;
use crate::db::{Db, migrate};
use crate::domain::clock::Clock;
use crate::lifecycle::Lifecycle;
use crate::llm::Provider;
use crate::llm::registry::Registry;
use crate::services::books::Books;
use crate::services::duties::Duties;
use crate::services::instances::Instance;
use crate::services::{state_metrics, write_behind};
use crate::telegram::arrivals::Arrivals;
use crate::telegram::context::{BotContext, RunningTurns};
use crate::telegram::courier::Courier;
use crate::telegram::deferred::Deferred;
use crate::telegram::dispatcher;
use crate::telegram::group_administrators::GroupAdministrators;
use crate::telegram::intake::{self, Intake};
use crate::telegram::looks::Looks;
use crate::telegram::menu_checks::MenuChecks;
use crate::telegram::payment_worker::PaymentWorker;
use crate::telegram::pipeline::albums::Albums;
use crate::telegram::pipeline::fetches::FetchPermits;
use crate::telegram::pipeline::in_flight::InFlight;
use crate::telegram::pipeline::isolation::Isolation;
use crate::telegram::pipeline::queue::Mailboxes;
use crate::telegram::pipeline::slots::Slots;
use crate::telegram::streaming::{Actions, Screen};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::readiness::Readiness;
use crate::telemetry::scrape::{self, ScrapeRequests};
use crate::telemetry::{server, statements};

/// Time limit of migrations, including the wait for another instance.
const MIGRATION_LIMIT: Duration = Duration::from_secs(3_600);
/// How long open connections may take to close during shutdown.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Runs the service until `signal` fires (twice to cut what runs). Returns whether it ended without a crash.
///
/// # Errors
/// Returns an error if something that the start needs is missing or wrong; the text says what.
pub async fn run(
    config: Config,
    clock: Clock,
    life: Lifecycle,
    mut signal: impl AsyncFnMut(),
) -> Result<bool> {
    let metrics = Metrics::new().context("the metrics cannot be registered")?;
    statements::observe_into(metrics.db_statements.clone());
    let readiness = Readiness::default();
    // Bound early, so that a taken port is found before anything else starts.
    let listener = tokio::select! {
        listener = ports::open("METRICS_ADDR", config.service.metrics_addr) => listener?,
        () = signal() => return Ok(true),
    };
    tracing::info!(address = %listener.local_addr()?, "the operators' port is open");
    // The operators' server runs beside everything and ends last, so that a draining service can be observed.
    let (scrapes, requests) = scrape::channel();
    let bot = serve(config, clock, life.clone(), signal, (metrics.clone(), readiness.clone(), requests));
    let serving = tokio::join!(
        async {
            let served = bot.await;
            life.abort.cancel();
            served
        },
        server::serve(listener, metrics, readiness, scrapes, life.abort.clone()),
    );
    serving.0
}

async fn serve(
    config: Config,
    clock: Clock,
    life: Lifecycle,
    signal: impl AsyncFnMut(),
    (metrics, readiness, requests): (Metrics, Readiness, ScrapeRequests),
) -> Result<bool> {
    let db = Db::of(&config.database, metrics.clone())
        .context("DATABASE_URL cannot be used")?
        .stopped_by(life.abort.clone())
        .behind(life.fence.clone(), life.holdings.clone());
    // No tasks of the lifecycle, because a draining service is observed, alive, and needs its database, too.
    let state = state_metrics::run(db.clone(), clock.clone(), metrics.clone(), requests, life.clone());
    let followed = db.clone();
    let instance = Instance::new(db.clone(), life.clone(), metrics.clone());
    let beating = instance.clone();
    let wake_ups = WakeUps::new(metrics.clone(), config.service.dropped_wake_ups());
    let waking = wake_ups.clone();
    let shared = (db, instance, wake_ups);
    tokio::select! {
        served = work(config, clock, life, signal, (metrics, readiness, shared)) => served,
        never = async {
            tokio::join!(state, followed.follow(), beating.beat(), waking.run());
            std::future::pending().await
        } => never,
    }
}

/// Starts the bot, waits for a signal and stops it.
async fn work(
    config: Config,
    clock: Clock,
    life: Lifecycle,
    mut signal: impl AsyncFnMut(),
    (metrics, readiness, (db, instance, wake_ups)): (Metrics, Readiness, (Db, Instance, WakeUps)),
) -> Result<bool> {
    let grace = config.service.shutdown_grace;
    let started = {
        let starting = start(&config, clock, &life, (&metrics, &readiness), (&db, &instance, &wake_ups));
        tokio::pin!(starting);
        tokio::select! {
            started = &mut starting => started,
            // The parts that have started must know the reason before they lose the rest.
            () = signal() => {
                life.drain.cancel();
                Ok(())
            }
        }
    };
    if let Err(error) = started {
        life.drain.cancel();
        life.abort.cancel();
        hand_over(&instance, false).await;
        return Err(error);
    }
    if !life.drain.is_cancelled() {
        readiness.running();
        tracing::info!("ready");
    }
    let leaving = life.leaving.clone();
    let watch = async {
        leaving.cancelled().await;
        readiness.draining();
        std::future::pending::<()>().await;
    };
    let (notice, is_announced) = (config.service.shutdown_notice, Cell::new(false));
    let signal = async || {
        signal().await;
        if !is_announced.replace(true) && !notice.is_zero() && !life.drain.is_cancelled() {
            readiness.draining();
            if life.fence.has_peers() {
                life.leaving.cancel();
            }
            let notice_s = notice.as_secs();
            tracing::info!(notice_s, "signal received, updates are still taken for {notice_s} s");
            tokio::select! {
                () = signal() => {}
                () = tokio::time::sleep(notice) => {}
            }
        }
    };
    let clean = tokio::select! {
        clean = life.run(signal, grace) => clean,
        () = watch => false,
    };
    hand_over(&instance, true).await;
    if tokio::time::timeout(CLOSE_LIMIT, db.close()).await.is_err() {
        tracing::warn!("the connections to the database did not close in time");
    }
    tracing::info!(clean, "stopped");
    Ok(clean)
}

/// Lets another instance take over at once. `orderly` says that the work left over was in flight in no crash.
async fn hand_over(instance: &Instance, orderly: bool) {
    let left = tokio::time::timeout(CLOSE_LIMIT, instance.leave(orderly)).await;
    if let Err(error) = left.unwrap_or(Ok(())) {
        // The next start takes this stop for a crash, which uses up one of several chances of the work left
        // over.
        tracing::warn!(error = &error as &dyn std::error::Error, "the orderly stop was not written down");
    }
}

/// Runs the start up to the point at which updates are received.
async fn start(
    config: &Config,
    clock: Clock,
    life: &Lifecycle,
    (metrics, readiness): (&Metrics, &Readiness),
    (db, instance, wake_ups): (&Db, &Instance, &WakeUps),
) -> Result<()> {
    db.chosen().await;
    bring_up_to_date(config, life, db).await?;
    instance.join().await.context("this instance cannot be registered")?;
    let cache = clients::cache(config, life, metrics, db).await?;
    wake_ups.attach(&cache);
    let (write_behind, writer) = write_behind::open(db.clone(), cache.clone(), metrics.clone());
    let duties = Duties::new(db.clone(), instance.clone(), life.clone(), metrics.clone());
    life.spawn("write-behind", writer.with(duties.clone()).run(life.clone()));
    let registry = models(config, metrics)?;
    let speech = clients::speech(config)?;
    let (told, heard) = mpsc::channel(penalties::WAITING);
    let api = clients::bot_api(config, life, metrics)?.telling(told);
    life.spawn("penalties", penalties::pass_on(api.clone(), heard, wake_ups.clone(), life.clone()));
    let books = Books { db: db.clone(), registry, clock, terms: clients::terms(config) };
    let assistant = clients::assistant(config, &books, (&api, &cache), speech.as_ref(), (life, metrics))?;
    let me = telegram_start::introduce(&api, life).await?;
    let (made_files, copies_dropped) = (assistant.made_files.clone(), assistant.copies.dropped());
    let courier =
        Courier::new(api.clone(), db.clone(), cache.clone(), made_files, life.clone(), metrics.clone());
    let screen = screen(&api, courier, db, (life, metrics));
    let context = Arc::new(BotContext {
        me,
        db: db.clone(),
        cache,
        write_behind,
        assistant,
        books,
        payment_worker: PaymentWorker::new(metrics.clone()),
        screen,
        mailboxes: Mailboxes::default(),
        running: RunningTurns::default(),
        deferred: Deferred::default(),
        arrivals: Arrivals::default(),
        looks: Looks::default(),
        wake_ups: wake_ups.clone(),
        in_flight: InFlight::default(),
        speech,
        files: FetchPermits::default(),
        hearings: FetchPermits::default(),
        group_administrators: GroupAdministrators::default(),
        albums: Albums::default(),
        copies_dropped,
        announcements: Arc::default(),
        data_requests: Arc::default(),
        topics_due: Arc::default(),
        menu_checks: MenuChecks::default(),
        isolation: Isolation::default(),
        slots: Slots::new(config.conversation.max_turns_per_user),
        batch_window: config.conversation.batch_window,
        life: life.clone(),
        metrics: metrics.clone(),
        readiness: readiness.clone(),
    });
    let (updates, receiver) = mpsc::channel(intake::UPDATES_IN_FLIGHT);
    life.spawn_vital("dispatcher", dispatcher::run(context.clone(), receiver));
    let intake = Intake::new(context.clone(), updates);
    receiving::begin(config, &context, intake, (instance, duties)).await
}

/// Migrates the database.
async fn bring_up_to_date(config: &Config, life: &Lifecycle, db: &Db) -> Result<()> {
    let allows_newer = config.database.allows_newer_schema;
    let migrate = || migrate::run_from(db, allows_newer);
    let migrated = db.until(&life.drain).persist_within(MIGRATION_LIMIT, migrate).await;
    let version = migrated.context("the database cannot be brought up to date")?;
    tracing::info!(version, "the database is up to date");
    Ok(())
}

/// Creates what turns are shown with.
fn screen(api: &Api, courier: Courier, db: &Db, (life, metrics): (&Lifecycle, &Metrics)) -> Screen {
    let actions = Actions::new(api.clone(), life.clone());
    Screen {
        api: api.clone(),
        actions,
        courier,
        db: db.clone(),
        life: life.clone(),
        metrics: metrics.clone(),
    }
}

/// Loads the table of models and prices, and starts the metrics of each.
fn models(config: &Config, metrics: &Metrics) -> Result<Registry> {
    let registry = Registry::load(config.conversation.models_file.as_deref())
        .and_then(|table| table.limit_to(Provider::OF_CHATS))
        .context("MODELS_FILE")?;
    registry.models().for_each(|model| metrics.expect_model(&model.id.0));
    registry.services().for_each(|service| metrics.expect_service(service));
    Ok(registry)
}
