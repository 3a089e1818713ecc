//! `/stats`: people, answers, revenue, costs and profit as the books have them.

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, Bot};

#[tokio::test]
async fn the_figures_of_the_bot_come_from_its_books() {
    let mut bot = Bot::of_olga([("STARTER_BALANCE_USD", "10")]).await;
    bot.ask("hello").await;
    bot.ask_in(BOB, BOB, "hello").await;
    bot.buy(ANN, 100).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    // Bob has asked eight days ago, and paid then.
    bot.sql(
        "UPDATE turns SET opened_at = now() - interval '8 days' WHERE id = 2;
         UPDATE model_calls SET created_at = now() - interval '8 days' WHERE turn_id = 2;
         UPDATE turns SET opened_at = now() WHERE id = 1;
         UPDATE model_calls SET created_at = now(), cost = 0.25, prices = '{}' WHERE turn_id = 1;
         UPDATE model_calls SET cost = 0.5, prices = '{}' WHERE turn_id = 2;",
    )
    .await;
    let shown = bot.command_of(OLGA, "/stats").await;
    assert_eq!(
        shown,
        "📊 Today (UTC) · 7 days · 30 days\nActive: 1 · 1 · 2\nAnswers: 1 · 1 · 2\n\
         Revenue: 100 ⭐ ($1.30) · 100 ⭐ ($1.30) · 100 ⭐ ($1.30)\nCosts: $0.25 · $0.25 · $0.75\n\
         Profit: $0.595 · $0.595 · $0.095\n\n\
         The profit is what is left of the Stars after withdrawal (k1 = 0.35), minus the costs of models and services."
    );
    bot.telegram.add_user(person(OLGA, "Olga", "olga", "ru"));
    assert!(
        bot.command_of(OLGA, "/stats")
            .await
            .starts_with("📊 Сегодня (UTC) · 7 дней · 30 дней\nАктивные: 1 · 1 · 2")
    );
    // The books were changed by hand, so they are not audited.
    bot.kill().await;
    bot.database.drop().await;
}
