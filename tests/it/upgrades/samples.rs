//! Rows of every version survive the migrations that follow. Each migration has a file of its name in this
//! directory, with rows as written by the version that introduced it: they fill the tables and columns that
//! it adds, and give work to later migrations. They are inserted right after it, on top of the rows of
//! earlier migrations, and are never adapted to later schemas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use futures::{StreamExt, stream};
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;

use super::migrate_to;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

/// Values that a migration changes on purpose. Each has a test of its own for the result.
const REWRITTEN: [(&str, &str); 1] = [("users", "held")];

/// Tables to which migrations add rows.
const GROWING: [&str; 1] = ["duties"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Returns the files of all migrations by their numbers.
fn steps() -> BTreeMap<i64, String> {
    let files = std::fs::read_dir(folder("migrations")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.map(|name| (name.split_once('_').unwrap().0.parse().unwrap(), name)).collect()
}

/// Inserts the sample rows of a migration.
async fn insert_samples(bot: &Bot, name: &str) {
    let Ok(rows) = std::fs::read_to_string(folder("tests/it/upgrades").join(name)) else {
        panic!(
            "migrations/{name} has no sample data: add tests/it/upgrades/{name} with rows for what it brings"
        )
    };
    let inserted = sqlx::raw_sql(AssertSqlSafe(rows)).execute(bot.books()).await;
    assert!(inserted.is_ok(), "tests/it/upgrades/{name}: {inserted:?}");
}

/// Returns all rows of all tables.
type Rows = BTreeMap<String, Vec<Map<String, Value>>>;

async fn all_rows(bot: &Bot) -> Rows {
    let tables = "SELECT table_name::text FROM information_schema.tables
                  WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(bot.books()).await.unwrap();
    let mut all = Rows::new();
    for table in tables {
        let query = format!("SELECT to_jsonb(rows) FROM {table} AS rows");
        let rows: Vec<Value> = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(bot.books()).await.unwrap();
        all.insert(table, rows.into_iter().map(|row| row.as_object().unwrap().clone()).collect());
    }
    all
}

/// Returns the tables without a row, and the columns without a value.
fn unfilled(all: &Rows) -> Vec<String> {
    let of_table = |(table, rows): (&String, &Vec<Map<String, Value>>)| -> Vec<String> {
        let Some(first) = rows.first() else { return vec![table.clone()] };
        let empty = |column: &&String| rows.iter().all(|row| row[*column].is_null());
        first.keys().filter(empty).map(|column| format!("{table}.{column}")).collect()
    };
    all.iter().flat_map(of_table).collect()
}

/// Returns what two versions of a table have in common, in a fixed order, without new and dropped columns.
fn common(table: &str, rows: &[Map<String, Value>], other: &[Map<String, Value>]) -> BTreeSet<String> {
    let kept = |column: &String| {
        other.iter().all(|row| row.contains_key(column)) && !REWRITTEN.contains(&(table, column.as_str()))
    };
    let row = |row: &Map<String, Value>| {
        let columns: Map<String, Value> = row.clone().into_iter().filter(|(name, _)| kept(name)).collect();
        Value::Object(columns).to_string()
    };
    rows.iter().map(row).collect()
}

/// Fills every table and column with rows of every version. The bot is not started yet.
pub(crate) async fn fill(bot: &Bot) {
    for (version, name) in steps() {
        migrate_to(bot, version).await;
        insert_samples(bot, &name).await;
    }
}

/// Migrates a database with the sample rows of these migrations to the newest version; the bot continues with
/// it.
async fn upgrade_after(steps: &[(i64, String)]) {
    let (_, newest) = steps.last().unwrap();
    let bot = Bot::prepare_empty([]).await;
    for (version, name) in steps {
        migrate_to(&bot, *version).await;
        insert_samples(&bot, name).await;
    }
    let before = all_rows(&bot).await;
    let unfilled = unfilled(&before);
    assert!(unfilled.is_empty(), "nothing fills {unfilled:?}: add rows to tests/it/upgrades/{newest}");

    migrate_to(&bot, i64::MAX).await;
    let after = all_rows(&bot).await;
    for (table, rows) in &before {
        let Some(now) = after.get(table) else { continue };
        if GROWING.contains(&table.as_str()) {
            assert!(
                common(table, now, rows).is_superset(&common(table, rows, now)),
                "{table}, from {newest} on"
            );
            continue;
        }
        assert_eq!(now.len(), rows.len(), "rows of {table}, from {newest} on");
        assert_eq!(common(table, now, rows), common(table, rows, now), "{table}, from {newest} on");
    }
    bot.database.assert_audited().await;
    goes_on(bot).await;
}

/// Asserts that the bot remembers, delivers what is owed, answers what was cut and handles what was left.
async fn goes_on(mut bot: Bot) {
    bot.telegram.open_chat(ANN);
    bot.telegram.open_chat(BOB);
    bot.run().await;
    bot.ann("What did we talk about?");
    let asked = bot.model.until("the request of Ann's question", BOUND, |requests| {
        let mut prompts = requests.iter().map(|request| conversation(request).join("\n"));
        prompts.find(|prompt| prompt.ends_with("What did we talk about?"))
    });
    let asked = asked.await.unwrap();
    insta::allow_duplicates! {
        insta::assert_snapshot!(asked, @r"
        user: What is the capital of Peru?
        assistant: Lima.
        user: And of Chile?
        assistant: It is Santiago

        [this answer was cut off here]
        user: What did we talk about?
        ");
    }
    for (chat, wordings) in [
        (ANN, &["What Ann was owed before the upgrade."][..]),
        (ANN, &["You said: What did we talk about?"]),
        (BOB, &["You pay in advance with Telegram Stars"]),
        // A checkpointed answer is kept; without a checkpoint, the question is asked again.
        (BOB, &["Bob asks before the upgrade", "Half of an answer\n\n⚠️ I was restarted"]),
    ] {
        let says = |text: &str| wordings.iter().any(|wording| text.contains(wording));
        let said = bot.telegram.until(wordings[0], BOUND, |view| {
            view.answers(chat).any(|message| says(&message.text)).then_some(())
        });
        said.await.unwrap();
    }
    bot.end().await;
}

#[tokio::test]
async fn what_every_version_has_written_is_there_after_the_migrations_that_follow() {
    let steps: Vec<(i64, String)> = steps().into_iter().collect();
    stream::iter(1..=steps.len()).for_each_concurrent(3, |count| upgrade_after(&steps[..count])).await;
}
