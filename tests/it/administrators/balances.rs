//! `/topup`: a balance is corrected by exactly what was said, once, and of nobody by mistake.

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, Bot};

const USAGE: &str = "/topup <user id or @name> <amount>";
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
