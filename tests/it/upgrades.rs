//! Upgrades: a newer version continues with the books and the unfinished work of an older one.

mod former;
pub(crate) mod samples;

use std::borrow::Cow;
use std::path::Path;

use rust_decimal::Decimal;
use sqlx::migrate::Migrator;

use playground::telegram::SentIds;

use crate::harness::{ANN, Bot, conversation};

/// Migrates an empty database up to an older version.
async fn migrate_to(bot: &Bot, version: i64) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut migrator = Migrator::new(folder).await.unwrap();
    let older = migrator.iter().filter(|migration| migration.version <= version).cloned().collect();
    migrator.migrations = Cow::Owned(older);
    migrator.run(bot.books()).await.unwrap();
}

/// Inserts rows of a message that Ann has sent.
async fn load(bot: &Bot, rows: &str, said: &SentIds) {
    let names = [("$ann", ANN), ("$message", said.message_id), ("$update", said.update_id)];
    let rows =
        names.iter().fold(rows.to_owned(), |rows, (name, number)| rows.replace(name, &number.to_string()));
    sqlx::raw_sql(sqlx::AssertSqlSafe(rows)).execute(bot.books()).await.unwrap();
}

/// Ann has 10 USD. Of these, 2 are held for a turn that a crash has cut, 1 for a turn that was closed without
/// releasing its hold, and 4 for a refund that Telegram has not answered.
const HOLDS_OF_THEIR_OWN: &str = "
    BEGIN;
    INSERT INTO chats (id, kind) VALUES ($ann, 'private');
    INSERT INTO users (id, first_name, balance, last_operation, held) VALUES ($ann, 'Ann', 10, 2, 7);
    INSERT INTO payments (charge_id, user_id, chat_id, stars, credit, source, state, paid_at, asked_at, asked_in, next_try_at)
        VALUES ('charge', $ann, $ann, 700, 4, 'message', 'refunding', now(), now(), 'en', now() + interval '1 hour');
    INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, payment_id, subject)
        VALUES ($ann, 1, 'starter', 6, 0, 6, 'starter:$ann', NULL, ''),
               ($ann, 2, 'payment', 4, 6, 10, 'payment:charge', 1, '700');
    INSERT INTO threads (chat_id, user_id) VALUES ($ann, $ann);
    INSERT INTO turns (thread_id, question_id, model_id, state, closed_at)
        VALUES (1, 900, 'claude-sonnet-5-5', 'answered', now()), (1, $message, 'claude-sonnet-5-5', 'open', NULL);
    INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sent_at)
        VALUES (1, 2, $ann, $message, 'user', 'second', now());
    INSERT INTO inbox (update_id, kind, payload, handled_at) VALUES ($update, 'message', '{}', now());
    INSERT INTO balance_holds (user_id, turn_id, payment_id, amount)
        VALUES ($ann, 1, NULL, 1), ($ann, 2, NULL, 2), ($ann, NULL, 1, 4);
    COMMIT;";

#[tokio::test]
async fn what_was_reserved_by_an_older_version_is_free_again_in_the_end() {
    let mut bot = Bot::prepare_empty([]).await;
    migrate_to(&bot, 8).await;
    let said = bot.ann("second");
    load(&bot, HOLDS_OF_THEIR_OWN, &said).await;
    bot.run().await;
    assert_eq!(bot.answer(ANN, 1).await, "You said: second");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 2).await;
    let (held, balance): (Decimal, Decimal) =
        sqlx::query_as("SELECT held, balance FROM users").fetch_one(bot.books()).await.unwrap();
    assert_eq!(held, Decimal::from(4), "the refund goes on");
    assert!(balance < Decimal::TEN, "the turn was charged");
    bot.end().await;
}

/// A question of Ann that a crash has cut before there were books, so that she has no starter balance yet.
const NO_BOOKS: &str = "
    BEGIN;
    INSERT INTO chats (id, kind) VALUES ($ann, 'private');
    INSERT INTO users (id, first_name) VALUES ($ann, 'Ann');
    INSERT INTO threads (chat_id, user_id) VALUES ($ann, $ann);
    INSERT INTO turns (thread_id, question_id, model_id) VALUES (1, $message, 'claude-sonnet-5-5');
    INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sent_at)
        VALUES (1, 1, $ann, $message, 'user', 'first', now());
    INSERT INTO inbox (update_id, kind, payload, handled_at) VALUES ($update, 'message', '{}', now());
    COMMIT;";

