//! Irregular payments: forged, late, twice, by the wrong person, at the wrong moment. Stars are taken for
//! what was offered or not at all, and Stars that were taken are credited once.

use std::time::Duration;

use playground::anthropic::{Gate, Reply, Step};
use playground::telegram::{PaymentFailure, PaymentState, Person};

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, BOUND, Bot};

const UNKNOWN: &str = "This invoice is not valid. Please make a new one with /pay.";
const PAYMENTS: &str = "SELECT count(*) FROM payments";

#[tokio::test]
async fn forged_buttons_do_nothing() {
    let bot = Bot::of_olga([]).await;
    let said = bot.ann("/pay");
    let packages = bot.reply_to(said.update_id).await;
    for data in ["buy:7", "buy:-1", "buy:custom2", "buy:2500", "buy:", "topup:42", "x"] {
        assert_eq!(bot.tap(ANN, ANN, packages.id, data).await, None, "{data}");
    }
    let answer = bot.tap(ANN, ANN, packages.id, "stop:1").await;
    assert_eq!(answer.as_deref(), Some("This answer is over, or it belongs to somebody else."));
    bot.tell("/balance").await;
    assert!(bot.invoices(ANN).is_empty());
    assert_eq!(bot.database.count("SELECT count(*) FROM invoices").await, 0);
    assert_eq!(bot.database.count("SELECT count(*) FROM dialogs").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn what_is_not_the_invoice_is_declined() {
    let bot = Bot::of_olga([]).await;
    bot.invoice(ANN, 100).await;
    let payload = bot.newest_payload().await;
    for (user, currency, amount, payload, words) in [
        (ANN, "XTR", 100, "topup_42_1795000000_100", UNKNOWN),
        (ANN, "XTR", 1, payload.as_str(), UNKNOWN),
        (ANN, "XTR", 2_500, payload.as_str(), UNKNOWN),
        (ANN, "USD", 100, payload.as_str(), UNKNOWN),
        (
            BOB,
            "XTR",
            100,
            payload.as_str(),
            "This invoice was made for somebody else. Please make your own with /pay.",
        ),
    ] {
        let attempt = bot.telegram.forge_pre_checkout(user, currency, amount, payload);
        assert_eq!(bot.refusal(&attempt).await, words, "{user} {currency} {amount}");
    }
    bot.log("a payment was refused before it was made").await;
    assert_eq!(bot.database.count(PAYMENTS).await, 0);
    assert_eq!((bot.telegram.stars(ANN), bot.telegram.stars(BOB)), (5_000, 5_000));
    bot.end().await;
}

#[tokio::test]
async fn an_old_invoice_is_not_sold_any_more() {
    let bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 100).await;
    bot.sql("UPDATE invoices SET created_at = now() - interval '25 hours', expires_at = now() - interval '1 hour'")
        .await;
    let attempt = bot.telegram.pay(ANN, ANN, invoice.id);
    assert_eq!(bot.refusal(&attempt).await, "This invoice is too old. Please make a new one with /pay.");
    assert_eq!(bot.has(ANN).await, "0.1");
    bot.end().await;
}

#[tokio::test]
async fn a_double_tap_pays_once_and_what_telegram_takes_twice_is_credited_twice() {
    let bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 100).await;
    bot.pay(ANN, ANN, &invoice).await;
    let second = bot.telegram.pay(ANN, ANN, invoice.id);
    assert_eq!(bot.refusal(&second).await, "This invoice is paid already. Please make a new one with /pay.");
    assert_eq!(bot.telegram.stars(ANN), 4_900);
    // Both pre-checkout queries come before either payment.
    let invoice = bot.invoice(ANN, 50).await;
    let hold = bot.telegram.hold("answerPreCheckoutQuery");
    let taps = [bot.telegram.pay(ANN, ANN, invoice.id), bot.telegram.pay(ANN, ANN, invoice.id)];
    tokio::time::timeout(BOUND, hold.waiting_for(2)).await.expect("both are answered");
    hold.release();
    for tap in &taps {
        let PaymentState::Paid(receipt) = bot.outcome(tap).await else { panic!("not paid") };
        bot.message_of(&format!("receipt:{}", receipt.charge_id)).await;
    }
    assert_eq!(bot.telegram.stars(ANN), 4_800);
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "payment 0.65", "payment 0.325", "payment 0.325"]);
    bot.end().await;
}

