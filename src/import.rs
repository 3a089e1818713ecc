//! The command that takes over the database of the predecessor.

use anyhow::{Context, Result, bail};
use secrecy::SecretString;

use crate::config::Config;
use crate::db::{Db, migrate};
use crate::domain::clock::Clock;
use crate::llm::registry::Registry;
use crate::services::books::{Books, Terms};
use crate::services::importing;
use crate::telemetry::metrics::Metrics;

/// Imports from the database at an address; returns the report and whether every row and every balance is
/// accounted for. A trial changes nothing.
///
/// # Errors
/// Returns an error if one of the databases cannot be used. What was taken until then stays, and another run
/// goes on from there.
pub async fn run(config: &Config, from: SecretString, is_trial: bool) -> Result<(String, bool)> {
    let db = Db::of(&config.database, Metrics::new()?)?;
    db.choose_server().await?;
    let done = carry_out(config, &db, from, is_trial).await;
    db.close().await;
    done
}

async fn carry_out(config: &Config, db: &Db, from: SecretString, is_trial: bool) -> Result<(String, bool)> {
    if !is_trial {
        migrate::run(db).await.context("the database of the bot cannot be brought up to date")?;
    } else if migrate::current(db).await? != Some(migrate::latest()) {
        bail!("the database of the bot is not up to date; run `starling migrate` first");
    }
    let registry = Registry::load(config.conversation.models_file.as_deref())?;
    let terms = Terms { messages_kept_days: config.conversation.messages_kept_days, ..Terms::default() };
    let books = Books { db: db.clone(), registry, clock: Clock::System, terms };
    let report = importing::run(&books, &from, is_trial).await?;
    let end =
        if is_trial { "a trial: nothing was changed" } else { "done; `starling audit` proves the books" };
    Ok((format!("{report}{end}"), report.is_complete()))
}
