//! The audit of what has changed finds what an audit of all books would find in it, and what was found in old
//! books counts until it is mended.

use sqlx::AssertSqlSafe;

use crate::harness::{ANN, BOB, Bot};

/// One way to break each rule of the books, by its first words.
const BREACHES: [(&str, &str); 17] = [
    ("a balance is not the sum", "UPDATE users SET balance = balance + 1 WHERE id = 42"),
    ("a balance is not what the newest", "UPDATE users SET balance = balance + 1 WHERE id = 43"),
    (
        "an operation does not begin",
        "UPDATE balance_operations SET balance_before = balance_before + 1 WHERE user_id = 42 AND seq = 2",
    ),
    (
        "operations are not numbered",
        "UPDATE balance_operations SET seq = seq + 1 WHERE user_id = 42 AND seq = (SELECT last_operation FROM users WHERE id = 42)",
    ),
    ("the first operation is neither", "UPDATE balance_operations SET kind = 'starter' WHERE user_id = 42 AND seq = 2"),
    ("what a user has reserved", "UPDATE users SET held = 1 WHERE id = 43"),
    ("a payment was not credited", "UPDATE balance_operations SET amount = amount + 1 WHERE kind = 'payment'"),
    ("a refund was not booked", "UPDATE payments SET state = 'refunded', refunded_at = now()"),
    ("a payment brought something else", "UPDATE payments SET stars = stars + 1"),
    ("an invoice promises", "UPDATE invoices SET stars = stars + 1"),
    ("a closed turn was not charged", "UPDATE balance_operations SET amount = amount - 1 WHERE kind = 'usage'"),
    ("a closed turn has calls", "UPDATE model_calls SET payer = NULL"),
    (
        "a turn was charged to somebody else",
        "UPDATE threads SET user_id = 43 WHERE user_id = 42",
    ),
    ("the cost of a call", "UPDATE model_calls SET output = output + 1000"),
    (
        "a charge was given back",
        "INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject)
         SELECT user_id, seq + 100, 'return', 1, balance_after, balance_after + 1, 'return', turn_id, subject
         FROM balance_operations WHERE kind = 'usage' LIMIT 1",
    ),
    (
        "a transcription was not charged",
        "INSERT INTO transcriptions (key, user_id, unique_id, duration, state, held, lease, leased_until, cost, settled_at)
         VALUES ('key', 42, 'unique', 10, 'done', 0, 1, now(), 1, now())",
    ),
    (
        "the cost of a transcription",
        "INSERT INTO transcriptions (key, user_id, unique_id, duration, state, held, lease, leased_until, prices, settled_at)
         VALUES ('key', 42, 'unique', 10, 'done', 0, 1, now(), '{\"transcription\": \"1\"}', now());
         UPDATE transcriptions SET seconds = 10",
    ),
];

#[tokio::test]
async fn each_rule_is_checked_in_what_has_changed() {
    let mut bot = Bot::start().await;
    bot.ask("one").await;
    bot.ask("two").await;
    bot.ask_in(BOB, BOB, "hello").await;
    pay(&bot).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    // A breach locks whole tables, in another order than what the bot does by itself.
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    let mut rules = 0;
    for (rule, breach) in BREACHES {
        for since in ["now() - interval '1 minute'", "NULL"] {
            let found = audit_after(&bot, breach, since).await;
            assert!(found.iter().any(|found| found.starts_with(rule)), "{rule} since {since}: {found:?}");
        }
        rules += 1;
    }
    assert_eq!(rules, 17);
    // What is older than the last audit is not read again.
    let old = "UPDATE balance_operations SET created_at = created_at - interval '1 day';
               UPDATE model_calls SET created_at = created_at - interval '1 day', output = output + 1000;
               UPDATE turns SET closed_at = closed_at - interval '1 day'";
    assert_eq!(audit_after(&bot, old, "now()").await, Vec::<String>::new());
    assert_eq!(audit_after(&bot, old, "NULL").await, ["the cost of a call is not its usage at its prices"]);
    bot.end().await;
}

/// Runs the audit in a transaction that breaks something and is rolled back; returns the broken rules.
async fn audit_after(bot: &Bot, breach: &str, since: &str) -> Vec<String> {
    let mut tx = bot.books().begin().await.unwrap();
    let breach = format!("SET LOCAL session_replication_role = replica; {}", unchecked(breach));
    sqlx::raw_sql(AssertSqlSafe(breach)).execute(&mut *tx).await.unwrap();
    let audit = include_str!("../../src/db/audit.sql").replace("$1", &format!("({since})"));
    let rows: Vec<(String, i64, String)> =
        sqlx::query_as(AssertSqlSafe(audit)).fetch_all(&mut *tx).await.unwrap();
    tx.rollback().await.unwrap();
    rows.into_iter().map(|(rule, ..)| rule).collect()
}