#[tokio::test]
async fn who_is_banned_buys_nothing_and_is_answered_nothing() {
    let bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 100).await;
    bot.sql("UPDATE users SET banned_at = now() WHERE id = 42").await;
    let attempt = bot.telegram.pay(ANN, ANN, invoice.id);
    assert_eq!(bot.refusal(&attempt).await, "Payments are closed for this account.");
    let answer = bot.ask("hello").await;
    assert!(answer.starts_with("The operator of this bot has closed your account."), "{answer}");
    assert!(bot.model.requests().is_empty());
    assert_eq!((bot.has(ANN).await.as_str(), bot.telegram.stars(ANN)), ("0.1", 5_000));
    bot.end().await;
}

#[tokio::test]
async fn an_invoice_keeps_its_promise_when_the_margin_changes() {
    let bot = Bot::of_olga([]).await;
    let old = bot.invoice(ANN, 100).await;
    let answer = bot.command_of(OLGA, "/set_margin 0.1").await;
    assert!(answer.starts_with("✅ k3 is now 0.1 (it was 0)."), "{answer}");
    bot.pay(ANN, ANN, &old).await;
    assert_eq!(bot.has(ANN).await, "0.75", "what the invoice has promised");
    let new = bot.invoice(ANN, 100).await;
    assert!(new.raw["invoice"]["description"].as_str().unwrap().contains("$0.52"));
    bot.pay(ANN, ANN, &new).await;
    assert_eq!(bot.has(ANN).await, "1.27");
    bot.end().await;
}

#[tokio::test]
async fn a_payment_while_the_bot_is_down_is_credited_at_the_next_start() {
    let mut bot = Bot::of_olga([]).await;
    bot.invoice(ANN, 100).await;
    let told = bot.newest_payload().await;
    bot.invoice(ANN, 50).await;
    let unheard = bot.newest_payload().await;
    bot.kill().await;
    // An update reports the first payment; only Telegram's list reports the second.
    for attempt in [bot.telegram.pay_unasked(ANN, 100, &told), bot.telegram.pay_unheard(ANN, 50, &unheard)] {
        assert!(attempt.receipt().is_some(), "{attempt:?}");
    }
    bot.run().await;
    bot.hears(ANN, "Received 100 ⭐ and added $0.65.").await;
    bot.hears(ANN, "Received 50 ⭐ and added $0.325.").await;
    assert_eq!(bot.has(ANN).await, "1.075");
    assert_eq!(bot.database.count("SELECT count(*) FROM payments WHERE invoice_id IS NOT NULL").await, 2);
    // The reconciliation of the next start finds nothing new.
    bot.database.until("SELECT count(*) FROM reconciliations", 2).await;
    bot.kill().await;
    bot.run().await;
    bot.database.until("SELECT count(*) FROM reconciliations", 3).await;
    assert_eq!(bot.database.count(PAYMENTS).await, 2);
    bot.end().await;
}

#[tokio::test]
async fn a_payment_that_only_the_list_tells_of_is_receipted_in_the_payers_language() {
    let mut bot = Bot::of_olga([]).await;
    let anna = person(ANN, "Анна", "ann", "ru");
    bot.telegram.add_user(anna.clone());
    bot.invoice(ANN, 50).await;
    let payload = bot.newest_payload().await;
    bot.kill().await;
    // The list does not contain the language of the person's app.
    bot.telegram.add_user(Person { language_code: None, ..anna });
    bot.telegram.pay_unheard(ANN, 50, &payload);
    bot.run().await;
    bot.hears(ANN, "Получено 50 ⭐").await;
    bot.end().await;
}

#[tokio::test]
async fn a_payment_by_somebody_whom_the_bot_has_never_seen() {
    let mut bot = Bot::of_olga([]).await;
    bot.expect_error("a payment belongs to no invoice");
    let (carl, dora) = (77, 78);
    bot.telegram.set_stars(carl, 100);
    bot.telegram.set_stars(dora, 100);
    // An invoice of another database, such as one of the predecessor: the Stars are ours, so they are
    // credited.
    let paid = bot.telegram.pay_unasked(carl, 100, "topup_77_1795000000_100");
    let charge = paid.receipt().unwrap().charge_id.clone();
    let receipt = bot.message_of(&format!("receipt:{charge}")).await;
    assert!(receipt.text.contains("added $0.65. Your balance is now $0.75."), "{}", receipt.text);
    assert_eq!(bot.operations(carl).await, ["starter 0.1", "payment 0.65"]);
    // Another user's invoice promises nothing to her and remains valid for its owner.
    let anns = bot.invoice(ANN, 100).await;
    bot.command_of(OLGA, "/set_margin 0.1").await;
    let paid = bot.telegram.pay_unasked(dora, 100, &bot.newest_payload().await);
    bot.message_of(&format!("receipt:{}", paid.receipt().unwrap().charge_id)).await;
    assert_eq!(bot.operations(dora).await, ["starter 0.1", "payment 0.52"]);
    bot.pay(ANN, ANN, &anns).await;
    assert_eq!(bot.has(ANN).await, "0.75");
    bot.end().await;
}

