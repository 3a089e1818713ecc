//! Checks from the command line: whether everything that the bot depends on is available, and if not, what to
//! fix.

use std::fmt::Write;
use std::time::Duration;

use crate::bot_api::Api;
use crate::bot_api::methods::GetMe;
use crate::cache::health;
use crate::config::{Config, Mode};
use crate::db::audit::{self, Problem, Totals};
use crate::db::{Db, migrate};
use crate::http;
use crate::llm::registry::Registry;
use crate::llm::{Provider, claude, gemini, speech};
use crate::sandbox;
use crate::telemetry::logs::chain;
use crate::telemetry::metrics::Metrics;

/// Time limit of one check.
const LIMIT: Duration = Duration::from_secs(15);

/// Runs all checks concurrently; returns the report and whether the bot can run.
pub async fn examine(config: &Config) -> (String, bool) {
    let (database, redis, telegram, anthropic, openai, google, e2b) = tokio::join!(
        database(config),
        redis(config),
        telegram(config),
        anthropic(config),
        openai(config),
        google(config),
        e2b(config)
    );
    let models = Registry::load(config.conversation.models_file.as_deref());
    let models = models.and_then(|table| table.limit_to(Provider::OF_CHATS));
    let models =
        models.map(|table| format!("{} models offered", table.offered().count())).map_err(|e| e.to_string());
    let mut report = String::new();
    let mut healthy = true;
    let checks =
        [("database", database), ("telegram", telegram), ("anthropic", anthropic), ("models", models)];
    let optional = [("redis", redis), ("openai", openai), ("google", google), ("e2b", e2b)];
    let optional = optional.into_iter().filter_map(|(name, found)| Some((name, found?)));
    for (name, found) in checks.into_iter().chain(optional) {
        healthy &= found.is_ok();
        let (mark, text) = match found {
            Ok(text) => ("ok  ", text),
            Err(text) => ("FAIL", text),
        };
        writeln!(report, "{mark} {name}: {text}").unwrap_or_default();
    }
    for (name, provider, feature) in [
        ("OPENAI_API_KEY", &config.providers.openai, "speech to text"),
        ("GOOGLE_API_KEY", &config.providers.google, "image generation"),
        ("E2B_API_KEY", &config.providers.e2b, "Python"),
    ] {
        if provider.key.is_none() {
            writeln!(report, "note {name} is not set: no {feature}").unwrap_or_default();
        }
    }
    for warning in config.warnings() {
        writeln!(report, "note {warning}").unwrap_or_default();
    }
    (report, healthy)
}

/// Applies the pending migrations.
///
/// # Errors
/// Returns an error if the database cannot be reached or changed.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    let db = open(config)?;
    let version = migrate::run_from(&db, config.database.allows_newer_schema).await?;
    tracing::info!(version, "the database is up to date");
    db.close().await;
    Ok(())
}

/// Audits the books; returns the report and whether they are right.
///
/// # Errors
/// Returns an error if the books cannot be read.
pub async fn audit(config: &Config) -> anyhow::Result<(String, bool)> {
    let db = open(config)?;
    let problems = audit::problems(&db).await?;
    let totals = audit::totals(&db).await?;
    db.close().await;
    let mut report = String::new();
    for Problem { rule, count, example } in &problems {
        writeln!(report, "FAIL {rule}: {count}, such as {example}")?;
    }
    let Totals { users, operations, balances, payments, stars, holds, charged, losses } = totals;
    if problems.is_empty() {
        writeln!(report, "ok   every balance, hold, payment and charge is right")?;
    }
    writeln!(report, "     {users} users with {operations} operations have {}", balances.exact())?;
    writeln!(report, "     {payments} payments, {stars} Stars not given back, {holds} holds open")?;
    writeln!(report, "     models cost users {} and the owner {}", charged.exact(), losses.exact())?;
    Ok((report, problems.is_empty()))
}

fn open(config: &Config) -> anyhow::Result<Db> {
    Ok(Db::open(&config.database.postgres, config.database.pool_size, Metrics::new()?)?)
}

async fn database(config: &Config) -> Result<String, String> {
    let db = open(config).map_err(|error| format!("{error:#}"))?;
    let found = tokio::time::timeout(LIMIT, migrate::current(&db)).await;
    match (found, migrate::latest()) {
        (Err(_), _) => Err("no answer; check DATABASE_URL and that PostgreSQL runs".to_owned()),
        (Ok(Err(error)), _) => Err(format!("{}; check DATABASE_URL and that PostgreSQL runs", chain(&error))),
        (Ok(Ok(None)), _) => {
            Ok("reachable, empty; the first start or `starling migrate` sets it up".to_owned())
        }
        (Ok(Ok(Some(version))), latest) if version > latest && !config.database.allows_newer_schema => {
            Err(format!(
                "at version {version}, this binary knows {latest}; use a newer binary, or set ALLOW_NEWER_SCHEMA=true \
                 if you have rolled back"
            ))
        }
        (Ok(Ok(Some(version))), latest) => Ok(format!("at version {version} of {latest}")),
    }
}