#[tokio::test]
async fn a_question_from_before_there_were_books_is_answered_from_the_starter_balance() {
    for privileged in ["", "42"] {
        let mut bot = Bot::prepare_empty([("PRIVILEGED_USERS", privileged)]).await;
        migrate_to(&bot, 1).await;
        let said = bot.ann("first");
        load(&bot, NO_BOOKS, &said).await;
        bot.run().await;
        assert_eq!(bot.answer(ANN, 1).await, "You said: first");
        bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
        let operations = "SELECT kind FROM balance_operations ORDER BY seq";
        let operations: Vec<String> = sqlx::query_scalar(operations).fetch_all(bot.books()).await.unwrap();
        assert_eq!(operations, ["starter", "usage"]);
        bot.end().await;
    }
}

/// A message of Ann as version 9 stored it: a reply, and a photo that could not be fetched and for which
/// Telegram had reported no size.
const A_CONVERSATION: &str = "
    BEGIN;
    INSERT INTO chats (id, kind) VALUES ($ann, 'private');
    INSERT INTO users (id, first_name, balance, last_operation) VALUES ($ann, 'Ann', 6, 1);
    INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
        VALUES ($ann, 1, 'starter', 6, 0, 6, 'starter:$ann', '');
    INSERT INTO threads (chat_id, user_id, history_version) VALUES ($ann, $ann, 1);
    INSERT INTO turns (thread_id, question_id, model_id, state, closed_at)
        VALUES (1, 901, 'claude-sonnet-5-5', 'answered', now());
    INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, reply_to, reply_sender, reply_snippet,
                          sent_at)
        VALUES (1, 1, $ann, 900, 'user', 'look', 'Ann', 800, '@bob', 'the beginning…', now()),
               (1, 1, $ann, 901, 'user', '', 'Ann', NULL, NULL, NULL, now());
    INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size)
        VALUES (1, $ann, 901, 'photo', 'x', 'x', 'x.jpg', 'image/jpeg', 0);
    COMMIT;";

#[tokio::test]
async fn a_conversation_of_an_older_version_goes_on() {
    let mut bot = Bot::prepare_empty([]).await;
    migrate_to(&bot, 9).await;
    let books = A_CONVERSATION.replace("$ann", &ANN.to_string());
    sqlx::raw_sql(sqlx::AssertSqlSafe(books)).execute(bot.books()).await.unwrap();
    bot.run().await;
    bot.ask("and now?").await;
    let asked = conversation(&bot.request(1).await);
    assert_eq!(
        asked,
        ["user: **Ann**:\n\n> In reply to @bob: the beginning…\n\nlook \
          | [photo \"x.jpg\" (image/jpeg): cannot be read now; the person would have to send it again] | and now?"]
    );
    bot.end().await;
}

/// Files as version 19 stored them: above and at the former limit of 20 MiB, of all kinds; the last one is a
/// photo of unknown size that Telegram had called too large.
const LARGE_FILES: &str = "
    BEGIN;
    INSERT INTO chats (id, kind) VALUES ($ann, 'private');
    INSERT INTO users (id, first_name, balance, last_operation) VALUES ($ann, 'Ann', 6, 1);
    INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, subject)
        VALUES ($ann, 1, 'starter', 6, 0, 6, 'starter:$ann', '');
    INSERT INTO threads (chat_id, user_id, history_version) VALUES ($ann, $ann, 1);
    INSERT INTO turns (thread_id, question_id, model_id, state, closed_at)
        VALUES (1, 907, 'claude-sonnet-5-5', 'answered', now());
    INSERT INTO messages (thread_id, turn_id, chat_id, message_id, role, text, sender, sent_at)
        SELECT 1, 1, $ann, number, 'user', '', 'Ann', now() FROM generate_series(900, 907) AS number;
    INSERT INTO files (thread_id, chat_id, message_id, kind, telegram_id, unique_id, name, mime, size, fetched) VALUES
        (1, $ann, 900, 'document', 'x', 'x', 'a.pdf', 'application/pdf', 20971520, NULL),
        (1, $ann, 901, 'document', 'x', 'x', 'b.pdf', 'application/pdf', 25000000, NULL),
        (1, $ann, 902, 'document', 'x', 'x', 'c.zip', 'application/zip', 25000000, NULL),
        (1, $ann, 903, 'document', 'x', 'x', 'd.txt', 'text/plain', 25000000, NULL),
        (1, $ann, 904, 'document', 'x', 'x', 'e.txt', 'text/plain', 2000000, NULL),
        (1, $ann, 905, 'video', 'x', 'x', 'f.mp4', 'video/mp4', 25000000, NULL),
        (1, $ann, 906, 'voice', 'x', 'x', 'g.ogg', 'audio/ogg', 25000000, NULL),
        (1, $ann, 907, 'photo', 'x', 'x', 'h.jpg', 'image/jpeg', 20971521, TRUE);
    COMMIT;";

