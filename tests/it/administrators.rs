//! Commands of administrators in the chat: corrections of balances and the margin. Nobody else may use them.

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, Bot};

const USAGE: &str = "/topup <user id or @name> <amount>";
const HISTORY: &str = "SELECT count(*) FROM settings WHERE name = 'margin' AND changed_by = 44";

#[tokio::test]
async fn a_balance_is_corrected_by_id_and_by_name() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/start").await;
    let answer = bot.command_of(OLGA, "/topup 42 5").await;
    assert_eq!(answer, "✅ User 42: +$5.00. Balance before: $0.10, now: $5.10.");
    let answer = bot.command_of(OLGA, "/topup @Ann -0.25").await;
    assert_eq!(answer, "✅ User 42: -$0.25. Balance before: $5.10, now: $4.85.");
    bot.command_of(OLGA, "/topup @ANN +0.000000001").await;
    assert_eq!(bot.has(ANN).await, "4.850000001");
    let answer = bot.command_of(OLGA, "/topup 42 -10").await;
    assert_eq!(answer, "✅ User 42: -$10.00. Balance before: $4.85, now: -$5.15.");
    let statement = bot.tell("/balance").await;
    assert!(statement.contains("-$10.00 · correction by the operator"), "{statement}");
    let booked = bot.database.count("SELECT count(*) FROM balance_operations WHERE actor_id = 44").await;
    assert_eq!(booked, 4);
    bot.end().await;
}

#[tokio::test]
async fn what_is_no_amount_changes_nothing() {
    let bot = Bot::of_olga([("PRIVILEGED_USERS", "42,43,44")]).await;
    bot.tell("/start").await;
    // Three administrators, because a chat accepts only a limited number of messages at once.
    let senders = [(OLGA, OLGA), (BOB, BOB), (ANN, ANN)];
    let wrong = [
        "/topup 42 NaN",
        "/topup 42 inf",
        "/topup 42 Infinity",
        "/topup 42 1e30",
        "/topup 42 -0",
        "/topup 42 0",
        "/topup 42 1,5",
        "/topup 42 123456789012",
        "/topup 42 0.0000000001",
        "/topup 42",
        "/topup",
        "/topup ann 5",
        "/topup 42 5 6",
        "/topup 42 $5",
    ];
    for (command, (chat, from)) in wrong.iter().zip(senders.iter().cycle()) {
        let said = bot.telegram.say(*chat, *from, command);
        let answer = bot.reply_to(said.update_id).await.text;
        assert!(answer.starts_with(USAGE), "{command}: {answer}");
    }
    assert_eq!(bot.operations(ANN).await, ["starter 0.1"]);
    assert_eq!(
        bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'adjustment'").await,
        0
    );
    bot.end().await;
}

#[tokio::test]
async fn a_balance_stays_within_what_the_books_hold() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/start").await;
    bot.sql(
        "WITH paid AS (UPDATE users SET balance = 9999999999.5, last_operation = 2 WHERE id = 42)
         INSERT INTO balance_operations (user_id, seq, kind, amount, balance_before, balance_after, key, actor_id, subject)
         VALUES (42, 2, 'adjustment', 9999999999.4, 0.1, 9999999999.5, 'much', 44, '')",
    )
    .await;
    let answer = bot.command_of(OLGA, "/topup 42 1").await;
    assert_eq!(answer, "The balance would become too large. Nothing was changed.");
    assert_eq!(bot.has(ANN).await, "9999999999.5");
    bot.end().await;
}

