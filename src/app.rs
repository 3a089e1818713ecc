//! Puts the service together: the only place that constructs clients and knows every part.
//! Start order: settings, metrics port, database and migrations, models, Telegram, what the last run left, intake.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::config::{Config, Mode};
use crate::conversation::Mind;
use crate::db::{Db, migrate};
use crate::domain::clock::Clock;
use crate::domain::people::Language;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::llm::registry::Registry;
use crate::llm::{Provider, claude};
use crate::telegram::api::methods::{DeleteWebhook, GetMe, Me, SetMyCommands, SetWebhook};
use crate::telegram::api::{Api, ApiError};
use crate::telegram::context::Context;
use crate::telegram::courier::Courier;
use crate::telegram::intake::{self, Intake, Webhook};
use crate::telegram::pipeline::queue::Mailboxes;
use crate::telegram::pipeline::slots::Slots;
use crate::telegram::streaming::Screen;
use crate::telegram::{dispatcher, text};
use crate::telemetry::metrics::Metrics;
use crate::telemetry::server::{self, Readiness};
use crate::tools::Toolbox;
use secrecy::ExposeSecret;

/// The longest that any call of the Bot API may take: long polling, and files later.
const TELEGRAM_LIMIT: Duration = Duration::from_secs(120);
/// The pause between attempts to reach Telegram at start.
const START_PAUSE: Duration = Duration::from_secs(2);

/// Runs the service until `signal` fires (twice to cut what runs). Returns whether it ended without a crash.
///
/// # Errors
/// When something that the start needs is missing or wrong; the text says what.
pub async fn run(config: Config, clock: Clock, life: Lifecycle, signal: impl AsyncFnMut()) -> Result<bool> {
    let metrics = Metrics::new().context("the metrics cannot be registered")?;
    let readiness = Readiness::default();
    let metrics_addr = config.service.metrics_addr;
    let listener =
        server::bind(metrics_addr).await.with_context(|| format!("METRICS_ADDR: {metrics_addr} is taken"))?;
    // The operators' server runs beside everything and ends last, so that a draining service can be seen.
    let serving = tokio::join!(
        serve(config, clock, life.clone(), signal, metrics.clone(), readiness.clone()),
        server::serve(listener, metrics, readiness, life.abort.clone()),
    );
    serving.0
}

async fn serve(
    config: Config,
    clock: Clock,
    life: Lifecycle,
    mut signal: impl AsyncFnMut(),
    metrics: Metrics,
    readiness: Readiness,
) -> Result<bool> {
    let grace = config.service.shutdown_grace;
    let db = Db::open(&config.database.postgres, config.database.pool_size, metrics.clone())
        .context("DATABASE_URL cannot be used")?;
    let started = {
        let starting = start(&config, clock, &life, &metrics, &db);
        tokio::pin!(starting);
        tokio::select! {
            started = &mut starting => started,
            // What has started already must know the reason before it loses the rest.
            () = signal() => {
                life.drain.cancel();
                Ok(())
            }
        }
    };
    if let Err(error) = started {
        life.drain.cancel();
        life.abort.cancel();
        return Err(error);
    }
    if !life.drain.is_cancelled() {
        readiness.ready();
        tracing::info!("ready");
    }
    let drained = life.drain.clone();
    let watch = async {
        drained.cancelled().await;
        readiness.draining();
        std::future::pending::<()>().await;
    };
    let clean = tokio::select! {
        clean = life.run(signal, grace) => clean,
        () = watch => false,
    };
    db.close().await;
    tracing::info!(clean, "stopped");
    Ok(clean)
}