#[tokio::test]
async fn an_update_that_comes_twice_is_credited_once() {
    let bot = Bot::of_olga([]).await;
    let receipt = bot.buy(ANN, 100).await;
    assert!(bot.telegram.redeliver(receipt.update_id));
    bot.tell("/balance").await;
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "payment 0.65"]);
    assert_eq!(bot.answers(ANN).iter().filter(|text| text.contains("Received")).count(), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_lost_answer_of_the_database_neither_doubles_a_credit_nor_hides_its_receipt() {
    let bot = Bot::of_olga([]).await;
    bot.invoice(ANN, 100).await;
    let payload = bot.newest_payload().await;
    bot.proxy.swallow_answer_to("COMMIT");
    let paid = bot.telegram.pay_unasked(ANN, 100, &payload);
    bot.proxy.swallowed().await;
    bot.message_of(&format!("receipt:{}", paid.receipt().unwrap().charge_id)).await;
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "payment 0.65"]);
    bot.end().await;
}

#[tokio::test]
async fn nothing_is_taken_while_the_database_is_away() {
    let bot = Bot::in_a_hurry(Duration::from_secs(1)).await;
    let invoice = bot.invoice(ANN, 100).await;
    bot.proxy.cut();
    let attempt = bot.telegram.pay(ANN, ANN, invoice.id);
    assert_eq!(bot.outcome(&attempt).await, PaymentState::Failed(PaymentFailure::TimedOut));
    bot.proxy.mend();
    bot.log("Telegram does not take the answer to a payment").await;
    assert_eq!(bot.telegram.stars(ANN), 5_000);
    assert_eq!(bot.database.count(PAYMENTS).await, 0);
    bot.end().await;
}

#[tokio::test]
async fn an_invoice_that_cannot_be_looked_up_in_time_is_declined() {
    let bot = Bot::in_a_hurry(BOUND).await;
    let invoice = bot.invoice(ANN, 100).await;
    let mut lock = bot.books().begin().await.unwrap();
    sqlx::query("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let attempt = bot.telegram.pay(ANN, ANN, invoice.id);
    let words = bot.refusal(&attempt).await;
    assert!(words.starts_with("I could not check the invoice in time. Nothing was paid"), "{words}");
    lock.rollback().await.unwrap();
    bot.pay(ANN, ANN, &invoice).await;
    assert_eq!(bot.has(ANN).await, "0.75");
    bot.end().await;
}

#[tokio::test]
async fn stars_that_are_taken_while_the_database_goes_away_are_credited() {
    let bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 100).await;
    let hold = bot.telegram.hold("answerPreCheckoutQuery");
    let attempt = bot.telegram.pay(ANN, ANN, invoice.id);
    tokio::time::timeout(BOUND, hold.waiting()).await.expect("the bot agrees");
    bot.proxy.cut();
    hold.release();
    let PaymentState::Paid(receipt) = bot.outcome(&attempt).await else { panic!("not paid") };
    bot.log("the database is away, waiting").await;
    bot.proxy.mend();
    bot.message_of(&format!("receipt:{}", receipt.charge_id)).await;
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "payment 0.65"]);
    bot.end().await;
}

#[tokio::test]
async fn a_payment_and_the_charge_of_a_running_turn_both_stand() {
    let bot = Bot::of_olga([]).await;
    let invoice = bot.invoice(ANN, 100).await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("The first half.".to_owned()),
        Step::Gate(gate),
        Step::Text(" The second half.".to_owned()),
    ]));
    bot.ann("tell me");
    bot.request(1).await;
    bot.pay(ANN, ANN, &invoice).await;
    assert_eq!(bot.has(ANN).await, "0.75");
    keeper.open();
    bot.hears(ANN, "The first half. The second half.").await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let kept: bool = sqlx::query_scalar(
        "SELECT balance = 0.75 - (SELECT sum(cost) FROM model_calls) AND balance < 0.75 FROM users WHERE id = 42",
    )
    .fetch_one(bot.books())
    .await
    .unwrap();
    assert!(kept, "{:?}", bot.operations(ANN).await);
    bot.end().await;
}
