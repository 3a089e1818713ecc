//! Creates the clients of the services that the bot depends on, from the settings.

use anyhow::{Context as _, Result};

use crate::bot_api::Api;
use crate::cache::{Cache, Origin};
use crate::config::Config;
use crate::conversation::{Assistant, OutputRatios};
use crate::db::{Db, migrate};
use crate::domain::tool::ToolName;
use crate::http;
use crate::lifecycle::Lifecycle;
use crate::llm::{Provider, claude, speech};
use crate::services::books::{Books, Terms};
use crate::services::file_contents::FileContents;
use crate::services::file_copies::FileCopies;
use crate::services::file_previews::FilePreviews;
use crate::services::file_transcripts::FileTranscripts;
use crate::services::file_views::FileViews;
use crate::services::made_files::MadeFiles;
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
        turn_limit: config.conversation.turn_limit,
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
    let (provider, metrics) = (Provider::Claude(anthropic), metrics.clone());
    let missing: &[ToolName] = if speech.is_none() { &[ToolName::TranscribeAudio] } else { &[] };
    let room = (config.database.made_files, config.database.made_files_cached);
    let made_files = MadeFiles::new(db.clone(), cache.clone(), room.0, room.1);
    let copies = FileCopies::new(api.clone(), cache.clone(), provider.clone(), db.clone(), clock.clone());
    let contents = FileContents::new(api.clone(), cache.clone(), db.clone(), made_files.clone());
    let transcripts = speech.map(|client| {
        FileTranscripts::new(contents.clone(), books.clone(), client.clone(), life.clone(), metrics.clone())
    });
    Ok(Assistant {
        provider,
        toolbox: Toolbox::without(missing),
        ratios: OutputRatios::default(),
        copies,
        views: FileViews::new(contents.clone()),
        previews: FilePreviews::new(contents),
        transcripts,
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