/// Everything up to the moment at which updates are taken.
async fn start(config: &Config, clock: Clock, life: &Lifecycle, metrics: &Metrics, db: &Db) -> Result<()> {
    let version =
        db.persist("migrate::run", &life.drain, || migrate::run(db)).await.context("DATABASE_URL")?;
    tracing::info!(version, "the database is up to date");
    let registry = Registry::load(config.conversation.models_file.as_deref()).context("MODELS_FILE")?;
    let mind = mind(config, metrics)?;
    let telegram = &config.telegram;
    let client = http::client(TELEGRAM_LIMIT).context("no HTTP client")?;
    let api =
        Api::new(client, &telegram.api_url, &telegram.token, telegram.sends_per_second, metrics.clone());
    let me = introduce(&api, life).await?;
    let courier = Courier::new(api.clone(), db.clone(), life.clone(), metrics.clone());
    let screen = Screen { api: api.clone(), courier, db: db.clone(), life: life.clone() };
    let context = Arc::new(Context {
        me,
        db: db.clone(),
        mind,
        registry,
        screen,
        mailboxes: Mailboxes::default(),
        deferred: intake::Deferred::default(),
        slots: Slots::new(config.conversation.max_turns_per_user),
        batch_window: config.conversation.batch_window,
        clock,
        life: life.clone(),
        metrics: metrics.clone(),
    });
    let (updates, receiver) = mpsc::channel(intake::UPDATES_IN_FLIGHT);
    let bot = dispatcher::bot(&telegram.token, &telegram.api_url).context("TELEGRAM_API_URL")?;
    life.spawn_vital("dispatcher", dispatcher::run(context.clone(), bot, receiver));
    let intake = Intake::new(context, updates);
    intake::replay(&intake).await.context("what the last run left cannot be taken up")?;
    life.spawn_vital("deferred", intake.clone().retry_deferred());
    take_updates(config, life, &api, intake).await
}

fn mind(config: &Config, metrics: &Metrics) -> Result<Mind> {
    let idle_limit = config.anthropic.idle_limit;
    let client = http::streaming_client(idle_limit * 2).context("no HTTP client")?;
    let anthropic = claude::Client::new(client, &config.anthropic.base_url, &config.anthropic.key)
        .context("ANTHROPIC_API_KEY has characters that cannot be sent")?;
    let toolbox = Toolbox::default();
    Ok(Mind { provider: Provider::Claude(anthropic), toolbox, idle_limit, metrics: metrics.clone() })
}

/// Opens the way for updates: by asking or by being called.
async fn take_updates(config: &Config, life: &Lifecycle, api: &Api, intake: Intake) -> Result<()> {
    match &config.telegram.mode {
        Mode::Polling => {
            api.call(&DeleteWebhook {}).await.context("an old webhook cannot be removed")?;
            life.spawn_vital("polling", intake::poll(intake));
        }
        Mode::Webhook { url, addr, secret } => {
            let listener =
                TcpListener::bind(addr).await.with_context(|| format!("WEBHOOK_ADDR: {addr} is taken"))?;
            let webhook = Webhook { secret: secret.clone() };
            life.spawn_vital("webhook", intake::listen(listener, webhook, intake));
            let method =
                SetWebhook { url, secret_token: secret.expose_secret(), allowed_updates: intake::KINDS };
            api.call(&method).await.context("Telegram does not accept WEBHOOK_URL")?;
        }
    }
    Ok(())
}

/// Asks Telegram who we are and sets the menu of commands. Waits while Telegram is away.
async fn introduce(api: &Api, life: &Lifecycle) -> Result<Me> {
    let me = loop {
        match api.call(&GetMe {}).await {
            Ok(me) => break me,
            Err(error) if error.is_passing() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "Telegram is away, waiting");
            }
            Err(error @ ApiError::Unauthorized(_)) => {
                return Err(error).context("TELEGRAM_BOT_TOKEN is not accepted, ask BotFather for a new one");
            }
            Err(error) => return Err(error).context("Telegram does not tell who the bot is"),
        }
        tokio::select! {
            () = life.drain.cancelled() => anyhow::bail!("stopped before Telegram could be reached"),
            () = tokio::time::sleep(START_PAUSE) => {}
        }
    };
    tracing::info!(bot.id = me.id, "Telegram knows us as @{}", me.username);
    for (language, language_code) in [(Language::English, None), (Language::Russian, Some("ru"))] {
        let method = SetMyCommands { commands: text::commands(language), language_code };
        if let Err(error) = api.call(&method).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the menu of commands is not set");
        }
    }
    Ok(me)
}
