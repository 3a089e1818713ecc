//! `/balance` in pages, and who may turn them.

use playground::telegram::Message;

use crate::harness::money::person;
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP};

/// Gives Ann 24 more operations; the n-th one (2 to 25) adds n cents.
const MANY: &str = "
    WITH paid AS (UPDATE users SET balance = 3.34, last_operation = 25 WHERE id = 42)
    INSERT INTO balance_operations
        (user_id, seq, kind, amount, balance_before, balance_after, key, actor_id, subject)
    SELECT 42, n, 'adjustment', n * 0.01, 0.1 + 0.01 * (n * (n - 1) / 2 - 1), 0.1 + 0.01 * (n * (n + 1) / 2 - 1),
        'many:' || n, 44, ''
    FROM generate_series(2, 25) n";

/// Returns the data of the buttons of a message.
fn buttons(message: &Message) -> Vec<String> {
    let Some(markup) = &message.reply_markup else { return Vec::new() };
    let buttons = markup["inline_keyboard"][0].as_array().cloned().unwrap_or_default();
    buttons.iter().map(|button| button["callback_data"].as_str().unwrap().to_owned()).collect()
}

/// Waits until the page shows this operation first, and returns it.
async fn page(bot: &Bot, chat: i64, id: i64, first: &str) -> Message {
    let turned = bot.telegram.until(first, BOUND, |view| {
        view.answers(chat)
            .find(|message| message.id == id && entries(&message.text)[0].starts_with(first))
            .cloned()
    });
    turned.await.unwrap()
}

fn entries(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("• ")).collect()
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/start").await;
    let short = bot.ann("/balance");
    assert_eq!(bot.reply_to(short.update_id).await.reply_markup, None, "one page needs no buttons");
    bot.sql(MANY).await;
    let said = bot.ann("/balance");
    let newest = bot.reply_to(said.update_id).await;
    assert!(newest.text.starts_with("Your balance: $3.34\n\nLatest operations (UTC):\n"), "{}", newest.text);
    assert_eq!(entries(&newest.text).len(), 10, "{}", newest.text);
    assert_eq!(buttons(&newest), ["ops:15"]);
    bot.tap(ANN, ANN, newest.id, "ops:15").await;
    let middle = page(&bot, ANN, newest.id, "+$0.15").await;
    assert!(middle.text.contains("\n\nEarlier operations (UTC):\n"), "{}", middle.text);
    assert_eq!(buttons(&middle), ["ops:25", "ops:5"]);
    // A double tap: the second one finds the page turned already.
    bot.telegram.press(ANN, ANN, newest.id, "ops:5");
    bot.tap(ANN, ANN, newest.id, "ops:5").await;
    let oldest = page(&bot, ANN, newest.id, "+$0.05").await;
    assert_eq!(entries(&oldest.text).len(), 5, "{}", oldest.text);
    assert!(entries(&oldest.text)[4].starts_with("+$0.10 · welcome gift"), "{}", oldest.text);
    assert_eq!(buttons(&oldest), ["ops:15"]);
    // Something is booked meanwhile: the pages stay where they are.
    bot.command_of(crate::harness::money::OLGA, "/topup 42 5").await;
    bot.tap(ANN, ANN, newest.id, "ops:15").await;
    page(&bot, ANN, newest.id, "+$0.15").await;
    bot.tap(ANN, ANN, newest.id, "ops:25").await;
    assert_eq!(buttons(&page(&bot, ANN, newest.id, "+$0.25").await), ["ops:35", "ops:15"]);
    bot.tap(ANN, ANN, newest.id, "ops:35").await;
    page(&bot, ANN, newest.id, "+$5.00").await;
    bot.end().await;
}

#[tokio::test]
async fn a_page_shows_nobody_else_anything() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/start").await;
    bot.command_of(BOB, "/start").await;
    bot.sql(MANY).await;
    let said = bot.telegram.say(GROUP, ANN, "/balance@starling_bot");
    let statement = bot.reply_to(said.update_id).await;
    bot.telegram.add_user(person(BOB, "Боб", "bob", "ru"));
    let refused = bot.tap(GROUP, BOB, statement.id, "ops:15").await;
    assert_eq!(refused.as_deref(), Some("Это чужая карточка. Отправьте /balance, чтобы открыть свою."));
    // Forged numbers show the tapper's own pages, in the tapper's own card.
    for nonsense in ["ops:", "ops:0", "ops:-5", "ops:x", "ops:99999999999999999999"] {
        assert_eq!(bot.tap(GROUP, ANN, statement.id, nonsense).await, None, "{nonsense}");
    }
    bot.tap(GROUP, ANN, statement.id, "ops:7").await;
    page(&bot, GROUP, statement.id, "+$0.07").await;
    bot.tap(GROUP, ANN, statement.id, "ops:9223372036854775807").await;
    page(&bot, GROUP, statement.id, "+$0.25").await;
    let own = bot.telegram.say(BOB, BOB, "/balance");
    let own = bot.reply_to(own.update_id).await;
    assert!(own.text.starts_with("Ваш баланс: 0,10\u{a0}$\n"), "{}", own.text);
    bot.tap(BOB, BOB, own.id, "ops:25").await;
    let unchanged = bot.telegram.messages(BOB).into_iter().find(|message| message.id == own.id).unwrap();
    assert_eq!(entries(&unchanged.text).len(), 1, "{}", unchanged.text);
    bot.end().await;
}
