//! Creates the clients of the services that the bot depends on, from the settings.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::bot_api::Api;
use crate::cache::Cache;
use crate::config::Config;
use crate::conversation::{Assistant, OutputRatios};
use crate::db::Db;
use crate::domain::model::ModelId;
use crate::domain::tool::ToolName;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::llm::registry::Registry;
use crate::llm::{Provider, claude, gemini, speech};
use crate::sandbox;
use crate::services::books::{Books, Terms};
use crate::services::cache_origin;
use crate::services::file_contents::FileContents;
use crate::services::file_copies::FileCopies;
use crate::services::file_previews::FilePreviews;
use crate::services::file_transcripts::FileTranscripts;
use crate::services::file_views::FileViews;
use crate::services::made_files::MadeFiles;
use crate::services::pictures::Pictures;
use crate::services::sandboxes::Sandboxes;
use crate::telemetry::metrics::Metrics;
use crate::tools::{Toolbox, WebAccess};

/// The longest time limit of any call of the Bot API: long polling, and files.
const TELEGRAM_LIMIT: Duration = Duration::from_secs(120);

/// Creates the client of the Bot API.
pub(super) fn bot_api(config: &Config, life: &Lifecycle, metrics: &Metrics) -> Result<Api> {
    let telegram = &config.telegram;
    let client = http::client(TELEGRAM_LIMIT).context("no HTTP client")?;
    let budget = telegram.sends_per_second;
    let api = Api::new(client, &telegram.api_url, &telegram.token, budget, metrics.clone())
        .context("TELEGRAM_API_URL")?;
    Ok(api.with_files(telegram.file_limit, telegram.is_local()).behind(life.fence.clone()))
}

/// Creates the cache for the rows of this database.
pub(super) async fn cache(config: &Config, life: &Lifecycle, metrics: &Metrics, db: &Db) -> Result<Cache> {
    let Some(redis) = &config.database.redis else { return Ok(Cache::disabled()) };
    let found = db.found();
    let origin = cache_origin::read(db, &life.drain).await;
    let origin = origin.context("the database does not tell who it is")?;
    let cache = Cache::open(redis, &origin, metrics.clone()).context("REDIS_URL cannot be used")?;
    life.spawn(
        "cache origin",
        cache_origin::follow(db.clone(), cache.clone(), (origin, found), life.clone()),
    );
    Ok(cache)
}

pub(super) fn terms(config: &Config) -> Terms {
    Terms {
        starter_balance: config.conversation.starter_balance,
        overdraft_limit: config.conversation.overdraft_limit,
        turn_limit: config.conversation.turn_limit,
        most_turn_limit: config.conversation.most_turn_limit,
        file_bytes_per_day: config.conversation.file_bytes_per_day,
        messages_kept_days: config.conversation.messages_kept_days,
        support_contact: config.service.support_contact.clone(),
        privileged: config.privileged.clone(),
    }
}

pub(super) fn assistant(
    config: &Config,
    books: &Books,
    (api, cache): (&Api, &Cache),
    speech: Option<&speech::Client>,
    (life, metrics): (&Lifecycle, &Metrics),
) -> Result<Assistant> {
    let Books { db, registry, clock, .. } = books.clone();
    let (idle_limit, max_silence) = (config.anthropic.idle_limit, config.anthropic.max_silence);
    let client = http::streaming_client(idle_limit * 2).context("no HTTP client")?;
    let anthropic = claude::Client::new(client, &config.anthropic.base_url, &config.anthropic.key)
        .context("ANTHROPIC_API_KEY has characters that cannot be sent")?;
    let (provider, metrics, web) = (Provider::Claude(anthropic), metrics.clone(), &config.web);
    let pictures = images(config, &registry)?;
    let python = python(config)?;
    let mut hidden = Vec::new();
    if speech.is_none() {
        hidden.push(ToolName::TranscribeAudio);
    }
    if pictures.is_none() {
        hidden.push(ToolName::GenerateImage);
    }
    if python.is_none() {
        hidden.push(ToolName::ExecutePython);
    }
    let web = WebAccess::new(web.uses, &web.blocked_domains);
    let room = (config.database.made_files, config.database.made_files_cached);
    let made_files = MadeFiles::new(db.clone(), cache.clone(), room.0, room.1);
    let copies = FileCopies::new(api.clone(), cache.clone(), provider.clone(), db.clone(), clock.clone());
    let contents =
        FileContents::new(api.clone(), cache.clone(), books.clone(), made_files.clone(), life.abort.clone());
    let transcripts = speech.map(|client| {
        FileTranscripts::new(contents.clone(), books.clone(), client.clone(), life.clone(), metrics.clone())
    });
    let previews = FilePreviews::new(contents.clone());
    let sandboxes = python.map(|client| Sandboxes::new(client, db.clone(), contents.clone(), life.clone()));
    let views = FileViews::new(contents.clone());
    let pictures = Pictures::new(pictures, contents);
    Ok(Assistant {
        provider,
        toolbox: Toolbox::without(&hidden).with_web(web),
        ratios: OutputRatios::default(),
        copies,
        previews,
        views,
        transcripts,
        pictures,
        sandboxes,
        db,
        made_files,
        registry,
        clock,
        idle_limit,
        max_silence,
        fence: life.fence.clone(),
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

/// Creates the client that draws; `None` without a key, or if the price table does not have its model.
fn images(config: &Config, registry: &Registry) -> Result<Option<gemini::Client>> {
    let (google, limit) = (&config.providers.google, config.providers.google_limit);
    let Some(key) = &google.key else { return Ok(None) };
    if registry.get(&ModelId(gemini::MODEL.to_owned())).is_none() {
        tracing::warn!(model = gemini::MODEL, "no images: MODELS_FILE has no prices of {}", gemini::MODEL);
        return Ok(None);
    }
    // The client ends a request first: it must know whether the time was over or the connection broke.
    let client = http::client(limit * 2).context("no HTTP client")?;
    let client = gemini::Client::new(client, &google.base_url, key, limit)
        .context("GOOGLE_API_KEY has characters that cannot be sent")?;
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