#[tokio::test]
async fn files_over_the_former_limit_look_the_same_in_prompts_whatever_the_limit_is_now() {
    let mut bot = Bot::prepare_empty([("TELEGRAM_FILE_LIMIT_MB", "2000")]).await;
    migrate_to(&bot, 19).await;
    let books = LARGE_FILES.replace("$ann", &ANN.to_string());
    sqlx::raw_sql(sqlx::AssertSqlSafe(books)).execute(bot.books()).await.unwrap();
    bot.run().await;
    bot.ask("and now?").await;
    let asked = conversation(&bot.request(1).await);
    insta::assert_snapshot!(asked[0].replace(" | ", "\n"), @r#"
    user: [document "a.pdf" (application/pdf, 20.9 MB): cannot be read now; the person would have to send it again]
    [document "b.pdf" (application/pdf, 25.0 MB): too large to be read here, the limit is 20.9 MB]
    [document "c.zip" (application/zip, 25.0 MB): too large to be read here, the limit is 20.9 MB]
    [document "d.txt" (text/plain, 25.0 MB): too large to be read here, the limit is 20.9 MB]
    [document "e.txt" (text/plain, 2.0 MB): too large to be read here, the limit is 1.0 MB]
    [video "f.mp4" (video/mp4, 25.0 MB): not readable here]
    [voice "g.ogg" (audio/ogg, 25.0 MB): not readable here]
    [photo "h.jpg" (image/jpeg, 20.9 MB): too large to be read here, the limit is 20.9 MB]
    and now?
    "#);
    let version = "SELECT history_version FROM threads";
    assert!(bot.database.count(version).await > 2, "histories in the cache do not say why");
    bot.end().await;
}

/// Ann has paid for an answer that her chat refused, which the older version recorded without a reason that
/// counts.
const A_REFUSAL: &str = "
    BEGIN;
    INSERT INTO chats (id, kind) VALUES (42, 'private');
    INSERT INTO users (id, first_name, balance, last_operation) VALUES (42, 'Ann', 9, 2);
    INSERT INTO threads (chat_id, user_id) VALUES (42, 42);
    INSERT INTO turns (thread_id, question_id, model_id, state, closed_at)
        VALUES (1, 900, 'claude-sonnet-5-5', 'answered', now());
    INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject)
        VALUES (42, 1, 'starter', 10, 0, 10, 'starter:42', NULL, ''), (42, 2, 'usage', -1, 10, 9, 'turn:1', 1, 'Sonnet');
    INSERT INTO model_calls (turn_id, attempt, call, model_id, ended, input, cache_write_5m, cache_write_1h, cache_read,
                             output, thinking, web_searches, duration_ms, cost, payer)
        VALUES (1, 1, 0, 'claude-sonnet-5-5', 'end_turn', 0, 0, 0, 0, 0, 0, 0, 1, 1, 'user');
    INSERT INTO outbox (key, chat_id, turn_id, text, entities, state, refusal, settled_at)
        VALUES ('turn:1:0', 42, 1, 'Hello', '[]', 'refused', 'blocked', now());
    COMMIT;";

#[tokio::test]
async fn what_an_older_version_could_not_deliver_is_not_given_back() {
    let mut bot = Bot::prepare_empty([]).await;
    migrate_to(&bot, 9).await;
    sqlx::raw_sql(A_REFUSAL).execute(bot.books()).await.unwrap();
    bot.run().await;
    let (balance, operations): (Decimal, i64) =
        sqlx::query_as("SELECT balance, last_operation FROM users").fetch_one(bot.books()).await.unwrap();
    assert_eq!((balance, operations), (Decimal::from(9), 2));
    // A charge is recorded once per turn, and nothing is taken when it is given back.
    for (kind, amount) in [("usage", -1), ("return", -1)] {
        let row = sqlx::query(
            "INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, turn_id, subject)
             VALUES (42, 3, $1, $2, 9, 9 + $2, 'again', 1, '')",
        );
        let written = row.bind(kind).bind(Decimal::from(amount)).execute(bot.books()).await;
        assert!(written.is_err(), "{kind} {amount}");
    }
    bot.end().await;
}
