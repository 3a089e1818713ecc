//! The database of the predecessor is taken over, whatever its defects: conversations go on, balances agree to
//! the ninth digit, and every row that is not taken stands in the report.

use playground::telegram::Person;
use rust_decimal::{Decimal, dec};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};

use crate::harness::database::Database;
use crate::harness::{ANN, BOB, Bot, prompt};

/// An emulated predecessor.
struct Predecessor {
    database: Database,
}

impl Predecessor {
    /// Creates the tables in a database that stores any bytes, and fills them.
    async fn create(content: &str) -> Self {
        let database =
            Database::create_empty("ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
                .await;
        let this = Self { database };
        this.run(include_str!("schema.sql")).await;
        this.run(content).await;
        this
    }

    async fn run(&self, statements: &str) {
        let pool = self.pool().await;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&pool).await.unwrap();
        pool.close().await;
    }

    async fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(1).connect(&self.database.url()).await.unwrap()
    }
}

/// Runs the command and returns its report; fails unless everything is accounted for.
async fn import(bot: &Bot, from: &Predecessor, arguments: &[&str]) -> String {
    let (code, report) =
        bot.command(&[&["import", "--from", &from.database.url()], arguments].concat()).await;
    assert_eq!(code, 0, "{report}");
    report
}

/// Returns everything that an import can change, as one text.
async fn state(bot: &Bot) -> String {
    let query = "
        SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
          SELECT to_jsonb(users)::text FROM users UNION ALL SELECT to_jsonb(chats)::text FROM chats
          UNION ALL SELECT (to_jsonb(threads) - 'id')::text FROM threads
          UNION ALL SELECT (to_jsonb(turns) - 'id' - 'thread_id')::text FROM turns
          UNION ALL SELECT (to_jsonb(messages) - 'id' - 'turn_id' - 'thread_id')::text FROM messages
          UNION ALL SELECT (to_jsonb(files) - 'id' - 'thread_id' - 'public_id')::text FROM files
          UNION ALL SELECT (to_jsonb(payments) - 'id' - 'created_at')::text FROM payments
          UNION ALL SELECT (to_jsonb(balance_operations) - 'created_at' - 'payment_id')::text FROM balance_operations
        ) AS all_rows (line)";
    let text: Option<String> = sqlx::query_scalar(query).fetch_one(bot.books()).await.unwrap();
    text.unwrap_or_default()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "most of it is the report")]
