//! Refunds of Stars: to their payer, once, if the balance covers them, whatever Telegram answers.

use playground::telegram::{Fault, Hold};

use crate::harness::{ANN, BOB, BOUND, Bot};

const REFUNDED: [&str; 3] = ["starter 0.1", "payment 0.65", "refund -0.65"];

/// Starts a bot and lets Ann pay a hundred Stars.
async fn sold() -> (Bot, String) {
    let bot = Bot::of_olga([]).await;
    let receipt = bot.buy(ANN, 100).await;
    (bot, receipt.charge_id)
}

/// Lets Ann request a refund whose call Telegram keeps waiting.
async fn under_way(bot: &Bot, charge: &str) -> Hold {
    let hold = bot.telegram.hold("refundStarPayment");
    assert_eq!(bot.tell(&format!("/refund {charge}")).await, "⏳ I am asking Telegram to refund the Stars.");
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("Telegram is asked");
    hold
}

#[tokio::test]
async fn a_payment_is_listed_and_given_back_once() {
    let (bot, charge) = sold().await;
    let list = bot.tell("/refund").await;
    assert!(list.contains("100 ⭐ · $0.65 · "), "{list}");
    assert!(list.ends_with(&format!("/refund {charge}")), "{list}");
    bot.tell(&format!("/refund {charge}")).await;
    let words = bot.hears(ANN, "✅ Refunded 100 ⭐").await;
    assert!(words.ends_with("and took $0.65 from your balance, which is now $0.10."), "{words}");
    assert_eq!((bot.telegram.stars(ANN), bot.telegram.bot_stars()), (5_000, 0));
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    let again = bot.tell(&format!("/refund {charge}")).await;
    assert_eq!(again, "The Stars of this payment were refunded already.");
    assert!(bot.tell("/refund").await.starts_with("There is no payment that could be refunded."));
    assert!(bot.tell("/balance").await.contains("-$0.65 · refunded 100 ⭐"));
    assert_eq!(bot.carried_out("refundStarPayment"), 1);
    bot.end().await;
}

#[tokio::test]
async fn only_ones_own_payments_are_given_back() {
    let (bot, charge) = sold().await;
    bot.buy(BOB, 100).await;
    let unknown = "I know no such payment of yours. /refund lists those that can be refunded.";
    assert_eq!(bot.command_of(BOB, &format!("/refund {charge}")).await, unknown);
    assert_eq!(bot.command_of(BOB, "/refund stx123").await, unknown);
    assert_eq!(bot.command_of(BOB, "/refund ' OR 1=1").await, unknown);
    assert!(!bot.command_of(BOB, "/refund").await.contains(&charge));
    assert_eq!(bot.carried_out("refundStarPayment"), 0);
    bot.end().await;
}

#[tokio::test]
async fn what_is_too_old_or_spent_stays_paid() {
    let (bot, old) = sold().await;
    bot.sql("UPDATE payments SET paid_at = now() - interval '31 days'").await;
    let words = bot.tell(&format!("/refund {old}")).await;
    assert_eq!(words, "This payment is more than 30 days old and can no longer be refunded.");
    assert!(bot.tell("/refund").await.starts_with("There is no payment"));
    let spent = bot.buy(BOB, 50).await.charge_id;
    bot.command_of(crate::harness::money::OLGA, "/topup 43 -0.2").await;
    let words = bot.command_of(BOB, &format!("/refund {spent}")).await;
    assert!(words.starts_with("A refund would take $0.325 from your balance"), "{words}");
    assert!(words.contains("only $0.225 is free"), "{words}");
    assert_eq!(bot.operations(BOB).await, ["starter 0.1", "payment 0.325", "adjustment -0.2"]);
    assert_eq!(bot.carried_out("refundStarPayment"), 0);
    bot.end().await;
}

