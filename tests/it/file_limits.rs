//! Files that are not fetched, or not for all senders at once: whose, how many, and what the bot says
//! instead.

use playground::telegram::{Attachment, Fault, NewFile};

use crate::harness::{ANN, BOB, Bot, GROUP, conversation};

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}."))
}

#[tokio::test]
async fn a_file_is_no_amount_even_while_one_is_asked_for() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    bot.sql(
        "INSERT INTO dialogs (chat_id, user_id, kind, expires_at)
         VALUES (42, 42, 'custom_amount', now() + interval '5 minutes')",
    )
    .await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("50"));
    assert!(bot.answer(ANN, 2).await.contains("You sent a text"), "{}", bot.screen(ANN));
    bot.end().await;
}

#[tokio::test]
async fn a_chat_under_a_long_penalty_keeps_nobody_else_waiting() {
    let mut bot = Bot::start().await;
    bot.telegram.fail_next("getFile", 1, Fault::Flood { retry_after_s: 600 });
    for number in 1..=10 {
        let file = note(&format!("{number}.txt")).captioned("@starling_bot read this");
        bot.telegram.send(GROUP, ANN, file);
        if number == 1 {
            // The turn does not wait for the file: the text is answered without it.
            let asked = conversation(&bot.request(1).await);
            assert!(asked[0].contains("[document \"1.txt\""), "{asked:?}");
        }
    }
    bot.telegram.send(BOB, BOB, note("b.txt"));
    assert!(bot.answer(BOB, 1).await.contains("You sent a text"), "{}", bot.screen(BOB));
    assert_eq!(bot.telegram.view(|view| view.downloads().len()), 1);
    bot.kill().await;
}

#[tokio::test]
async fn two_files_of_one_person_are_fetched_at_once_and_then_the_others() {
    let bot = Bot::start().await;
    let hold = bot.telegram.hold("download");
    let parts: Vec<String> = (1..=6).map(|number| format!("part {number}.txt")).collect();
    bot.telegram.send_album(ANN, ANN, None, parts.iter().map(|name| note(name)).collect());
    hold.waiting_for(2).await;
    bot.telegram.send(BOB, BOB, note("b.txt"));
    hold.waiting_for(3).await;
    let asked =
        bot.telegram.calls().iter().filter(|call| call.method.eq_ignore_ascii_case("getFile")).count();
    assert_eq!(asked, 3, "Ann has two places and waits for them, Bob does not wait");
    hold.release();
    bot.answer(ANN, 1).await;
    bot.answer(BOB, 1).await;
    bot.end().await;
}

#[tokio::test]
async fn a_message_that_waits_long_for_its_file_is_not_given_up_meanwhile() {
    let mut bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    bot.expect_error("cannot be read");
    let hold = bot.telegram.hold("download");
    let said = bot.telegram.send(ANN, ANN, note("a.txt").captioned("What does it say?"));
    hold.waiting().await;
    bot.telegram.edit(ANN, said.message_id, "And what not?").unwrap();
    // Each of these is marked as handled by one pass of the sweep; an update ends after ten failed passes.
    for number in 1..=12 {
        bot.sql(&format!(
            "INSERT INTO inbox (update_id, kind, payload, received_at)
             VALUES ({number}, 'message', '{{}}', now() - interval '1 hour')"
        ))
        .await;
        bot.database
            .until("SELECT count(*) FROM inbox WHERE handled_at IS NULL AND payload::text = '{}'", 0)
            .await;
    }
    assert_eq!(
        bot.database
            .count("SELECT coalesce(sum(tries), 0)::bigint FROM inbox WHERE payload::text <> '{}'")
            .await,
        0
    );
    hold.release();
    assert!(bot.answer(ANN, 1).await.contains("You sent a text"), "{}", bot.screen(ANN));
    assert_eq!(conversation(&bot.request(1).await), ["user: And what not?"]);
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(bot.answers(ANN).len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn an_album_that_cannot_be_read_is_one_prompt_with_words_and_one_refusal_without() {
    let bot = Bot::start().await;
    let video = |number: u8| {
        NewFile::new(Attachment::Video, &format!("{number}.mp4"), "video/mp4", vec![number; 300])
    };
    let album = (1..=5).map(video).collect();
    bot.telegram.send_album(ANN, ANN, None, album);
    assert!(bot.answer(ANN, 1).await.contains("I cannot read this"), "{}", bot.screen(ANN));
    let album = (6..=9)
        .map(|number| if number == 6 { video(number).captioned("My holidays") } else { video(number) });
    bot.telegram.send_album(ANN, ANN, None, album.collect());
    bot.answer(ANN, 2).await;
    let asked = conversation(&bot.request(1).await).join(" ");
    assert!(asked.contains("My holidays"), "{asked}");
    for number in 6..=9 {
        assert!(asked.contains(&format!("{number}.mp4")), "{asked}");
    }
    assert_eq!(bot.ask("and?").await, "You said: and?");
    assert_eq!(bot.answers(ANN).len(), 3);
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.end().await;
}

#[tokio::test]
async fn nothing_is_fetched_for_whoever_cannot_pay_or_is_banned() {
    let bot = Bot::with([("STARTER_BALANCE_USD", "0"), ("PRIVILEGED_USERS", "43")]).await;
    assert!(bot.ask("hello").await.contains("/pay"));
    bot.telegram.send(ANN, ANN, note("a.txt"));
    assert!(bot.answer(ANN, 2).await.contains("/pay"), "{}", bot.screen(ANN));
    bot.ask_in(BOB, BOB, &format!("/topup {ANN} 1")).await;
    bot.sql(&format!("UPDATE users SET banned_at = now() WHERE id = {ANN}")).await;
    bot.telegram.send(ANN, ANN, note("b.txt").captioned("And now?"));
    bot.database.until("SELECT count(*) FROM turns WHERE detail = 'banned'", 1).await;
    assert!(bot.model.files().is_empty() && bot.telegram.view(|view| view.downloads().is_empty()));
    bot.sql(&format!("UPDATE users SET banned_at = NULL WHERE id = {ANN}")).await;
    bot.telegram.send(ANN, ANN, note("c.txt"));
    bot.request(1).await;
    assert_eq!(bot.model.files().len(), 1);
    // Bob may overdraw.
    let before = bot.answers(BOB).len();
    bot.telegram.send(BOB, BOB, note("d.txt"));
    assert!(bot.answer(BOB, before + 1).await.contains("You sent a text"));
    bot.end().await;
}

#[tokio::test]
async fn a_file_that_telegram_calls_too_big_is_not_asked_for_again() {
    let bot = Bot::start().await;
    let refused = Fault::Error { code: 400, description: "Bad Request: file is too big".to_owned() };
    bot.telegram.fail_next("getFile", 1, refused);
    bot.telegram.send(ANN, ANN, NewFile::photo(640, 480));
    let answer = bot.answer(ANN, 1).await;
    assert!(answer.contains("too large") && !answer.contains("send it again"), "{answer}");
    bot.end().await;
}