async fn conversations_go_on_and_every_defect_is_accounted_for() {
    let mut bot = Bot::start().await;
    bot.ask_in(BOB, BOB, "hello").await;
    bot.terminate();
    bot.exit_code().await;
    let bobs = bot.balance(BOB).await;
    let before = state(&bot).await;
    let predecessor = Predecessor::create(include_str!("defects.sql")).await;

    let trial = import(&bot, &predecessor, &["--dry-run"]).await;
    assert_eq!(state(&bot).await, before, "a trial changes nothing");
    let report = import(&bot, &predecessor, &[]).await;
    assert_eq!(
        trial.replace("a trial: nothing was changed", ""),
        report.replace("done; `starling audit` proves the books", "")
    );
    insta::assert_snapshot!(report, @r"
    people         6 found, 5 taken, 0 there already
      1 not taken: the id is not that of a person, such as -5
      1 changed: had met this bot; the balance was added to the one here, such as 43
      1 changed: in debt; the debt is taken over, such as 43
      1 changed: text that is not UTF-8 is shown as far as it can be read, such as 49
      1 changed: the balance is no number, and no operation tells it: it is zero, such as 47
      1 changed: the balance is no number; that behind the newest operation counts, such as 46
      1 changed: the chosen model is not offered here; the default answers, such as 46
      1 changed: the personality is longer than 2000 characters and was cut, such as 47
      1 changed: the personality is shorter than 10 characters and was left out, such as 46
    payments       6 found, 2 taken, 0 there already
      1 not taken: incomplete, so it cannot be refunded; part of the balance, such as 5
      1 not taken: of nobody who was taken
      1 not taken: older than 30 days, so it cannot be refunded; part of the balance, such as 3
      1 not taken: refunded, such as 4
    chats          5 found, 3 taken, 1 there already
      1 not taken: the id is not that of a chat, such as 0
      1 changed: the kind contradicts the id, which counts, such as -1000042
    conversations  10 found, 3 taken, 1 there already
      2 not taken: a duplicate; its messages are in the other one
      2 not taken: its person or its chat was not taken, such as 6, 7
      1 not taken: the topic is no number of one, such as 8
      1 not taken: the topic was deleted
    messages       20 found, 10 taken, 0 there already
      1 not taken: it has no text, such as 42/1010
      1 not taken: it is in no conversation, such as 42/1012
      1 not taken: it is neither of a person nor of the model, such as 42/1011
      1 not taken: its conversation does not exist, such as 42/1013
      1 not taken: its conversation is in another chat, such as 42/1014
      1 not taken: its conversation was not taken, such as 42/1016
      1 not taken: its number is not that of a message, such as 42/0
      1 not taken: its topic was deleted, such as -1000042/1015
      2 not taken: older than MESSAGES_KEPT_DAYS
      1 changed: text that is not UTF-8 is shown as far as it can be read, such as 42/1005
      1 changed: the time has not come yet; the time of the import counts, such as 49/901
    files          9 found, 3 taken, 0 there already
      1 not taken: Telegram's id of it is not known, such as 7
      1 not taken: its message does not exist, such as 5
      1 not taken: its message has another file, such as 3
      1 not taken: its message was not taken, such as 9
      1 not taken: made by the bot, so it was delivered, such as 8
      1 not taken: messages of several chats have its number, so it may be somebody else's, such as 4
    balance_operations: 2 rows not taken: their sum is part of the balances
    tool_calls: 0 rows not taken: statistics that nothing here needs
    balances       $2.603300000 there
      $0.750000000 for balances there that are no numbers
      $0.500000000 of people who were not taken
      $2.853300000 booked here
      equal to the ninth digit
    done; `starling audit` proves the books
    ");

    let balances = [
        (ANN, dec!(1.2345)),
        (BOB, bobs - dec!(0.0312)),
        (46, dec!(0.75)),
        (47, Decimal::ZERO),
        (49, dec!(0.9)),
    ];
    for (person, balance) in balances {
        assert_eq!(bot.balance(person).await, balance, "{person}");
    }
    let (code, audit) = bot.command(&["audit"]).await;
    assert_eq!(code, 0, "{audit}");
    let copies =
        "SELECT count(*) FROM files WHERE provider_id = 'file_018abc' AND provider_expires_at > now()";
    assert_eq!(bot.database.count(copies).await, 1, "the copy at the provider is used");

    let after = state(&bot).await;
    let again = import(&bot, &predecessor, &[]).await;
    assert_eq!(state(&bot).await, after, "a second import changes nothing");
    insta::assert_snapshot!(again.lines().filter(|line| line.contains("found")).collect::<Vec<_>>().join("\n"), @r"
    people         6 found, 0 taken, 5 there already
    payments       6 found, 0 taken, 2 there already
    chats          5 found, 0 taken, 4 there already
    conversations  10 found, 0 taken, 4 there already
    messages       20 found, 0 taken, 10 there already
    files          9 found, 0 taken, 3 there already
    ");

    bot.run().await;
    bot.ask("What did I ask first?").await;
    insta::assert_snapshot!(prompt(&bot.request(2).await), @r#"
    user: [audio "song.mp3" (audio/mpeg, 1 kB): not readable here] | Who wrote Hamlet? | And when?
    assistant: Shakespeare, about 1600.
    user: [document "a.csv" (text/csv): cannot be read now; the person would have to send it again] | **@ann** (edited 2 times):

    > In reply to @bot: Shakespeare...

    > Quoting: about 1600

    Where? � | [photo "photo.jpg" (image/jpeg, 1 kB): cannot be read now; the person would have to send it again] | **@ann**:

    Forwarded from Carl:

    A caption
    assistant: In London. | That is in England.
    user: What did I ask first?
    "#);
    bot.end().await;
    predecessor.database.drop().await;
}

/// Three people with 700 messages each, over more than one page.
const MANY: &str = "
    INSERT INTO users (id, first_name, balance) SELECT id, 'P', id / 10000.0 FROM generate_series(101, 103) AS id;
    INSERT INTO chats (id, type) SELECT id, 'private' FROM generate_series(101, 103) AS id;
    INSERT INTO threads (id, chat_id, user_id) SELECT id, id, id FROM generate_series(101, 103) AS id;
    INSERT INTO messages (chat_id, message_id, thread_id, date, role, text_content)
    SELECT id, 100000 + number, id, extract(epoch FROM now())::integer - 90000 + number / 3,
           (CASE number % 3 WHEN 0 THEN 'ASSISTANT' ELSE 'USER' END)::messagerole, 'message ' || number
    FROM generate_series(101, 103) AS id, generate_series(1, 700) AS number;";

#[tokio::test]
async fn an_import_that_dies_is_run_again() {
    let predecessor = Predecessor::create(MANY).await;
    let straight = Bot::prepare([]).await;
    import(&straight, &predecessor, &[]).await;
    let whole = state(&straight).await;
    for point in ["import: people taken", "import: messages taken"] {
        let mut bot = Bot::prepare([("KILL_AT", point)]).await;
        let (code, _) = bot.command(&["import", "--from", &predecessor.database.url()]).await;
        assert_eq!(code, -1, "dies at '{point}'");
        bot.set("KILL_AT", "");
        import(&bot, &predecessor, &[]).await;
        assert_eq!(without_times(&state(&bot).await), without_times(&whole), "after a death at '{point}'");
        bot.end().await;
    }
    let turns = straight.database.count("SELECT count(*) FROM turns WHERE state = 'answered'").await;
    assert_eq!(turns, 3 * 233);
    let unordered = "SELECT count(*) FROM (
        SELECT text, lag(text) OVER (PARTITION BY thread_id ORDER BY id) AS former FROM messages) AS pairs
        WHERE former <> 'message ' || substr(text, 9)::integer - 1";
    assert_eq!(straight.database.count(unordered).await, 0, "messages are in order");
    straight.end().await;
    predecessor.database.drop().await;
}

/// Leaves out the times at which two imports ran.
fn without_times(state: &str) -> String {
    let kept = |line: &str| {
        let mut row: serde_json::Value = serde_json::from_str(line).unwrap();
        for column in ["created_at", "first_seen_at", "last_seen_at"] {
            if let Some(row) = row.as_object_mut() {
                row.remove(column);
            }
        }
        row.to_string()
    };
    state.lines().map(kept).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn older_messages_are_not_put_behind_what_was_said_here_since() {
    let predecessor = Predecessor::create(MANY).await;
    let mut bot = Bot::prepare([("KILL_AT", "import: messages taken")]).await;
    let (code, _) = bot.command(&["import", "--from", &predecessor.database.url()]).await;
    assert_eq!(code, -1);
    bot.set("KILL_AT", "");
    bot.telegram.add_user(Person::new(101, "Pat"));
    bot.run().await;
    bot.ask_in(101, 101, "hello").await;
    bot.terminate();
    bot.exit_code().await;
    let report = import(&bot, &predecessor, &[]).await;
    assert!(report.contains("its conversation has gone on here"), "{report}");
    let others = "SELECT count(*) FROM messages WHERE chat_id <> 101";
    assert_eq!(bot.database.count(others).await, 1_400, "other conversations are complete");
    let behind = "SELECT count(*) FROM messages WHERE chat_id = 101 AND text LIKE 'message %'
                  AND id > (SELECT id FROM messages WHERE text = 'hello')";
    assert_eq!(bot.database.count(behind).await, 0);
    bot.end().await;
    predecessor.database.drop().await;
}

#[tokio::test]
async fn an_early_schema_with_fewer_columns_is_read() {
    let predecessor = Predecessor::create(MANY).await;
    predecessor
        .run(
            "ALTER TABLE users DROP COLUMN custom_prompt, DROP COLUMN is_premium;
             ALTER TABLE threads DROP COLUMN is_cleared;
             ALTER TABLE messages DROP COLUMN quote_data, DROP COLUMN model_id;
             ALTER TABLE users ALTER COLUMN first_seen_at TYPE TIMESTAMP;
             DROP TABLE tool_calls;",
        )
        .await;
    let bot = Bot::prepare([]).await;
    import(&bot, &predecessor, &[]).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM messages").await, 2_100);
    predecessor.run("DROP TABLE user_files").await;
    let (code, _) = bot.command(&["import", "--from", &predecessor.database.url()]).await;
    assert_eq!(code, 1, "a database without a table of the predecessor is refused");
    bot.end().await;
    predecessor.database.drop().await;
}

#[tokio::test]
async fn a_payment_of_before_can_still_be_refunded() {
    let content = "
        INSERT INTO users (id, first_name, balance) VALUES (42, 'Ann', 0.70);
        INSERT INTO payments (user_id, telegram_payment_charge_id, stars_amount, credited_usd_amount, status, created_at)
        VALUES (42, 'charge-of-before', 100, 0.65, 'completed', now() - interval '3 days');";
    let predecessor = Predecessor::create(content).await;
    let mut bot = Bot::prepare([("STARTER_BALANCE_USD", "0.10")]).await;
    import(&bot, &predecessor, &[]).await;
    bot.run().await;
    assert_eq!(bot.balance(ANN).await, dec!(0.70));
    let offered = bot.tell("/refund").await;
    assert!(offered.contains("100"), "{offered}");
    let listed = bot.tell("/balance").await;
    assert!(listed.contains("+$0.05 · balance from before"), "{listed}");
    bot.end().await;
    predecessor.database.drop().await;
}
