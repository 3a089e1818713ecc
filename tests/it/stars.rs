//! Balance for Telegram Stars: packages, custom amounts, the receipt, and the messages that an open dialog
//! does not take.

use crate::harness::money::person;
use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

/// Returns the labels of the buttons below a message.
fn buttons(message: &playground::telegram::Message) -> Vec<String> {
    let rows = message.reply_markup.as_ref().unwrap()["inline_keyboard"].as_array().unwrap().clone();
    rows.iter().map(|row| row[0]["text"].as_str().unwrap().to_owned()).collect()
}

/// Lets Ann press the button for a custom amount; the bot asks for it.
async fn ask_for_an_amount(bot: &Bot) {
    let said = bot.ann("/pay");
    let packages = bot.reply_to(said.update_id).await;
    bot.tap(ANN, ANN, packages.id, "buy:custom").await;
    bot.database.until("SELECT count(*) FROM dialogs", 1).await;
    bot.hears(ANN, "How many Stars").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
}

#[tokio::test]
async fn a_package_from_the_command_to_the_statement() {
    let bot = Bot::of_olga([]).await;
    let said = bot.ann("/pay");
    let offer = bot.reply_to(said.update_id).await;
    assert!(offer.text.starts_with("Top up your balance\n\nChoose a package."), "{}", offer.text);
    assert_eq!(
        buttons(&offer),
        [
            "Micro: 10 ⭐ → $0.065",
            "Starter: 50 ⭐ → $0.325",
            "Basic: 100 ⭐ → $0.65",
            "Standard: 250 ⭐ → $1.625",
            "Premium: 500 ⭐ → $3.25",
            "Another amount",
        ]
    );
    assert_eq!(bot.tap(ANN, ANN, offer.id, "buy:250").await, None, "the mark of the button just ends");
    let invoice = bot.nth_invoice(ANN, 1).await;
    let card = &invoice.raw["invoice"];
    assert_eq!((card["currency"].as_str(), card["total_amount"].as_i64()), (Some("XTR"), Some(250)));
    assert!(card["description"].as_str().unwrap().contains("$1.625"), "{card}");
    let receipt = bot.pay(ANN, ANN, &invoice).await;
    let words = bot.hears(ANN, "Received 250 ⭐").await;
    assert!(words.contains("added $1.625. Your balance is now $1.725."), "{words}");
    assert!(words.contains(&format!("Transaction: {}", receipt.charge_id)), "{words}");
    assert!(words.contains(&format!("/refund {}", receipt.charge_id)), "{words}");
    assert_eq!((bot.telegram.stars(ANN), bot.telegram.bot_stars()), (4_750, 250));
    assert_eq!(bot.has(ANN).await, "1.725");
    let statement = bot.tell("/balance").await;
    let lines: Vec<&str> = statement.lines().collect();
    assert_eq!(lines[0], "Your balance: $1.725");
    assert!(lines[5].starts_with("• +$1.625 · paid 250 ⭐ · "), "{statement}");
    assert!(lines[6].starts_with("• +$0.10 · welcome gift · "), "{statement}");
    assert!(bot.model.requests().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_package_in_russian() {
    let bot = Bot::of_olga([]).await;
    bot.telegram.add_user(person(ANN, "Анна", "ann", "ru"));
    let said = bot.ann("/pay");
    let offer = bot.reply_to(said.update_id).await;
    assert!(offer.text.starts_with("Пополнение баланса"), "{}", offer.text);
    assert_eq!(buttons(&offer)[0], "Пакет Micro: 10 ⭐ → 0,065\u{a0}$");
    bot.tap(ANN, ANN, offer.id, "buy:100").await;
    let invoice = bot.nth_invoice(ANN, 1).await;
    assert_eq!(invoice.raw["invoice"]["title"], "Баланс");
    let receipt = bot.pay(ANN, ANN, &invoice).await;
    let words =
        bot.hears(ANN, "Получено 100 ⭐, добавлено 0,65\u{a0}$. Теперь на балансе 0,75\u{a0}$.").await;
    assert!(words.contains(&receipt.charge_id), "{words}");
    assert!(bot.tell("/balance").await.contains("оплата 100 ⭐"));
    let asked = bot.tell(&format!("/refund {}", receipt.charge_id)).await;
    assert_eq!(asked, "⏳ Прошу Telegram вернуть звёзды.");
    bot.hears(ANN, "✅ 100 ⭐ снова у вас.").await;
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "payment 0.65", "refund -0.65"]);
    bot.end().await;
}

