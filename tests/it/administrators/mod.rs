//! Commands of administrators in the chat: balances, the margin, accounts, figures. Nobody else may use them.

mod accounts;
mod balances;
mod figures;
mod margin;

use crate::harness::{ANN, Bot};

#[tokio::test]
async fn nobody_else_is_an_administrator() {
    let bot = Bot::of_olga([]).await;
    let refusal = "This command is for administrators of the bot.";
    assert_eq!(bot.tell("/topup 42 100").await, refusal);
    bot.log("the user 42 is no administrator").await;
    assert_eq!(bot.tell("/set_margin 0").await, refusal);
    assert_eq!(bot.tell("/set_margin").await, refusal);
    assert_eq!(bot.operations(ANN).await, ["starter 0.1"]);
    assert_eq!(bot.database.count("SELECT count(*) FROM settings").await, 0);
    bot.end().await;
}
