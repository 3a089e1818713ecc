//! Creates the clients of the services that the bot depends on, from the settings.

use anyhow::{Context as _, Result};

use crate::bot_api::Api;
use crate::cache::{Cache, Origin};
use crate::config::Config;
use crate::conversation::{Assistant, OutputRatios};
use crate::db::{Db, migrate};
use crate::domain::clock::Clock;
use crate::domain::tool::ToolName;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::llm::registry::Registry;
use crate::llm::{Provider, claude, speech};
use crate::sandbox;
use crate::services::books::Terms;
use crate::services::file_contents::FileContents;
use crate::services::file_copies::FileCopies;
use crate::services::file_previews::FilePreviews;
use crate::services::made_files::MadeFiles;
use crate::services::sandboxes::Sandboxes;
use crate::telemetry::metrics::Metrics;
use crate::tools::Toolbox;

/// Creates the cache for the rows of this database.
pub(super) async fn cache(config: &Config, life: &Lifecycle, metrics: &Metrics, db: &Db) -> Result<Cache> {
    let Some(url) = &config.database.redis else { return Ok(Cache::disabled()) };
    let identity = db.until(&life.drain).persist(|| migrate::identity(db)).await;
    let migrate::DatabaseIdentity { database, timeline } =
        identity.context("the database does not tell who it is")?;
    Cache::open(url, &Origin { database, timeline }, metrics.clone()).context("REDIS_URL cannot be used")
}

pub(super) fn terms(config: &Config) -> Terms {
    Terms {
        starter_balance: config.conversation.starter_balance,
        overdraft_limit: config.conversation.overdraft_limit,
        messages_kept_days: config.conversation.messages_kept_days,
        support_contact: config.service.support_contact.clone(),
        privileged: config.privileged.clone(),
    }
}

pub(super) fn assistant(
    config: &Config,
    registry: &Registry,
    db: &Db,
    (api, cache): (&Api, &Cache),
    (clock, life): (Clock, &Lifecycle),
    metrics: &Metrics,
) -> Result<Assistant> {
    let (idle_limit, max_silence) = (config.anthropic.idle_limit, config.anthropic.max_silence);
    let client = http::streaming_client(idle_limit * 2).context("no HTTP client")?;
    let anthropic = claude::Client::new(client, &config.anthropic.base_url, &config.anthropic.key)
        .context("ANTHROPIC_API_KEY has characters that cannot be sent")?;
    let provider = Provider::Claude(anthropic);
    let (db, registry, metrics) = (db.clone(), registry.clone(), metrics.clone());
    let room = (config.database.made_files, config.database.made_files_cached);
    let made_files = MadeFiles::new(db.clone(), cache.clone(), room.0, room.1);
    let copies = FileCopies::new(api.clone(), cache.clone(), provider.clone(), db.clone(), clock.clone());
    let contents = FileContents::new(api.clone(), cache.clone(), db.clone(), made_files.clone());
    let previews = FilePreviews::new(contents.clone());
    let python = python(config)?;
    let mut hidden = Vec::new();
    if python.is_none() {
        hidden.push(ToolName::ExecutePython);
    }
    let toolbox = Toolbox::without(&hidden);
    let sandboxes = python.map(|client| Sandboxes::new(client, db.clone(), contents, life.clone()));
    Ok(Assistant {
        provider,
        toolbox,
        ratios: OutputRatios::default(),
        copies,
        previews,
        sandboxes,
        db,
        made_files,
        registry,
        clock,
        idle_limit,
        max_silence,
        metrics,
    })
}

/// Creates the client for speech to text; `None` without a key.
pub(super) fn speech(config: &Config) -> Result<Option<speech::Client>> {
    let (openai, limit) = (&config.providers.openai, config.providers.openai_limit);
    let Some(key) = &openai.key else { return Ok(None) };
    let client = http::client(limit).context("no HTTP client")?;
    let client = speech::Client::new(client, &openai.base_url, key, limit)
        .context("OPENAI_API_KEY has characters that cannot be sent")?;
    Ok(Some(client))
}

/// Creates the client for sandboxes; `None` without a key.
fn python(config: &Config) -> Result<Option<sandbox::Client>> {
    let (e2b, sandbox_url) = (&config.providers.e2b, config.providers.e2b_sandbox_url.as_str());
    let Some(key) = &e2b.key else { return Ok(None) };
    let client = http::streaming_client(sandbox::IDLE_LIMIT).context("no HTTP client")?;
    let client = sandbox::Client::new(client, (&e2b.base_url, sandbox_url), key)
        .context("E2B_API_KEY has characters that cannot be sent")?;
    Ok(Some(client))
}
