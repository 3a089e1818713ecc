//! `/user`: an account is shown, closed and opened again.

use playground::anthropic::{ApiError, Reply};
use playground::telegram::NewFile;

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, Bot};

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