/// Drops the constraints that would refuse a breach.
fn unchecked(breach: &str) -> String {
    let drop = "DO $$ DECLARE it RECORD; BEGIN
        FOR it IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
                  WHERE contype IN ('c', 'f') AND conrelid::regclass::text IN
                    ('balance_operations', 'users', 'payments', 'invoices', 'turns', 'model_calls', 'transcriptions')
        LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', it.place, it.conname); END LOOP; END $$;";
    format!("{drop} {breach}")
}

async fn pay(bot: &Bot) {
    bot.telegram.set_stars(ANN, 100);
    let invoice = bot.invoice(ANN, 100).await;
    bot.pay(ANN, ANN, &invoice).await;
    bot.hears(ANN, "Received 100").await;
}

#[tokio::test]
async fn what_was_found_in_old_books_counts_until_it_is_mended() {
    let mut bot = Bot::start().await;
    bot.expect_error("the books are wrong: the cost of a call is not its usage at its prices");
    bot.ask("hello").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    assert_eq!(
        audit(&bot, &["audit"]).await,
        (0, "ok   every balance, hold, payment and charge is right".into())
    );
    make_older(&bot).await;
    bot.sql("UPDATE model_calls SET output = output + 1000").await;
    let right = (0, "ok   what has changed since the last audit that found nothing is right".into());
    assert_eq!(audit(&bot, &["audit", "--recent"]).await, right);
    let wrong = (1, "FAIL the cost of a call is not its usage at its prices: 1, such as 1 call 1.0".into());
    assert_eq!(audit(&bot, &["audit"]).await, wrong);
    // After that the bot reads all books, at each start, until they are right.
    for _ in 0..2 {
        bot.run().await;
        bot.log("the books were audited").await;
        assert_eq!(bot.metric("bot_audit_problems").await, 1);
        bot.terminate();
        assert_eq!(bot.exit_code().await, 0);
    }
    bot.sql("UPDATE model_calls SET output = output - 1000").await;
    bot.run().await;
    bot.log("the books were audited broken_rules=0 full=true").await;
    assert_eq!(bot.metric("bot_audit_problems").await, 0);
    assert!(bot.metric("bot_audit_full_timestamp_seconds").await > 0);
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.log("the books were audited broken_rules=0 full=false").await;
    // A week later all books are due.
    bot.sql("UPDATE audited SET full_at = now() - interval '8 days'").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    bot.log("the books were audited broken_rules=0 full=true").await;
    bot.end().await;
}

#[tokio::test]
async fn books_that_cannot_be_read_are_an_answer_at_once() {
    let bot = Bot::prepare_empty([]).await;
    let unmigrated = "the books cannot be read: the database is at version 0, this binary needs ";
    let (code, line) = audit(&bot, &["audit"]).await;
    assert!(
        code == 1 && line.starts_with(unmigrated) && line.ends_with("run `starling migrate` first"),
        "{line}"
    );
    let away = [("DATABASE_URL", "postgres://postgres@127.0.0.1:1/none")];
    let (code, output) = bot.command_with(&away, &["audit", "--recent"]).await;
    assert!(code == 1 && output.starts_with("the books cannot be read: "), "{output}");
    bot.database.drop().await;
}

/// Where all books take longer than PostgreSQL may take, what has changed is audited all the same. That a
/// statement ran out of time is no outage, so it is not repeated.
#[tokio::test]
async fn all_books_that_take_too_long_keep_nothing_from_the_audit_of_what_has_changed() {
    let mut bot = Bot::start().await;
    bot.expect_error("all books are due to be audited, but that takes too long");
    bot.log("the books were audited").await;
    bot.ask("hello").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    make_older(&bot).await;
    bot.sql("UPDATE audited SET full_at = now() - interval '8 days'").await;
    // Rounds the cost of a call, of which only all books have one. 57014: a statement was cancelled.
    bot.sql(
        "CREATE FUNCTION public.round(numeric, integer) RETURNS numeric LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'for the test' USING ERRCODE = '57014'; END $$;
         DO $$ BEGIN
           EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
         END $$",
    )
    .await;
    bot.run().await;
    bot.log("the books were audited broken_rules=0 full=false").await;
    assert!(bot.has_logged("all books are due to be audited") && !bot.has_logged("trying again"));
    assert!(!bot.has_logged("the database is away"));
    bot.sql("DROP FUNCTION public.round(numeric, integer)").await;
    bot.end().await;
}

/// Moves the books back by a day.
async fn make_older(bot: &Bot) {
    bot.sql(
        "BEGIN; SET LOCAL session_replication_role = replica;
         UPDATE balance_operations SET created_at = created_at - interval '1 day';
         UPDATE model_calls SET created_at = created_at - interval '1 day';
         UPDATE turns SET closed_at = closed_at - interval '1 day'; COMMIT",
    )
    .await;
}

/// Runs the command; returns its exit code and its first line.
async fn audit(bot: &Bot, arguments: &[&str]) -> (i32, String) {
    let (code, output) = bot.command(arguments).await;
    (code, output.lines().next().unwrap_or_default().to_owned())
}
