//! Growth: what stored answers cost, in bytes and in the time of everything that reads more than one
//! conversation. `scripts/measure-capacity` runs it with a million answers and prints `docs/CAPACITY.md`'s figures.

use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use starling::db::retention::{self, RetentionKind, Walk};
use starling::db::{Db, audit};
use starling::telemetry::metrics::Metrics;

use crate::harness::database::Database;
use crate::harness::{Bot, scaled};

/// Bytes of a block of PostgreSQL.
const BLOCK: i64 = 8_192;
/// Large tables: nothing but an audit of all books may read one from end to end.
const LARGE: &str =
    "('messages', 'outbox', 'inbox', 'turns', 'model_calls', 'balance_operations', 'tool_calls')";

/// What a step took.
struct Cost {
    time: Duration,
    /// Blocks that were read, from memory or not.
    blocks: i64,
}

#[tokio::test]
async fn a_night_and_a_start_cost_what_is_new_and_not_what_is_stored() {
    let night = scaled(0, 1) == 1;
    let answers = std::env::var("ANSWERS").map_or(scaled(2_000, 1_000_000), |number| number.parse().unwrap());
    let mut bot = Bot::start().await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    fill(&bot.database, answers).await;
    print_sizes(&bot.database, answers).await;
    // After a long time without a run: a quarter of everything has expired.
    for (kind, days) in [
        (RetentionKind::Messages, 90),
        (RetentionKind::Updates, 7),
        (RetentionKind::FormerUpdates, 7),
        (RetentionKind::Deliveries, 30),
    ] {
        let cost = measure(&bot.database, async |db| walk(db, kind, days).await).await;
        print(&format!("retention, a quarter of all {}", kind.name()), &cost);
    }
    sqlx::raw_sql("VACUUM ANALYZE").execute(bot.books()).await.unwrap();
    let nothing = measure(&bot.database, async |db| walk(db, RetentionKind::Messages, 90).await).await;
    print("retention, nothing to delete", &nothing);
    let full = measure(&bot.database, async |db| assert_right(db, None).await).await;
    print("audit of all books", &full);
    let yesterday = Utc::now() - TimeDelta::days(1);
    let recent = measure(&bot.database, async |db| assert_right(db, Some(yesterday)).await).await;
    print("audit of a day", &recent);
    let before = blocks(&bot.database).await;
    let (scans, rows) = (scans(&bot.database).await, rows_read(&bot.database).await);
    let began = Instant::now();
    bot.run().await;
    let start = began.elapsed();
    bot.log("the books were audited").await;
    let began = Instant::now();
    bot.ask("hello").await;
    let asked = began.elapsed();
    let began = Instant::now();
    assert!(bot.metric("bot_total_users").await > 0);
    let scraped = began.elapsed();
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    let read = blocks(&bot.database).await - before;
    say(&format!("start {start:.1?}, a question with its answer {asked:.1?}, state metrics {scraped:.1?}"));
    say(&format!("all of it, the audit of a day included: {} MB read", read * BLOCK / 1_000_000));
    for (table, after) in rows_read(&bot.database).await {
        let more = after - rows.iter().find(|(name, _)| *name == table).map_or(0, |(_, before)| *before);
        if more > answers / 100 {
            say(&format!("  {more} rows of {table}"));
        }
    }
    if night {
        assert_eq!(self::scans(&bot.database).await, scans, "large tables that were read from end to end");
        assert!(recent.time * 10 < full.time && nothing.blocks < 10_000);
        assert!(full.time < Duration::from_secs(300) && recent.time < Duration::from_secs(10));
        assert!(start < Duration::from_secs(10) && asked < Duration::from_secs(5));
        assert!(scraped < Duration::from_secs(1));
    }
    bot.end().await;
}

async fn fill(database: &Database, answers: i64) {
    let began = Instant::now();
    let people = (answers / 100).max(10);
    let script = include_str!("fill.sql")
        .replace("$answers", &answers.to_string())
        .replace("$people", &people.to_string());
    sqlx::raw_sql(AssertSqlSafe(script)).execute(database.pool()).await.unwrap();
    sqlx::raw_sql("VACUUM ANALYZE").execute(database.pool()).await.unwrap();
    say(&format!("{answers} answers of {people} people, made in {:.0?}", began.elapsed()));
}

/// Prints the bytes of each table for an answer that it has rows of.
async fn print_sizes(database: &Database, answers: i64) {
    let sizes: Vec<(String, i64, i64, i64)> = sqlx::query_as(
        "SELECT relname::text, n_live_tup::int8, pg_table_size(relid)::int8, pg_indexes_size(relid)::int8
         FROM pg_stat_user_tables WHERE pg_total_relation_size(relid) > 200000 AND schemaname = 'public'
         ORDER BY pg_total_relation_size(relid) DESC",
    )
    .fetch_all(database.pool())
    .await
    .unwrap();
    say("| table | rows | bytes a row | of its indexes | bytes an answer |");
    say("|---|---|---|---|---|");
    for (table, rows, heap, indexes) in sizes {
        // Tables that keep a part of the time hold the answers of that part.
        let kept = match table.as_str() {
            "outbox" => answers / 3,
            "inbox" => answers / 12,
            _ => answers,
        };
        let all = heap + indexes;
        say(&format!(
            "| {table} | {rows} | {} | {} | {} |",
            heap / rows.max(1),
            indexes / rows.max(1),
            all / kept
        ));
    }
}

/// Runs a step on connections of its own, which report what they have read when they end.
async fn measure(database: &Database, step: impl AsyncFnOnce(&Db)) -> Cost {
    let before = blocks(database).await;
    let url = SecretString::from(database.url());
    let db = Db::open(&url, 5, Metrics::new().unwrap()).unwrap();
    let began = Instant::now();
    step(&db).await;
    let time = began.elapsed();
    db.close().await;
    Cost { time, blocks: blocks(database).await - before }
}

/// Returns how many blocks of the database were read so far, once the bot's connections have ended.
async fn blocks(database: &Database) -> i64 {
    let connected = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'starling'";
    database.until(connected, 0).await;
    database
        .count("SELECT (blks_hit + blks_read)::int8 FROM pg_stat_database WHERE datname = current_database()")
        .await
}

/// Returns how often large tables were read from end to end.
async fn scans(database: &Database) -> i64 {
    let query = format!("SELECT sum(seq_scan)::int8 FROM pg_stat_user_tables WHERE relname IN {LARGE}");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(database.pool()).await.unwrap()
}

/// Returns how many rows of each table were read so far.
async fn rows_read(database: &Database) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT relname::text, (seq_tup_read + coalesce(idx_tup_fetch, 0))::int8 FROM pg_stat_user_tables
         WHERE schemaname = 'public' ORDER BY 2 DESC",
    )
    .fetch_all(database.pool())
    .await
    .unwrap()
}

async fn walk(db: &Db, kind: RetentionKind, days: i64) {
    let mut rest = Some(Walk::new(kind, Utc::now() - TimeDelta::days(days)));
    while let Some(walk) = rest {
        rest = retention::step(db, walk, 1_000).await.unwrap().rest;
    }
}

async fn assert_right(db: &Db, since: Option<chrono::DateTime<Utc>>) {
    assert_eq!(audit::check(db, since).await.unwrap().problems, []);
}

fn print(what: &str, cost: &Cost) {
    say(&format!("{what}: {:.2?}, {} MB read", cost.time, cost.blocks * BLOCK / 1_000_000));
}

#[expect(clippy::print_stdout, reason = "the figures are what the night run is for")]
fn say(line: &str) {
    println!("{line}");
}
