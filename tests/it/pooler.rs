//! The bot behind PgBouncer in transaction mode, with fewer connections than it opens. `STARLING_POOLER=1` puts
//! every other test behind one, too.

use std::time::Duration;

use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

const PEOPLE: std::ops::Range<i64> = 1_000..1_030;

#[tokio::test]
async fn behind_a_pooler_everything_works() {
    let Some(mut bot) = Bot::prepare_pooled([("DATABASE_POOL_SIZE", "10")]).await else { return };
    bot.run().await;
    assert_eq!(bot.ask("one").await, "You said: one");
    assert_eq!(bot.ask("two").await, "You said: two");
    let said = conversation(bot.model.requests().last().unwrap());
    assert_eq!(said, ["user: one", "assistant: You said: one", "user: two"]);
    bot.ask_in(GROUP, BOB, "@starling_bot hello from the group").await;
    bot.ask("/balance").await;
    // Many at once share the few sessions.
    for person in PEOPLE {
        bot.telegram.open_chat(person);
        bot.telegram.say(person, person, "hello");
    }
    for person in PEOPLE {
        assert_eq!(bot.answer(person, 1).await, "You said: hello");
    }
    let (code, report) = bot.command(&["audit"]).await;
    assert_eq!(code, 0, "{report}");
    let (code, report) = bot.command(&["doctor"]).await;
    assert!(
        report.contains("ok   pooler: each statement is a transaction; migrations go around it"),
        "{report}"
    );
    assert_eq!(code, 0, "{report}");
    bot.end().await;
}

#[tokio::test]
async fn behind_a_pooler_limits_hold() {
    let Some(mut bot) = Bot::prepare_pooled([]).await else { return };
    bot.run().await;
    bot.ask("one").await;
    // The limit of a statement comes along with its transaction.
    let mut tx = bot.books().begin().await.unwrap();
    sqlx::query("SELECT 1 FROM users WHERE id = 42 FOR UPDATE").execute(&mut *tx).await.unwrap();
    bot.ann("two");
    bot.log("canceling statement due to statement timeout").await;
    tx.rollback().await.unwrap();
    assert_eq!(bot.answer(ANN, 2).await, "You said: two");
    bot.end().await;
}

#[tokio::test]
async fn an_outage_behind_a_pooler_loses_nothing() {
    let Some(mut bot) = Bot::prepare_pooled([]).await else { return };
    bot.run().await;
    bot.ask("before").await;
    bot.proxy.cut();
    bot.ann("during");
    bot.log("the database is away, waiting").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    bot.proxy.mend();
    assert_eq!(bot.answer(ANN, 2).await, "You said: during");
    bot.kill().await;
    bot.ann("while it was dead");
    bot.run().await;
    assert_eq!(bot.answer(ANN, 3).await, "You said: while it was dead");
    bot.end().await;
}

#[tokio::test]
async fn a_pooler_that_is_not_configured_is_named_with_the_remedy() {
    let Some(bot) = Bot::prepare_pooled([]).await else { return };
    let (code, report) = bot.command_with(&[("DATABASE_POOLER", "none")], &["doctor"]).await;
    let line = report.lines().find(|line| line.contains(" database: ")).unwrap();
    assert!(line.starts_with("FAIL database: "), "{line}");
    assert!(line.ends_with("set DATABASE_POOLER=transaction and DATABASE_DIRECT_URL"), "{line}");
    assert_eq!(code, 1);
    bot.command(&["migrate"]).await;
    let elsewhere = bot.database.url().replace(bot.database.name(), "postgres");
    let (code, report) = bot.command_with(&[("DATABASE_DIRECT_URL", &elsewhere)], &["doctor"]).await;
    let line = report.lines().find(|line| line.contains(" pooler: ")).unwrap();
    assert!(line.starts_with("FAIL pooler: DATABASE_DIRECT_URL leads to another database"), "{line}");
    assert_eq!(code, 1);
    bot.end().await;
}
