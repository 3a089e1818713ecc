//! PostgreSQL on two servers: a real standby takes over while the bot runs.

#![expect(clippy::print_stdout, reason = "how long it takes is a figure to read")]

use std::time::{Duration, Instant};

use playground::anthropic::{Gate, Reply, Step};

use crate::harness::cluster::PostgresServer;
use crate::harness::database::Database;
use crate::harness::redis::Redis;
use crate::harness::{ANN, BOB, BOUND, Bot, conversation};

/// How long there is no primary.
const OUTAGE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn when_a_standby_takes_over_nothing_is_lost_and_answers_go_on() {
    let Some(primary) = PostgresServer::primary() else { return };
    let standby = PostgresServer::standby_of(&primary);
    primary.wait_for_standby();
    let redis = Redis::start().await;
    let database = Database::create_on(&primary.url(), "").await;
    // The standby is named first: the bot passes it over.
    let name = database.name();
    let url = format!(
        "postgres://starling@{},{}/{name}?target_session_attrs=read-write",
        standby.host(),
        primary.host()
    );
    let mut bot = Bot::prepare_on(database, [("DATABASE_URL", &*url), ("REDIS_URL", &*redis.url())]).await;
    bot.run().await;
    let (code, report) = bot.command(&["doctor"]).await;
    let line = format!("ok   servers: {} is a standby, {} takes writes", standby.host(), primary.host());
    assert!(report.lines().any(|found| found == line), "no line '{line}' in\n{report}");
    assert_eq!(code, 0, "{report}");
    bot.ask("before").await;
    bot.log("turn 1 complete").await;

    // One answer is in progress when the primary dies, one message arrives while there is none.
    let (gate, keeper) = Gate::new();
    let steps =
        vec![Step::Text("An answer ".to_owned()), Step::Gate(gate), Step::Text("that ends.".to_owned())];
    bot.model.script_for("during", Reply::steps(steps));
    bot.ann("during");
    bot.telegram.until("a draft", BOUND, |view| view.live_draft(ANN).map(drop)).await.unwrap();
    primary.kill();
    keeper.open();
    let stranded = bot.telegram.say(BOB, BOB, "hello from Bob");
    bot.log("no server of the database takes writes").await;
    tokio::time::sleep(OUTAGE).await;
    assert_eq!(bot.answers(BOB), Vec::<String>::new());
    assert!(bot.telegram.confirmed_offset() <= stranded.update_id, "what is not stored is not confirmed");
    let promoted = Instant::now();
    standby.promote();
    bot.database.turn_to(&standby.url());
    assert_eq!(bot.answer(ANN, 2).await, "An answer that ends.");
    let answered = promoted.elapsed();
    assert_eq!(bot.answer(BOB, 1).await, "You said: hello from Bob");
    println!("after the promotion: the answer in {answered:?}, all in {:?}", promoted.elapsed());
    bot.log("the database has failed over, the cache starts anew").await;
    bot.ask("after").await;
    let said = conversation(bot.model.requests().last().unwrap());
    assert_eq!(
        said,
        [
            "user: before",
            "assistant: You said: before",
            "user: during",
            "assistant: An answer that ends.",
            "user: after"
        ]
    );
    assert_eq!(bot.answers(ANN).len(), 3);

    let (code, report) = bot.command(&["doctor"]).await;
    let line = report.lines().find(|line| line.contains(" servers: ")).unwrap();
    let servers = format!("warn servers: {} takes writes, {} does not", standby.host(), primary.host());
    assert!(line.starts_with(&servers), "{line}");
    assert!(line.ends_with("; start it, else nothing can take over"), "{line}");
    assert_eq!(code, 0, "{report}");
    bot.end().await;
}

#[tokio::test]
async fn connections_that_were_opened_read_only_are_opened_anew() {
    let Some(server) = PostgresServer::primary() else { return };
    let database = Database::create_on(&server.url(), "").await;
    let url = database.url();
    let mut bot = Bot::prepare_on(database, [("DATABASE_URL", &*url)]).await;
    bot.run().await;
    bot.ask("before").await;
    // As a managed database does when its disk is full. Sessions keep what they were opened with.
    let set = |state: &str| {
        server.sql(&format!("ALTER ROLE starling SET default_transaction_read_only = {state}"));
        server.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'starling' AND backend_type = 'client backend'",
        );
    };
    set("on");
    bot.ann("while it is full");
    bot.log("cannot execute").await;
    server.sql("SET transaction_read_only = off; ALTER ROLE starling RESET default_transaction_read_only");
    assert_eq!(bot.answer(ANN, 2).await, "You said: while it is full");
    bot.end().await;
}