/// Checks Redis. Returns `None` if it is not configured.
async fn redis(config: &Config) -> Option<Result<String, String>> {
    let found = match health::examine(config.database.redis.as_ref()?).await {
        Err(reason) => Err(format!("{reason}; check REDIS_URL and that Redis runs")),
        Ok(health) if health.evicts_everything() => Err(format!(
            "maxmemory-policy is {}, which may remove what waits to be written; set volatile-lru",
            health.policy.unwrap_or_default()
        )),
        Ok(health) if !health.append_only => {
            Ok(format!("Redis {}; appendonly is off, set it to yes", health.version))
        }
        Ok(health) => Ok(format!("Redis {}", health.version)),
    };
    Some(found)
}

async fn telegram(config: &Config) -> Result<String, String> {
    let telegram = &config.telegram;
    let metrics = Metrics::new().map_err(|error| error.to_string())?;
    let client = http::client(LIMIT).map_err(|error| error.to_string())?;
    let api = Api::new(client, &telegram.api_url, &telegram.token, 0, metrics);
    let api = api.map_err(|error| format!("TELEGRAM_API_URL: {error}"))?;
    let me = api
        .call(&GetMe {})
        .await
        .map_err(|error| format!("{}; check TELEGRAM_BOT_TOKEN and TELEGRAM_API_URL", chain(&error)))?;
    let mode = match telegram.mode {
        Mode::Polling => "long polling",
        Mode::Webhook { .. } => "webhook",
    };
    Ok(format!("{} by {mode}", me.title()))
}

async fn anthropic(config: &Config) -> Result<String, String> {
    let client = http::client(LIMIT).map_err(|error| error.to_string())?;
    let client = claude::Client::new(client, &config.anthropic.base_url, &config.anthropic.key)
        .map_err(|_| "ANTHROPIC_API_KEY has characters that cannot be sent".to_owned())?;
    let checked = Provider::Claude(client).check().await;
    checked.map_err(|error| format!("{}; check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL", chain(&error)))?;
    Ok("the key is accepted".to_owned())
}

/// Checks the service for speech to text. Returns `None` if it is not configured.
async fn openai(config: &Config) -> Option<Result<String, String>> {
    let (openai, limit) = (&config.providers.openai, config.providers.openai_limit);
    let key = openai.key.as_ref()?;
    let check = async {
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let client = speech::Client::new(client, &openai.base_url, key, limit)
            .map_err(|_| "OPENAI_API_KEY has characters that cannot be sent".to_owned())?;
        let checked = client.check().await;
        checked.map_err(|error| format!("{}; check OPENAI_API_KEY and OPENAI_BASE_URL", chain(&error)))?;
        Ok("the key is not refused".to_owned())
    };
    Some(check.await)
}

/// Checks the service for pictures. Returns `None` if it is not configured.
async fn google(config: &Config) -> Option<Result<String, String>> {
    let (google, limit) = (&config.providers.google, config.providers.google_limit);
    let key = google.key.as_ref()?;
    let check = async {
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let client = gemini::Client::new(client, &google.base_url, key, limit)
            .map_err(|_| "GOOGLE_API_KEY has characters that cannot be sent".to_owned())?;
        let checked = client.check().await;
        checked.map_err(|error| format!("{}; check GOOGLE_API_KEY and GOOGLE_BASE_URL", chain(&error)))?;
        Ok(format!("the key is accepted, {} draws", gemini::MODEL))
    };
    Some(check.await)
}

/// Checks the service for sandboxes. Returns `None` if it is not configured.
async fn e2b(config: &Config) -> Option<Result<String, String>> {
    let (e2b, sandbox_url) = (&config.providers.e2b, config.providers.e2b_sandbox_url.as_str());
    let key = e2b.key.as_ref()?;
    let check = async {
        let client = http::client(LIMIT).map_err(|error| error.to_string())?;
        let client = sandbox::Client::new(client, (&e2b.base_url, sandbox_url), key)
            .map_err(|_| "E2B_API_KEY has characters that cannot be sent".to_owned())?;
        let checked = client.check().await;
        checked.map_err(|error| format!("{}; check E2B_API_KEY and E2B_API_URL", chain(&error)))?;
        Ok("the key is accepted".to_owned())
    };
    Some(check.await)
}
