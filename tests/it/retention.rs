//! Retention: every night, rows no longer needed are deleted; conversations lose their oldest part, the books
//! nothing.

use std::time::Instant;

use chrono::{TimeDelta, Utc};
use secrecy::SecretString;
use sqlx::AssertSqlSafe;
use starling::db::retention::{self, RetentionKind, Walk};
use starling::db::{Db, migrate};
use starling::telemetry::metrics::Metrics;

use crate::harness::database::Database;
use crate::harness::{ANN, BOB, Bot, prompt, scaled};

/// Makes everything that is finished older by this many days.
async fn age(bot: &Bot, days: i32) {
    for statement in [
        "UPDATE messages SET created_at = created_at - make_interval(days => $1)",
        "UPDATE inbox SET handled_at = handled_at - make_interval(days => $1)",
        "UPDATE outbox SET settled_at = settled_at - make_interval(days => $1)",
    ] {
        sqlx::query(statement).bind(days).execute(bot.books()).await.unwrap();
    }
}

#[tokio::test]
async fn old_messages_updates_and_deliveries_go_and_money_stays() {
    let mut bot = Bot::start().await;
    bot.ask("an old question").await;
    bot.ask_in(BOB, BOB, "/start").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    let operations = bot.database.count("SELECT count(*) FROM balance_operations").await;
    age(&bot, 89).await;
    bot.ask("a newer question").await;
    age(&bot, 2).await;
    bot.ask("the newest question").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    // The janitor works at start.
    bot.database.until("SELECT count(*) FROM messages", 4).await;
    bot.database.until("SELECT count(*) FROM outbox", 2).await;
    bot.database.until("SELECT count(*) FROM inbox", 2).await;
    assert_eq!(bot.ask("what do you know?").await, "You said: what do you know?");
    insta::assert_snapshot!(prompt(bot.model.requests().last().unwrap()), @r"
    user: a newer question
    assistant: You said: a newer question
    user: the newest question
    assistant: You said: the newest question
    user: what do you know?
    ");
    assert_eq!(bot.database.count("SELECT count(*) FROM turns").await, 4);
    assert_eq!(bot.database.count("SELECT count(*) FROM balance_operations").await, operations + 3);
    assert_eq!(bot.answers(ANN).len(), 4);
    bot.end().await;
}

/// If rows of one kind cannot be deleted, for whatever reason, the other kinds and the audit still run, and
/// one line is logged.
#[tokio::test]
async fn what_cannot_be_deleted_keeps_nothing_else_from_its_turn() {
    let mut bot = Bot::start().await;
    bot.expect_error("the janitor could not do the job 'messages'");
    bot.expect_error("the janitor could not do the job 'deliveries'");
    bot.log("the books were audited").await;
    bot.ask("an old question").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    age(&bot, 200).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    // 57014 is the SQLSTATE of a cancelled statement, such as one that ran out of time.
    for (table, code) in [("messages", "57014"), ("outbox", "23514")] {
        bot.sql(&format!(
            "CREATE FUNCTION keep_{table}() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'for the test' USING ERRCODE = '{code}'; END $$;
             CREATE TRIGGER keep BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION keep_{table}();"
        ))
        .await;
    }
    bot.run().await;
    bot.log("the books were audited").await;
    assert_eq!(bot.database.count("SELECT count(*) FROM inbox").await, 0);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages").await, 2);
    assert!(!bot.has_logged("trying again") && !bot.has_logged("the database is away"));
    bot.end().await;
}

/// Update ids that Telegram has restarted after a quiet week: the former ones are greater than the newest.
#[tokio::test]
async fn updates_from_before_a_new_beginning_of_the_numbers_go_too() {
    let database = Database::create().await;
    let db = open(&database).await;
    let statement = "INSERT INTO inbox (update_id, kind, payload, received_at, handled_at)
                     SELECT id, 'message', '{}', at, at FROM (
                       SELECT id, now() - make_interval(days => 20) AS at FROM generate_series(5000, 6499) AS id
                       UNION ALL SELECT id, now() - make_interval(days => 10) FROM generate_series(100, 199) AS id
                       UNION ALL SELECT id, now() FROM generate_series(200, 2199) AS id) AS rows";
    sqlx::query(statement).execute(database.pool()).await.unwrap();
    for kind in [RetentionKind::Updates, RetentionKind::FormerUpdates] {
        walk(&db, kind).await;
    }
    let left = "SELECT count(*) FROM inbox WHERE update_id BETWEEN 200 AND 2199";
    assert_eq!(database.count(left).await, 2_000);
    assert_eq!(database.count("SELECT count(*) FROM inbox").await, 2_000);
    db.close().await;
    database.drop().await;
}

/// The number of old rows of each kind in every run.
const OLD: i64 = 2_000;
/// The number of young rows of each kind.
const YOUNG: i64 = 20_000;
/// The batch size of the janitor.
const BATCH: i64 = 1_000;

/// The cost of a run depends on what it deletes, not on what stays.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures are what the night run is for")]
async fn a_run_reads_what_it_deletes_and_a_page_more() {
    let old = scaled(OLD, 2_000_000);
    let database = Database::create().await;
    let db = open(&database).await;
    fill(&database, old).await;
    let before = read(&database).await;
    for kind in [
        RetentionKind::Messages,
        RetentionKind::Updates,
        RetentionKind::FormerUpdates,
        RetentionKind::Deliveries,
    ] {
        let began = Instant::now();
        let deleted = walk(&db, kind).await;
        let took = began.elapsed();
        if kind == RetentionKind::FormerUpdates {
            assert_eq!(deleted, 0);
            continue;
        }
        assert_eq!(i64::try_from(deleted).unwrap(), old, "{}", kind.name());
        let each = took.as_secs_f64() * 1e6 / f64::from(i32::try_from(old).unwrap());
        println!("retention of {old} {}: {each:.1} µs a row, {:.1} s", kind.name(), took.as_secs_f64());
    }
    db.close().await;
    let connected = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND application_name = 'starling'";
    database.until(connected, 0).await;
    for ((table, after), (_, before)) in read(&database).await.into_iter().zip(before) {
        let rows = after - before;
        // Each row is read once to be checked and once to be deleted, plus a page at each end.
        assert!(rows <= 2 * old + 4 * BATCH, "{rows} rows of {table} were read");
    }
    for table in ["messages", "inbox", "outbox"] {
        let left: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {table}")))
            .fetch_one(database.pool())
            .await
            .unwrap();
        assert_eq!(left, YOUNG, "{table}");
    }
    database.drop().await;
}

async fn open(database: &Database) -> Db {
    let url = SecretString::from(database.url());
    let db = Db::open(&url, 5, Metrics::new().unwrap()).unwrap();
    migrate::run(&db).await.unwrap();
    db
}

/// Deletes everything of a kind that is more than three days old; returns the number of deleted rows.
async fn walk(db: &Db, kind: RetentionKind) -> u64 {
    let mut rest = Some(Walk::new(kind, Utc::now() - TimeDelta::days(3)));
    let mut deleted = 0;
    while let Some(walk) = rest {
        let step = retention::step(db, walk, BATCH).await.unwrap();
        assert!(step.deleted <= BATCH.unsigned_abs());
        deleted += step.deleted;
        rest = step.rest;
    }
    deleted
}

/// Inserts many old rows of each kind and then young ones, in a hundred conversations.
async fn fill(database: &Database, old: i64) {
    let rows = format!(
        "(SELECT n, now() - make_interval(days => CASE WHEN n <= {old} THEN 30 ELSE 0 END) AS at
          FROM generate_series(1, {old} + {YOUNG}) AS n ORDER BY n) AS rows"
    );
    let statements = format!(
        "INSERT INTO chats (id, kind) VALUES (42, 'private');
         INSERT INTO users (id, first_name) VALUES (42, 'Ann');
         INSERT INTO threads (chat_id, user_id, topic_id) SELECT 42, 42, topic FROM generate_series(1, 100) AS topic;
         INSERT INTO turns (thread_id, question_id, model_id, state, closed_at)
           SELECT n % 100 + 1, n, 'claude', 'answered', now() FROM generate_series(1, ({old} + {YOUNG}) / 10 + 1) AS n;
         INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sent_at, created_at)
           SELECT (n / 10 + 1) % 100 + 1, n / 10 + 1, 42, n, 'user', 'hello', at, at FROM {rows};
         INSERT INTO inbox (update_id, kind, payload, received_at, handled_at)
           SELECT n, 'message', '{{}}', at, at FROM {rows};
         INSERT INTO outbox (key, chat_id, text, entities, state, message_id, created_at, settled_at)
           SELECT n, 42, 'hello', '[]', 'sent', n, at, at FROM {rows};"
    );
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(database.pool()).await.unwrap();
}

/// Returns how many rows of each table were read so far.
async fn read(database: &Database) -> Vec<(String, i64)> {
    sqlx::query_as(
        "SELECT relname::text, (seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
         WHERE relname IN ('messages', 'inbox', 'outbox') ORDER BY 1",
    )
    .fetch_all(database.pool())
    .await
    .unwrap()
}
