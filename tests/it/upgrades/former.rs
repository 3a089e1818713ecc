//! The former version goes on with the schema of this one: during an upgrade instances of both work side by side, and
//! after a roll back the former one works alone. `scripts/record-queries` records what a version asks.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sqlx::{
    AssertSqlSafe, Column, Connection, Either, Executor, PgConnection, SqlSafeStr, Statement, TypeInfo,
};

use super::migrate_to;
use crate::harness::Bot;

/// The first migration that has to declare whether the version before it works with what it leaves behind.
const DECLARED_FROM: i64 = 38;

/// What a version asks of the database.
#[derive(Deserialize)]
struct Former {
    /// The number of its newest migration.
    schema: i64,
    queries: Vec<String>,
}

/// Whether a migration declares that the version before it works on; `None` if it declares nothing.
fn declared(sql: &str) -> Option<bool> {
    match sql.lines().next()?.trim() {
        "-- compatible: yes" => Some(true),
        "-- compatible: no" => Some(false),
        _ => None,
    }
}

fn migrations() -> BTreeMap<i64, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let number = |file: &Path| file.file_name()?.to_str()?.split_once('_')?.0.parse().ok();
    files.map(|file| (number(&file).unwrap(), std::fs::read_to_string(&file).unwrap())).collect()
}

/// Returns the types that a query takes and gives, or why the database refuses it.
async fn types(connection: &mut PgConnection, query: &str) -> Result<[Vec<String>; 2], String> {
    let prepared = connection.prepare(AssertSqlSafe(query.to_owned()).into_sql_str()).await;
    let prepared = prepared.map_err(|error| error.to_string())?;
    let parameters = match prepared.parameters() {
        Some(Either::Left(types)) => types.iter().map(|info| info.name().to_owned()).collect(),
        _ => Vec::new(),
    };
    Ok([parameters, prepared.columns().iter().map(|column| column.type_info().name().to_owned()).collect()])
}

/// Returns the types of all queries, by their texts.
async fn all_types(bot: &Bot, queries: &[String]) -> BTreeMap<String, Result<[Vec<String>; 2], String>> {
    // A connection of its own, which knows nothing of a former schema.
    let mut connection = PgConnection::connect(&bot.database.url()).await.unwrap();
    let mut found = BTreeMap::new();
    for query in queries {
        found.insert(query.clone(), types(&mut connection, query).await);
    }
    found
}

/// Columns that a row needs and that get no value by themselves.
async fn needed(bot: &Bot) -> Vec<(String, String)> {
    let needed = "SELECT table_name::text, column_name::text FROM information_schema.columns
                  WHERE table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL
                    AND is_identity = 'NO' AND is_generated = 'NEVER'";
    sqlx::query_as(needed).fetch_all(bot.books()).await.unwrap()
}

async fn tables(bot: &Bot) -> Vec<String> {
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    sqlx::query_scalar(tables).fetch_all(bot.books()).await.unwrap()
}

#[test]
fn every_migration_says_whether_the_version_before_it_works_on() {
    for (number, sql) in migrations().range(DECLARED_FROM..) {
        let raises = sql.contains(&format!("UPDATE schema_support SET oldest = {number};"));
        match declared(sql) {
            Some(is_compatible) => assert_eq!(raises, !is_compatible, "migration {number}: `oldest`"),
            None => panic!("migration {number} must begin with `-- compatible: yes` or `-- compatible: no`"),
        }
    }
}

#[tokio::test]
async fn the_former_version_works_with_this_schema() {
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/upgrades/former/queries.json");
    let former: Former = serde_json::from_str(&std::fs::read_to_string(record).unwrap()).unwrap();
    let migrations = migrations();
    let mut later = migrations.range(former.schema + 1..);
    let bot = Bot::prepare_empty([]).await;
    migrate_to(&bot, former.schema).await;
    let (before, known) = (all_types(&bot, &former.queries).await, tables(&bot).await);
    let needed_before = needed(&bot).await;
    let refused: Vec<_> = before.iter().filter(|(_, types)| types.is_err()).collect();
    assert!(refused.is_empty(), "the record does not belong to the schema {}: {refused:#?}", former.schema);
    migrate_to(&bot, i64::MAX).await;
    let after = all_types(&bot, &former.queries).await;
    let mut broken: Vec<String> = former
        .queries
        .iter()
        .filter(|query| before[*query] != after[*query])
        .map(|query| format!("{query}\nbefore {:?}, now {:?}", before[query], after[query]))
        .collect();
    let is_new = |column: &&(String, String)| known.contains(&column.0) && !needed_before.contains(column);
    broken.extend(needed(&bot).await.iter().filter(is_new).map(|column| {
        format!(
            "the former version inserts rows into {} and knows no {}, which needs a default",
            column.0, column.1
        )
    }));
    bot.database.drop().await;
    if later.any(|(_, sql)| declared(sql) == Some(false)) {
        return;
    }
    assert!(broken.is_empty(), "the former version does not work with this schema:\n{}", broken.join("\n\n"));
}
