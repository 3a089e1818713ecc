//! Recovery as `docs/OPERATIONS.md` describes it: the lines of the manual are run as they stand there, on a
//! PostgreSQL of the test's own.

mod server;

use server::Server;

use crate::harness::{Bot, prompt};

/// Starts a bot on a server.
async fn bot_on(server: &Server) -> Bot {
    let mut bot = Bot::prepare([("DATABASE_URL", server.url().as_str())]).await;
    bot.run().await;
    bot
}

async fn stop(bot: &mut Bot) {
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
}

/// Ends a bot whose database is not that of the harness.
async fn end(mut bot: Bot) {
    stop(&mut bot).await;
    let (code, audit) = bot.command(&["audit"]).await;
    assert_eq!(code, 0, "{audit}");
    assert!(bot.telegram.violations().is_empty());
    bot.database.drop().await;
}

/// Says that a test needs a program that is not here.
#[expect(clippy::print_stderr, reason = "a test that is skipped has to say so")]
fn skipped() {
    eprintln!("skipped: PostgreSQL is not installed in /usr/lib/postgresql");
}

#[tokio::test]
async fn after_a_wipe_and_a_restore_the_conversation_goes_on() {
    let Some(server) = Server::start() else { return skipped() };
    let mut bot = bot_on(&server).await;
    bot.ask("My cat is called Mia").await;
    let made = server.manual("backup", &[]);
    assert!(made.contains("backed up to"), "{made}");
    let balance = server.sql("starling", "SELECT balance FROM users");

    let (refused, succeeded) = server.shell("restore \"$(ls backups/*.dump)\"", &[]);
    assert!(!succeeded && refused.contains("the bot is connected"), "{refused}");
    bot.ask("This is forgotten").await;
    stop(&mut bot).await;
    let (refused, succeeded) = server.shell("restore /etc/hostname", &[]);
    assert!(!succeeded && refused.contains("is no backup"), "{refused}");
    assert_eq!(server.sql("starling", "SELECT count(*) FROM turns"), "2", "a failed restore changes nothing");

    // With the database still there, and without it.
    let restored = server.manual("restore", &[]);
    assert!(restored.contains("the former database is starling_before_"), "{restored}");
    assert!(restored.contains("every balance, hold, payment and charge is right"), "{restored}");
    server.sql("postgres", "DROP DATABASE starling");
    let restored = server.manual("restore", &[]);
    assert!(restored.contains("restored") && !restored.contains("former"), "{restored}");
    assert_eq!(server.sql("starling", "SELECT balance FROM users"), balance);

    bot.run().await;
    bot.ask("What is my cat called?").await;
    let remembered = prompt(&bot.request(3).await);
    assert!(remembered.contains("My cat is called Mia"), "{remembered}");
    assert!(!remembered.contains("This is forgotten"), "{remembered}");
    end(bot).await;
}

#[tokio::test]
async fn the_moment_before_a_deletion_is_restored() {
    let Some(server) = Server::start() else { return skipped() };
    let mut bot = bot_on(&server).await;
    bot.ask("My cat is called Mia").await;
    server.manual("base", &[]);
    bot.ask("My dog is called Rex").await;
    let moment = server.sql("starling", "SELECT clock_timestamp()");
    server.sql("starling", "DELETE FROM messages");
    bot.ask("This is forgotten").await;
    stop(&mut bot).await;

    let (refused, succeeded) = server
        .shell("docker compose run --rm --entrypoint archive postgres restore '2020-01-01 00:00+00'", &[]);
    assert!(!succeeded && refused.contains("no base"), "{refused}");
    let restored = server.manual("moment", &[("moment", &moment)]);
    assert!(restored.contains("every balance, hold, payment and charge is right"), "{restored}");
    assert_eq!(server.sql("starling", "SELECT count(*) FROM messages"), "4");

    bot.run().await;
    bot.ask("What are my animals called?").await;
    let remembered = prompt(&bot.request(4).await);
    assert!(remembered.contains("Mia") && remembered.contains("Rex"), "{remembered}");
    assert!(!remembered.contains("This is forgotten"), "{remembered}");
    stop(&mut bot).await;

    // Once more, to the end of the second history.
    server.manual("moment", &[("moment", "latest")]);
    assert_eq!(server.sql("starling", "SELECT count(*) FROM messages"), "6");
    bot.run().await;
    end(bot).await;
}

#[tokio::test]
async fn a_former_version_starts_with_a_newer_schema_that_works_with_it() {
    let mut bot = Bot::start().await;
    bot.terminate();
    bot.exit_code().await;
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (999999, 'of a newer version', TRUE, '', 0)";
    sqlx::query(newer).execute(bot.books()).await.unwrap();
    let (_, report) = bot.command(&["doctor"]).await;
    assert!(report.contains("ok   database: at version 999999, with which this binary works"), "{report}");
    bot.run().await;
    bot.ask("hello").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);

    sqlx::query("UPDATE schema_support SET oldest = 999998").execute(bot.books()).await.unwrap();
    let (code, report) = bot.command(&["doctor"]).await;
    assert_eq!(code, 1);
    let remedy = "; start a newer one, or restore the backup from before the upgrade";
    assert!(report.contains(remedy), "{report}");
    bot.expect_error("its schema 999999 works with binaries that know version 999998");
    bot.launch();
    bot.died().await;
    assert_eq!(bot.exit_code().await, 1, "it does not touch a database that it does not know");
    bot.set("ALLOW_NEWER_SCHEMA", "true");
    let (_, report) = bot.command(&["doctor"]).await;
    assert!(!report.contains("FAIL database"), "{report}");
    bot.run().await;
    bot.ask("hello").await;
    bot.end().await;
}
