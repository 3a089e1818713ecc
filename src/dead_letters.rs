//! The commands for dead letters: records that could not be written and need an operator.

use std::fmt::Write;

use anyhow::{Context, Result, bail};

use crate::config::Config;
use crate::db::Db;
use crate::db::dead_letters::{self, DeadLetter};
use crate::services::write_behind::letters;
use crate::telemetry::metrics::Metrics;

/// A command for dead letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeadLetterAction {
    /// List all, one line for each.
    List,
    /// Show all details of one.
    Show(i64),
    /// Retry one, or all.
    Replay(Option<i64>),
}

/// Runs the command; returns what to print and whether it succeeded.
///
/// # Errors
/// Returns an error if the database is away or there is no such letter.
pub async fn run(config: &Config, action: DeadLetterAction) -> Result<(String, bool)> {
    let db = Db::of(&config.database, Metrics::new()?)?;
    db.choose_server().await?;
    let done = carry_out(&db, action).await;
    db.close().await;
    done
}

async fn carry_out(db: &Db, action: DeadLetterAction) -> Result<(String, bool)> {
    match action {
        DeadLetterAction::List => Ok((list(&letters::all(db).await?), true)),
        DeadLetterAction::Show(id) => Ok((show(&find(db, id).await?), true)),
        DeadLetterAction::Replay(which) => {
            let chosen = match which {
                Some(id) => vec![find(db, id).await?],
                None => letters::all(db).await?,
            };
            let replayed = letters::replay(db, &chosen).await.context("the database is away")?;
            let told = format!("{} written, {} refused", replayed.written, replayed.refused);
            Ok((told, replayed.refused == 0))
        }
    }
}

async fn find(db: &Db, id: i64) -> Result<DeadLetter> {
    let Some(letter) = dead_letters::find(db, id).await? else { bail!("there is no dead letter {id}") };
    Ok(letter)
}

fn list(letters: &[DeadLetter]) -> String {
    if letters.is_empty() {
        return "no dead letters".to_owned();
    }
    let mut text = String::new();
    for letter in letters {
        let DeadLetter { id, item, error, attempts, last_failed_at, .. } = letter;
        writeln!(text, "{id}  {item}  refused {attempts} times, last at {last_failed_at}: {error}")
            .unwrap_or_default();
    }
    text
}

fn show(letter: &DeadLetter) -> String {
    let DeadLetter { id, item, payload, error, attempts, first_failed_at, last_failed_at } = letter;
    format!(
        "letter:   {id}\nitem:     {item}\nattempts: {attempts}\nfirst:    {first_failed_at}\n\
         last:     {last_failed_at}\nerror:    {error}\npayload:  {payload}"
    )
}