#[tokio::test]
async fn nobody_is_corrected_by_mistake() {
    let bot = Bot::of_olga([]).await;
    let unknown = "I have never seen this user.";
    assert!(bot.command_of(OLGA, "/topup 42 5").await.starts_with(unknown), "Ann has never written");
    assert!(bot.command_of(OLGA, "/topup @ann 5").await.starts_with(unknown));
    bot.tell("/start").await;
    bot.command_of(BOB, "/start").await;
    // Bob takes Ann's name after she has given it up; only he has written since.
    bot.telegram.add_user(person(BOB, "Bob", "ann", "en"));
    bot.command_of(BOB, "/balance").await;
    let answer = bot.command_of(OLGA, "/topup @ann 5").await;
    assert_eq!(answer, "Several users were last seen with this name: 42, 43. Please use the id.");
    assert_eq!(
        bot.database.count("SELECT count(*) FROM balance_operations WHERE kind = 'adjustment'").await,
        0
    );
    bot.end().await;
}

#[tokio::test]
async fn two_people_swap_their_names_and_both_go_on() {
    let bot = Bot::of_olga([]).await;
    bot.ask("I am Ann").await;
    bot.ask_in(BOB, BOB, "I am Bob").await;
    bot.telegram.add_user(person(ANN, "Ann", "bob", "en"));
    bot.telegram.add_user(person(BOB, "Bob", "ann", "en"));
    assert_eq!(bot.ask("still Ann").await, "You said: still Ann");
    assert_eq!(bot.ask_in(BOB, BOB, "still Bob").await, "You said: still Bob");
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let (ann, bob) = (bot.has(ANN).await, bot.has(BOB).await);
    bot.command_of(OLGA, "/topup @ann 5").await;
    assert_eq!(bot.has(ANN).await, ann);
    assert_ne!(bot.has(BOB).await, bob, "the name is Bob's now");
    bot.buy(ANN, 10).await;
    bot.end().await;
}

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

#[tokio::test]
async fn a_command_that_comes_twice_counts_once() {
    let bot = Bot::of_olga([]).await;
    bot.tell("/start").await;
    let said = bot.telegram.say(OLGA, OLGA, "/topup 42 5");
    bot.reply_to(said.update_id).await;
    assert!(bot.telegram.redeliver(said.update_id));
    bot.command_of(OLGA, "/balance").await;
    // The database's response is lost: the statement is executed again, booked once, answered once.
    bot.proxy.swallow_answer_to("COMMIT");
    bot.command_of(OLGA, "/topup 42 1").await;
    assert_eq!(bot.operations(ANN).await, ["starter 0.1", "adjustment 5", "adjustment 1"]);
    assert_eq!(bot.answers(OLGA).len(), 3, "{}", bot.screen(OLGA));
    bot.end().await;
}

#[tokio::test]
async fn the_margin_is_shown_set_and_kept() {
    let mut bot = Bot::of_olga([]).await;
    let shown = bot.command_of(OLGA, "/set_margin").await;
    assert!(shown.contains("0.35 goes to withdrawal (k1), 0.15 to topics (k2) and 0 to you (k3)"), "{shown}");
    for wrong in ["0.5", "-1", "NaN", "1e-1", "0,1"] {
        let answer = bot.command_of(OLGA, &format!("/set_margin {wrong}")).await;
        assert!(answer.starts_with("The margin is a number from 0 to 0.49"), "{wrong}: {answer}");
    }
    assert_eq!(bot.database.count(HISTORY).await, 0);
    let set = bot.command_of(OLGA, "/set_margin 0.1").await;
    assert!(set.starts_with("✅ k3 is now 0.1 (it was 0)."), "{set}");
    bot.command_of(OLGA, "/set_margin 0.1").await;
    assert_eq!(bot.database.count(HISTORY).await, 1, "what changes nothing is no history");
    bot.command_of(OLGA, "/set_margin 0.49").await;
    assert_eq!(bot.database.count(HISTORY).await, 2);
    bot.kill().await;
    bot.run().await;
    assert!(bot.command_of(OLGA, "/set_margin").await.contains("and 0.49 to you (k3)"));
    let invoice = bot.invoice(ANN, 100).await;
    assert!(invoice.raw["invoice"]["description"].as_str().unwrap().contains("$0.013"));
    bot.pay(ANN, ANN, &invoice).await;
    assert_eq!(bot.has(ANN).await, "0.113");
    bot.end().await;
}