#[tokio::test]
async fn an_amount_of_ones_own() {
    let bot = Bot::of_olga([]).await;
    ask_for_an_amount(&bot).await;
    for wrong in ["ten", "0", "2501", "1.5"] {
        let answer = bot.tell(wrong).await;
        assert!(answer.starts_with("That is not an amount that I can sell."), "{wrong}: {answer}");
        assert!(answer.contains("from 1 to 2500"), "{answer}");
    }
    assert!(bot.tell("/balance").await.starts_with("Your balance: $0.10"), "a command passes");
    bot.ann("77");
    let invoice = bot.nth_invoice(ANN, 1).await;
    assert_eq!(invoice.raw["invoice"]["total_amount"], 77);
    assert_eq!(bot.database.count("SELECT count(*) FROM dialogs").await, 0, "the question is answered");
    bot.pay(ANN, ANN, &invoice).await;
    assert_eq!(bot.has(ANN).await, "0.6005");
    assert!(bot.model.requests().is_empty(), "what was written during the dialog is no prompt");
    assert_eq!(bot.ask("hello").await, "You said: hello");
    assert_eq!(conversation(&bot.request(1).await), ["user: hello"]);
    bot.end().await;
}

#[tokio::test]
async fn a_dialog_is_left_by_a_command_or_by_its_deadline() {
    let bot = Bot::of_olga([]).await;
    ask_for_an_amount(&bot).await;
    assert_eq!(bot.tell("/cancel").await, "Cancelled.");
    assert_eq!(bot.tell("/cancel").await, "There is nothing to cancel. /stop ends a running answer.");
    assert_eq!(bot.ask("77").await, "You said: 77");
    ask_for_an_amount(&bot).await;
    bot.sql("UPDATE dialogs SET expires_at = now() - interval '1 second'").await;
    assert_eq!(bot.ask("78").await, "You said: 78");
    assert!(bot.invoices(ANN).is_empty());
    bot.end().await;
}

#[tokio::test]
async fn a_dialog_survives_a_restart_and_lets_a_payment_pass() {
    let mut bot = Bot::of_olga([]).await;
    let package = bot.invoice(ANN, 10).await;
    ask_for_an_amount(&bot).await;
    bot.pay(ANN, ANN, &package).await;
    assert_eq!(bot.has(ANN).await, "0.165", "credited in the middle of the dialog");
    bot.kill().await;
    bot.run().await;
    bot.ann("100 ⭐");
    let invoice = bot.nth_invoice(ANN, 2).await;
    assert_eq!(invoice.raw["invoice"]["total_amount"], 100);
    bot.pay(ANN, ANN, &invoice).await;
    assert_eq!(bot.has(ANN).await, "0.815");
    assert!(bot.model.requests().is_empty());
    bot.end().await;
}

#[tokio::test]
async fn in_a_group_everybody_buys_for_themselves() {
    let bot = Bot::of_olga([]).await;
    let said = bot.telegram.say(GROUP, ANN, "/pay@starling_bot");
    let packages = bot.reply_to(said.update_id).await;
    bot.tap(GROUP, BOB, packages.id, "buy:50").await;
    let invoice = bot.nth_invoice(GROUP, 1).await;
    let attempt = bot.telegram.pay(GROUP, ANN, invoice.id);
    assert_eq!(
        bot.refusal(&attempt).await,
        "This invoice was made for somebody else. Please make your own with /pay."
    );
    bot.pay(GROUP, BOB, &invoice).await;
    assert_eq!((bot.has(ANN).await.as_str(), bot.has(BOB).await.as_str()), ("0.1", "0.425"));
    // The question must be answerable in a way that reaches the bot in a group.
    bot.tap(GROUP, BOB, packages.id, "buy:custom").await;
    bot.hears(GROUP, "Reply to this message").await;
    let question = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    bot.telegram.say(GROUP, ANN, "@starling_bot 5");
    bot.hears(GROUP, "@starling_bot 5").await;
    bot.telegram.reply(GROUP, BOB, question.id, "7");
    assert_eq!(bot.nth_invoice(GROUP, 2).await.raw["invoice"]["total_amount"], 7);
    bot.tap(GROUP, BOB, packages.id, "buy:custom").await;
    bot.database.until("SELECT count(*) FROM dialogs", 1).await;
    bot.telegram.say(GROUP, BOB, "@starling_bot 8");
    assert_eq!(bot.nth_invoice(GROUP, 3).await.raw["invoice"]["total_amount"], 8);
    bot.end().await;
}

#[tokio::test]
async fn everything_about_money_is_reachable_without_any() {
    let bot = Bot::of_olga([("STARTER_BALANCE_USD", "0"), ("SUPPORT_CONTACT", "@olga")]).await;
    let refused = bot.ask("hello").await;
    assert!(refused.starts_with("💳 You have nothing left to spend."), "{refused}");
    assert!(bot.tell("/paysupport").await.starts_with("Questions about a payment: @olga."));
    assert!(bot.tell("/terms").await.starts_with("You pay in advance with Telegram Stars"));
    assert!(bot.tell("/balance").await.starts_with("Your balance: $0.00"));
    bot.buy(ANN, 10).await;
    assert!(bot.model.requests().is_empty());
    assert_eq!(bot.ask("go on").await, "You said: hello\ngo on", "what was said before is kept");
    bot.end().await;
}
