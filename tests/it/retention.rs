//! What has served its purpose goes every night; conversations lose their oldest part, the books nothing.

use crate::harness::{ANN, BOB, Bot, prompt};

/// Makes everything that is done so many days older.
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
