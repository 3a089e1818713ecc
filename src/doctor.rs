//! Checks from the command line: whether everything that the bot depends on is available, and if not, what to
//! fix.

mod providers;
mod storage;
mod telegram;

use std::fmt::Write;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::db::audit::{Problem, Totals, totals};
use crate::db::{Db, DbError, migrate};
use crate::services::audit::{self, Audit, Extent};
use crate::services::{duties, instances};
use crate::telemetry::metrics::Metrics;

/// Time limit of one check.
const LIMIT: Duration = Duration::from_secs(15);

/// What a check has found, in one line that says what to do.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Finding {
    Fine(String),
    /// The bot runs, but not as well as it could.
    Weak(String),
    /// The bot does not run, or not with what is configured.
    Broken(String),
}

impl From<Result<String, String>> for Finding {
    fn from(checked: Result<String, String>) -> Self {
        checked.map_or_else(Self::Broken, Self::Fine)
    }
}

/// Runs all checks concurrently; returns the report and whether the bot can run.
pub async fn examine(config: &Config) -> (String, bool) {
    let (database, redis, telegram, (anthropic, models), openai, google, e2b) = tokio::join!(
        storage::database(config),
        storage::redis(config),
        telegram::examine(config),
        providers::anthropic(config),
        providers::openai(config),
        providers::google(config),
        providers::e2b(config)
    );
    let mut report = String::new();
    let mut healthy = true;
    let checks = [
        ("database", Some(database.schema)),
        ("servers", database.servers),
        ("pooler", database.pooler),
        ("clock", database.clock),
        ("instances", database.instances),
        ("telegram", Some(telegram)),
        ("anthropic", Some(anthropic)),
        ("models", Some(models)),
        ("redis", redis),
        ("openai", openai),
        ("google", google),
        ("e2b", e2b),
    ];
    for (name, found) in checks.into_iter().filter_map(|(name, found)| Some((name, found?))) {
        healthy &= !matches!(found, Finding::Broken(_));
        let (mark, text) = match found {
            Finding::Fine(text) => ("ok  ", text),
            Finding::Weak(text) => ("warn", text),
            Finding::Broken(text) => ("FAIL", text),
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
    let db = open(config).await?;
    let version = migrate::run_from(&db, config.database.allows_newer_schema).await?;
    tracing::info!(version, "the database is up to date");
    db.close().await;
    Ok(())
}

/// Audits all books, or what has changed since the last audit that found nothing. Returns the report and
/// whether they are right.
///
/// # Errors
/// Returns an error if the books cannot be read.
pub async fn audit(config: &Config, recent: bool) -> anyhow::Result<(String, bool)> {
    let db = open(config).await?;
    // Fails at once if the database is away; later the audit would wait for it.
    let (version, latest) = (migrate::current(&db).await?, migrate::latest());
    let known = version.unwrap_or_default();
    anyhow::ensure!(
        known >= latest,
        "the database is at version {known}, this binary needs {latest}; run `starling migrate` first"
    );
    let wanted = if recent { Extent::Recent } else { Extent::Full };
    let Audit { extent, findings, .. } = audit::run(&db, &CancellationToken::new(), wanted).await?;
    let problems = findings.problems;
    let mut report = String::new();
    for Problem { rule, count, example } in &problems {
        writeln!(report, "FAIL {rule}: {count}, such as {example}")?;
    }
    if problems.is_empty() {
        let what = match extent {
            Extent::Full => "every balance, hold, payment and charge is right",
            Extent::Recent => "what has changed since the last audit that found nothing is right",
        };
        writeln!(report, "ok   {what}")?;
    }
    if extent == Extent::Full {
        write_totals(&mut report, &totals(&db).await?)?;
    }
    db.close().await;
    Ok((report, problems.is_empty()))
}

/// Returns one line for each instance that is alive, and one for each duty.
///
/// # Errors
/// Returns an error if the database is away or was never migrated.
pub async fn instances(config: &Config) -> anyhow::Result<String> {
    let db = open(config).await?;
    let described = tokio::time::timeout(LIMIT, async {
        Ok::<_, DbError>(format!("{}\n{}", instances::describe(&db).await?, duties::describe(&db).await?))
    });
    let described = described.await?;
    db.close().await;
    Ok(described?)
}

/// Writes the sums over all books.
fn write_totals(report: &mut String, totals: &Totals) -> std::fmt::Result {
    let Totals { users, operations, balances, payments, stars, holds, charged, losses } = totals;
    writeln!(report, "     {users} users with {operations} operations have {}", balances.exact())?;
    writeln!(report, "     {payments} payments, {stars} Stars not given back, {holds} holds open")?;
    writeln!(report, "     models cost users {} and the owner {}", charged.exact(), losses.exact())
}

async fn open(config: &Config) -> anyhow::Result<Db> {
    let db = Db::of(&config.database, Metrics::new()?)?;
    db.choose_server().await?;
    Ok(db)
}
