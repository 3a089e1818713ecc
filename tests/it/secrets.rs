//! Secrets are replaced as `docs/OPERATIONS.md` says, and no message is lost meanwhile.

use playground::anthropic::Reply;
use sqlx::AssertSqlSafe;
use url::Url;

use crate::harness::{ANN, Bot, conversation};

const NEW_TOKEN: &str = "123456:NEW-TOKEN";

/// Returns the address of the bot's database for a role.
fn as_role(bot: &Bot, role: &str, password: &str) -> String {
    let mut url: Url = bot.database.url_through(bot.proxy.address()).parse().unwrap();
    url.set_username(role).unwrap();
    url.set_password(Some(password)).unwrap();
    url.to_string()
}

async fn run(bot: &Bot, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(bot.books()).await.unwrap();
}

#[tokio::test]
async fn the_token_and_the_password_of_the_database_are_replaced_and_no_message_is_lost() {
    let mut bot = Bot::prepare([]).await;
    bot.expect_error("Telegram does not accept TELEGRAM_BOT_TOKEN");
    let role = format!("starling_rotation_{}", std::process::id());
    run(&bot, format!("CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'before'")).await;
    let before = as_role(&bot, &role, "before");
    bot.set("DATABASE_URL", &before);
    bot.run().await;
    bot.model.script(Reply::text("Lima."));
    assert_eq!(bot.ask("What is the capital of Peru?").await, "Lima.");

    // BotFather ends the old token at once, while the bot still runs with it. A request for updates that waits
    // then may still be answered.
    bot.model.script_for("And of Chile?", Reply::text("Santiago."));
    bot.telegram.revoke_token(NEW_TOKEN);
    bot.ann("And of Chile?");
    bot.log("Telegram does not accept TELEGRAM_BOT_TOKEN").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    run(&bot, format!("ALTER ROLE {role} PASSWORD 'after'")).await;

    bot.set("TELEGRAM_BOT_TOKEN", NEW_TOKEN);
    let after = as_role(&bot, &role, "after");
    bot.set("DATABASE_URL", &after);
    bot.run().await;
    assert_eq!(bot.answer(ANN, 2).await, "Santiago.");
    assert_eq!(
        conversation(&bot.request(2).await),
        ["user: What is the capital of Peru?", "assistant: Lima.", "user: And of Chile?"]
    );

    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    run(&bot, format!("REASSIGN OWNED BY {role} TO CURRENT_USER; DROP ROLE {role}")).await;
    bot.end().await;
}
