//! Commands of administrators in the chat: corrections of balances and the margin. Nobody else may use them.

use playground::anthropic::{ApiError, Reply};
use playground::telegram::NewFile;

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

#[tokio::test]
async fn the_latest_changes_of_the_margin_are_shown() {
    let bot = Bot::of_olga([("PRIVILEGED_USERS", "43,44")]).await;
    assert!(!bot.command_of(OLGA, "/set_margin").await.contains("Latest changes"));
    for margin in ["0.1", "0.2", "0.3", "0.4", "0.41", "0.42"] {
        bot.command_of(BOB, &format!("/set_margin {margin}")).await;
    }
    let shown = bot.command_of(OLGA, "/set_margin").await;
    let (_, changes) = shown.split_once("Latest changes:").unwrap();
    let changes: Vec<&str> = changes.lines().filter(|line| !line.is_empty()).collect();
    let margins: Vec<&str> = changes.iter().map(|line| line.split(" · ").next().unwrap()).collect();
    assert_eq!(margins, ["• 0.42", "• 0.41", "• 0.4", "• 0.3", "• 0.2"], "{shown}");
    assert!(
        changes.iter().all(|line| line.contains(" · by 43 · ") && line.ends_with("\u{a0}UTC")),
        "{shown}"
    );
    bot.end().await;
}

#[tokio::test]
async fn an_account_is_shown_with_what_was_spent_and_what_failed() {
    let bot = Bot::of_olga([("STARTER_BALANCE_USD", "10")]).await;
    bot.ask("hello").await;
    let refused = ApiError {
        status: 401,
        kind: "authentication_error".to_owned(),
        message: "invalid x-api-key".to_owned(),
        retry_after: None,
        code: None,
    };
    bot.model.script(Reply::error(refused));
    assert!(bot.ask("and again").await.starts_with("⚠️ The model service does not accept my request."));
    bot.buy(ANN, 100).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    let spent: String = sqlx::query_scalar(
        "SELECT '$' || round(-sum(amount), 4) FROM balance_operations WHERE kind = 'usage'",
    )
    .fetch_one(bot.books())
    .await
    .unwrap();
    for target in ["42", "@ANN"] {
        let shown = bot.command_of(OLGA, &format!("/user {target}")).await;
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "👤 42 · Ann · @ann");
        assert!(lines[1].starts_with("First seen ") && lines[1].contains("\u{a0}UTC, last seen "), "{shown}");
        assert_eq!(lines[2], "Language: en · model: Claude Sonnet 5.5 (default)");
        assert!(lines[3].starts_with("Balance: $10.6") && lines[3].ends_with(", reserved: $0.00"), "{shown}");
        let expected =
            format!("Spent: {spent} in a day, {spent} in 7 days, {spent} in 30 days; paid 100 ⭐ in 30 days");
        assert_eq!(lines[4], expected, "{shown}");
        assert_eq!(lines[6], "Latest answers that failed:");
        assert!(lines[7].starts_with("• ") && lines[7].ends_with("\u{a0}UTC · rejected"), "{shown}");
        assert_eq!(lines.len(), 8, "{shown}");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_banned_person_gets_one_sentence_and_costs_nothing_until_unbanned() {
    let bot = Bot::of_olga([("STARTER_BALANCE_USD", "10"), ("PRIVILEGED_USERS", "43,44")]).await;
    bot.ask("hello").await;
    let banned = bot.command_of(OLGA, "/user @ann ban  sells\nour *answers*").await;
    assert!(banned.contains("\n⛔ Banned since "), "{banned}");
    assert!(banned.ends_with("\u{a0}UTC · banned by 44: sells our *answers*"), "{banned}");
    let (asked, cost) = (bot.model.requests().len(), bot.has(ANN).await);
    let closed = "The operator of this bot has closed your account. /paysupport tells how to reach them.";
    assert_eq!(bot.ask("are you there?").await, closed);
    for (number, file) in (2..).zip([NewFile::pdf("a.pdf", 2), NewFile::photo(90, 60)]) {
        bot.telegram.send(ANN, ANN, file.captioned("read this"));
        let banned = "SELECT count(*) FROM turns WHERE detail = 'banned'";
        bot.database.until(banned, number).await;
    }
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(bot.answers(ANN).iter().filter(|text| *text == closed).count(), 3, "{}", bot.screen(ANN));
    assert_eq!(
        (bot.model.requests().len(), bot.has(ANN).await),
        (asked, cost),
        "nothing was asked or charged"
    );
    assert!(bot.telegram.view(|view| view.downloads().is_empty()), "nothing was fetched");
    let again = bot.command_of(OLGA, "/user 42 ban once more").await;
    assert_eq!(again, "Nothing was changed: the account of 42 is in that state already.");
    let said = bot.telegram.say(OLGA, OLGA, "/user 42 UNBAN");
    let unbanned = bot.reply_to(said.update_id).await.text;
    assert!(!unbanned.contains('⛔') && unbanned.contains("\u{a0}UTC · unbanned by 44\n"), "{unbanned}");
    assert!(bot.telegram.redeliver(said.update_id));
    let answer = bot.ask("and now?").await;
    assert!(answer.ends_with("and now?"), "{answer}");
    assert_eq!(bot.database.count("SELECT count(*) FROM bans").await, 2);
    bot.command_of(BOB, "/start").await;
    let told = bot.command_of(OLGA, "/user 43 ban no").await;
    assert!(told.starts_with("43 is an administrator and cannot be banned."), "{told}");
    bot.end().await;
}

#[tokio::test]
async fn what_is_no_account_is_told_in_two_languages() {
    let bot = Bot::of_olga([("PRIVILEGED_USERS", "43,44")]).await;
    for user in [ANN, BOB] {
        bot.command_of(user, "/start").await;
    }
    let long = format!("/user 42 ban {}", "x".repeat(201));
    let senders = [OLGA, BOB];
    for (command, sender) in
        ["/user", "/user ann", "/user 42 bam", "/user 42 ban", "/user 42 unban now", "/user -1", &long]
            .into_iter()
            .zip(senders.into_iter().cycle())
    {
        let told = bot.command_of(sender, command).await;
        assert!(told.starts_with("/user <user id or @name> shows an account."), "{command}: {told}");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM users WHERE banned_at IS NOT NULL").await, 0);
    bot.telegram.add_user(person(BOB, "Bob", "ann", "en"));
    bot.command_of(BOB, "/balance").await;
    let told = bot.command_of(OLGA, "/user @ann").await;
    assert_eq!(told, "Several users were last seen with this name: 42, 43. Please use the id.");
    bot.telegram.add_user(person(OLGA, "Olga", "olga", "ru"));
    assert_eq!(bot.command_of(OLGA, "/user 999").await, "Такого пользователя я не видел.");
    let shown = bot.command_of(OLGA, "/user 44").await;
    assert!(shown.starts_with("👤 Пользователь 44 · Olga · @olga\nПервый раз: "), "{shown}");
    assert_eq!(bot.tell("/user 42").await, "This command is for administrators of the bot.");
    assert_eq!(bot.tell("/stats").await, "This command is for administrators of the bot.");
    bot.log("the user 42 is no administrator").await;
    bot.end().await;
}

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