#[tokio::test]
async fn two_wishes_at_once_are_one_refund() {
    let (bot, charge) = sold().await;
    let hold = bot.telegram.hold("refundStarPayment");
    let wishes = [0; 2].map(|_| bot.ann(&format!("/refund {charge}")));
    let mut answers = Vec::new();
    for wish in wishes {
        answers.push(bot.reply_to(wish.update_id).await.text);
    }
    answers.sort();
    assert_eq!(
        answers,
        [
            "I am refunding these Stars already; you will be told as soon as Telegram has answered.",
            "⏳ I am asking Telegram to refund the Stars.",
        ]
    );
    hold.release();
    bot.hears(ANN, "✅ Refunded 100 ⭐").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    assert_eq!(bot.carried_out("refundStarPayment"), 1);
    bot.end().await;
}

#[tokio::test]
async fn nothing_is_taken_when_telegram_refuses() {
    let (bot, charge) = sold().await;
    assert!(bot.telegram.withdraw_stars(60), "the owner cashes in");
    for _ in 0..2 {
        bot.tell(&format!("/refund {charge}")).await;
        bot.database.until("SELECT count(*) FROM payments WHERE state = 'credited'", 1).await;
    }
    let refusals = bot.telegram.until("two refusals", BOUND, |view| {
        let told = view.answers(ANN).filter(|message| message.text.contains("Telegram does not refund"));
        (told.count() == 2).then_some(())
    });
    refusals.await.unwrap();
    let words = bot.hears(ANN, "Telegram does not refund").await;
    assert!(words.contains("the 100 ⭐. Nothing was taken from your balance."), "{words}");
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "payment 0.65"]);
    assert!(!bot.tell("/balance").await.contains("Reserved"));
    bot.end().await;
}

#[tokio::test]
async fn money_is_held_and_telegram_is_asked_until_it_answers() {
    let (bot, charge) = sold().await;
    let hold = under_way(&bot, &charge).await;
    let statement = bot.tell("/balance").await;
    assert!(
        statement.contains("Reserved for running answers, recordings or refunds: $0.65; free: $0.10"),
        "{statement}"
    );
    bot.telegram.fail_next("refundStarPayment", 1, Fault::Status(502));
    bot.telegram.fail_next("refundStarPayment", 1, Fault::DropConnection);
    hold.release();
    bot.hears(ANN, "✅ Refunded 100 ⭐").await;
    bot.log("Telegram does not answer about a refund").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    assert!(!bot.tell("/balance").await.contains("Reserved"));
    bot.end().await;
}

#[tokio::test]
async fn a_refund_goes_on_after_a_crash() {
    let (mut bot, charge) = sold().await;
    let hold = under_way(&bot, &charge).await;
    bot.kill().await;
    hold.release();
    bot.run().await;
    bot.hears(ANN, "✅ Refunded 100 ⭐").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    bot.end().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_an_answer_about_a_refund() {
    let (mut bot, charge) = sold().await;
    let hold = under_way(&bot, &charge).await;
    bot.terminate();
    bot.log("signal received").await;
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("Telegram is asked again");
    hold.release();
    bot.hears(ANN, "✅ Refunded 100 ⭐").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    bot.end().await;
}

#[tokio::test]
async fn a_lost_answer_books_once() {
    let (bot, charge) = sold().await;
    // The Stars were refunded; the update that reports it arrives, although the response does not.
    bot.telegram.fail_next("refundStarPayment", 1, Fault::DropAfter);
    bot.tell(&format!("/refund {charge}")).await;
    bot.hears(ANN, "✅ Refunded 100 ⭐").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    // Neither response nor update arrives: the next call learns that the Stars were refunded.
    let charge = bot.buy(BOB, 100).await.charge_id;
    let hold = bot.telegram.hold("refundStarPayment");
    bot.command_of(BOB, &format!("/refund {charge}")).await;
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("Telegram is asked");
    assert!(bot.telegram.refund_unheard(&charge));
    hold.release();
    bot.hears(BOB, "✅ Refunded 100 ⭐").await;
    assert_eq!(bot.operations(BOB).await, REFUNDED);
    assert_eq!(bot.telegram.bot_stars(), 0);
    bot.end().await;
}

#[tokio::test]
async fn a_lost_answer_of_the_database_neither_doubles_a_refund_nor_hides_its_message() {
    let (bot, charge) = sold().await;
    bot.proxy.swallow_answer_to("COMMIT");
    bot.telegram.refund_by_telegram(&charge).unwrap();
    bot.proxy.swallowed().await;
    bot.hears(ANN, "Telegram has refunded 100 ⭐ to you.").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    // Telegram refuses, and the response is lost again.
    let charge = bot.buy(BOB, 100).await.charge_id;
    assert!(bot.telegram.withdraw_stars(60));
    let hold = bot.telegram.hold("refundStarPayment");
    bot.command_of(BOB, &format!("/refund {charge}")).await;
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("Telegram is asked");
    bot.proxy.swallow_answer_to("COMMIT");
    hold.release();
    bot.hears(BOB, "Telegram does not refund the 100 ⭐.").await;
    assert_eq!(bot.operations(BOB).await, ["starter 0.1", "payment 0.65"]);
    bot.end().await;
}

#[tokio::test]
async fn a_refund_by_telegram_is_booked_once_and_may_overdraw() {
    let (bot, charge) = sold().await;
    bot.command_of(crate::harness::money::OLGA, "/topup 42 -0.5").await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    let update = bot.telegram.refund_by_telegram(&charge).unwrap();
    let words = bot.hears(ANN, "Telegram has refunded 100 ⭐ to you.").await;
    assert!(words.contains("I took $0.65 from your balance, which is now -$0.4"), "{words}");
    bot.telegram.redeliver(update);
    let refused = bot.tell(&format!("/refund {charge}")).await;
    assert_eq!(refused, "The Stars of this payment were refunded already.");
    assert_eq!(bot.operations(ANN).await.iter().filter(|line| line.starts_with("refund")).count(), 1);
    assert!(bot.has(ANN).await.starts_with("-0.4"));
    // With a balance below zero no question reaches the model until somebody pays.
    let asked = bot.model.requests().len();
    assert!(bot.ask("more").await.starts_with("💳 You have nothing left to spend."));
    assert_eq!(bot.model.requests().len(), asked);
    bot.buy(ANN, 100).await;
    assert_eq!(bot.ask("go on").await, "You said: more\ngo on");
    bot.end().await;
}

#[tokio::test]
async fn a_refund_that_only_the_list_tells_of_is_found_at_the_next_start() {
    let (mut bot, charge) = sold().await;
    bot.kill().await;
    assert!(bot.telegram.refund_unheard(&charge));
    bot.run().await;
    bot.hears(ANN, "Telegram has refunded 100 ⭐ to you.").await;
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    // Of a payment and its refund that were both missed, only the fact is kept.
    bot.kill().await;
    let paid = bot.telegram.pay_unheard(ANN, 100, &bot.newest_payload().await);
    assert!(bot.telegram.refund_unheard(&paid.receipt().unwrap().charge_id));
    bot.run().await;
    bot.database.until("SELECT count(*) FROM payments WHERE state = 'refunded'", 2).await;
    assert_eq!(bot.has(ANN).await, "0.1");
    bot.end().await;
}

#[tokio::test]
async fn telegrams_own_refund_during_a_refund_is_booked_once_without_a_quarrel() {
    let (bot, charge) = sold().await;
    // Both wait for the row of the payment: first Telegram's message, then Ann's request.
    let mut lock = bot.books().begin().await.unwrap();
    sqlx::query("SELECT FROM payments FOR UPDATE").execute(&mut *lock).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    bot.telegram.refund_by_telegram(&charge).unwrap();
    bot.database.until(waiting, 1).await;
    let wish = bot.ann(&format!("/refund {charge}"));
    bot.database.until(waiting, 2).await;
    lock.rollback().await.unwrap();
    let answer = bot.reply_to(wish.update_id).await;
    assert_eq!(answer.text, "The Stars of this payment were refunded already.");
    assert_eq!(bot.operations(ANN).await, REFUNDED);
    assert!(!bot.has_logged("the database is away"), "nobody had to try again");
    bot.end().await;
}
