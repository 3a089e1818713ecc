//! An announcement that is interrupted while it is sent: by a stop, lost answers, crashes, or another instance.

use std::collections::BTreeMap;

use playground::telegram::{CallOutcome, Fault, NewFile};

use super::{ASK, ENDED, approve, bot_of_three, button, copies, prepare, report, summary};
use crate::harness::money::OLGA;
use crate::harness::{ANN, BOB, BOUND, Bot};

const RUNS: &str = "SELECT count(*) FROM announcements WHERE state = 'sending'";

/// Returns how many recipients are in each state.
async fn states(bot: &Bot) -> BTreeMap<String, i64> {
    let query = "SELECT state, count(*) FROM announcement_recipients GROUP BY state";
    let rows: Vec<(String, i64)> = sqlx::query_as(query).fetch_all(bot.books()).await.unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn a_request_of_unknown_fate_is_not_repeated_and_one_that_was_not_sent_is() {
    let bot = bot_of_three().await;
    for fault in [Fault::DropAfter, Fault::Status(502)] {
        let offer = prepare(&bot, "/announce 42", || bot.telegram.say(OLGA, OLGA, "news")).await;
        bot.telegram.fail_next("copyMessage", 1, fault);
        let before = bot.database.count(ENDED).await;
        approve(&bot, &offer).await;
        let told = summary(&bot, before + 1).await;
        assert!(
            told.ends_with("• may have got it: 1 (Telegram did not answer, and nobody gets it twice)"),
            "{told}"
        );
    }
    assert_eq!(copies(&bot, ANN).len(), 1, "only the first had arrived");
    let offer = prepare(&bot, "/announce 42", || bot.telegram.say(OLGA, OLGA, "news")).await;
    bot.telegram.fail_next("copyMessage", 1, Fault::Flood { retry_after_s: 1 });
    approve(&bot, &offer).await;
    assert_eq!(summary(&bot, 3).await, "✅ The announcement has been sent.\n• received: 1");
    let calls: Vec<_> = bot.telegram.view(|view| {
        view.calls_of("copyMessage").filter(|call| call.chat == Some(ANN)).map(|call| call.at).collect()
    });
    assert!(calls[3] - calls[2] >= std::time::Duration::from_secs(1), "the flood wait is obeyed");
    assert_eq!(copies(&bot, ANN).len(), 2);
    // A refusal of the message itself is told with Telegram's words.
    bot.telegram.forbid_voice(ANN);
    let offer = prepare(&bot, "/announce 42", || bot.telegram.send(OLGA, OLGA, NewFile::voice(1))).await;
    approve(&bot, &offer).await;
    assert!(summary(&bot, 4).await.ends_with("• could not get it: 1"));
    assert_eq!(report(&bot), ["42,@ann,refused,refused with 400: Bad Request: VOICE_MESSAGES_FORBIDDEN"]);
    bot.end().await;
}

/// Adds people who have written before, with ids from 1,001 on.
async fn people(bot: &Bot, count: i64) {
    bot.sql(&format!(
        "INSERT INTO users (id, first_name) SELECT id, 'Somebody' FROM generate_series(1001, {}) AS id",
        1_000 + count
    ))
    .await;
    for id in 1_001..=1_000 + count {
        bot.telegram.open_chat(id);
    }
}

#[tokio::test]
async fn a_stopped_announcement_reaches_nobody_else_and_only_one_runs() {
    let bot = bot_of_three().await;
    people(&bot, 20).await;
    let other = prepare(&bot, "/announce 42", || bot.telegram.say(OLGA, OLGA, "other")).await;
    bot.sql("UPDATE announcements SET admin_id = 43 WHERE id = 1").await;
    let offer = prepare(&bot, "/announce", || bot.telegram.say(OLGA, OLGA, "news")).await;
    bot.sql("UPDATE announcements SET admin_id = 44 WHERE id = 1").await;
    let hold = bot.telegram.hold("copyMessage");
    approve(&bot, &offer).await;
    tokio::time::timeout(BOUND, hold.waiting_for(4)).await.unwrap();
    let busy = approve(&bot, &other).await.unwrap();
    assert!(busy.starts_with("Another announcement is being sent."), "{busy}");
    let said = bot.telegram.say(OLGA, OLGA, "/announce");
    let shown = bot.reply_to(said.update_id).await;
    assert_eq!(shown.text, "📣 An announcement is being sent: 0 of 23.");
    let (label, stop) = button(&shown, 0);
    assert_eq!(label, "⏹ Stop");
    let told = bot.tap(OLGA, OLGA, shown.id, &stop).await;
    assert_eq!(told.as_deref(), Some("It stops; you will get the report in a moment."));
    let stopped = bot.telegram.until("the second card without its button", BOUND, |view| {
        let card = view.answers(OLGA).find(|message| message.id == shown.id)?;
        (card.text == "⏹ The announcement was stopped." && card.reply_markup.is_none()).then_some(())
    });
    stopped.await.unwrap();
    hold.release();
    let told = summary(&bot, 1).await;
    assert_eq!(told, "⏹ The announcement was stopped.\n• received: 4\n• not reached before the stop: 19");
    assert_eq!(bot.tap(OLGA, OLGA, shown.id, &stop).await.as_deref(), Some("This was decided before."));
    approve(&bot, &other).await;
    assert_eq!(summary(&bot, 2).await, "✅ The announcement has been sent.\n• received: 1");
    bot.end().await;
}

#[tokio::test]
async fn an_announcement_whose_content_is_deleted_stops() {
    let bot = bot_of_three().await;
    let mut content = 0;
    let offer = prepare(&bot, "/announce", || {
        let said = bot.telegram.say(OLGA, OLGA, "news");
        content = said.message_id;
        said
    })
    .await;
    let gone = Fault::Error { code: 400, description: "Bad Request: message to copy not found".to_owned() };
    bot.telegram.fail_next("copyMessage", 3, gone);
    approve(&bot, &offer).await;
    let told = summary(&bot, 1).await;
    let ends = "was deleted.\n• not reached before the stop: 3";
    assert!(told.starts_with("⚠️ The announcement was stopped:") && told.ends_with(ends), "{told}");
    bot.end().await;
}

/// Asserts that the table says of everybody what the chats show: nobody has got it twice, and whoever is said to
/// have got it has.
async fn assert_told_truly(bot: &Bot) {
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT user_id, state FROM announcement_recipients")
        .fetch_all(bot.books())
        .await
        .unwrap();
    let mut arrived: BTreeMap<i64, usize> = BTreeMap::new();
    bot.telegram.view(|view| {
        let copied = view.calls_of("copyMessage").filter(|call| call.answer == CallOutcome::Ok);
        for call in copied.skip(1) {
            *arrived.entry(call.chat.unwrap()).or_default() += 1;
        }
    });
    for (user, state) in rows {
        let times = arrived.get(&user).copied().unwrap_or_default();
        let expected = match state.as_str() {
            "sent" => times == 1,
            "unknown" => times <= 1,
            _ => times == 0,
        };
        assert!(expected, "{user} is {state} and got it {times} times");
    }
}

#[tokio::test]
async fn a_thousand_people_get_it_once_however_often_the_bot_is_killed() {
    const PEOPLE: i64 = 1_000;
    let mut bot = Bot::under_limits_of_olga().await;
    bot.command_of(OLGA, "/start").await;
    people(&bot, PEOPLE).await;
    let offer = prepare(&bot, "/announce", || bot.telegram.say(OLGA, OLGA, "news")).await;
    approve(&bot, &offer).await;
    for reached in [300, 700] {
        let sent = bot.telegram.until("a part of the announcement", BOUND * 2, |view| {
            (view.calls_of("copyMessage").count() >= reached).then_some(())
        });
        sent.await.unwrap();
        bot.kill().await;
        bot.run().await;
    }
    let told = summary(&bot, 1).await;
    assert!(told.starts_with("✅ The announcement has been sent."), "{told}");
    assert_told_truly(&bot).await;
    let states = states(&bot).await;
    let unknown = states.get("unknown").copied().unwrap_or_default();
    assert!(unknown <= 8, "of each kill at most the requests on their way: {states:?}");
    assert_eq!(states["sent"] + unknown, PEOPLE + 1, "{states:?}");
    let lines = report(&bot);
    assert_eq!(i64::try_from(lines.len()).unwrap(), PEOPLE + 1);
    // The limits: `end` fails on calls during a penalty, and none was imposed.
    let floods = bot.telegram.view(|view| {
        let refused =
            |call: &&playground::telegram::Call| matches!(call.answer, CallOutcome::Error { code: 429, .. });
        view.calls().iter().filter(refused).count()
    });
    assert_eq!(floods, 0);
    bot.end().await;
}

#[tokio::test]
async fn killed_at_every_step_nothing_is_lost_and_nothing_comes_twice() {
    for (point, unknown) in [
        ("announce: shown", 0),
        ("announce: marked", 1),
        ("announce: sent", 1),
        ("announce: before the end", 0),
    ] {
        let mut bot = Bot::of_olga([("KILL_AT", point)]).await;
        for user in [ANN, OLGA] {
            bot.command_of(user, "/start").await;
        }
        assert!(bot.command_of(OLGA, "/announce 42").await.starts_with(ASK));
        let said = bot.telegram.say(OLGA, OLGA, "news");
        if point == "announce: shown" {
            tokio::time::timeout(BOUND, bot.died()).await.unwrap();
            bot.set("KILL_AT", "");
            bot.run().await;
        }
        let offer = bot.reply_to(said.update_id).await;
        bot.telegram.press(OLGA, OLGA, offer.id, &button(&offer, 0).1);
        if point != "announce: shown" {
            tokio::time::timeout(BOUND, bot.died()).await.unwrap();
            bot.set("KILL_AT", "");
            bot.run().await;
        }
        let told = summary(&bot, 1).await;
        let expected = if unknown > 0 { "• may have got it: 1" } else { "• received: 1" };
        assert!(told.contains(expected), "{point}: {told}");
        let arrived = usize::from(point != "announce: marked");
        assert_eq!(copies(&bot, ANN).len(), arrived, "{point}: {}", bot.screen(ANN));
        assert_eq!(bot.telegram.sent_media(OLGA).len(), 1, "{point}: one report");
        let ends = bot.answers(OLGA).iter().filter(|text| text.starts_with("✅ The announcement")).count();
        assert_eq!(ends, 1, "{point}: {}", bot.screen(OLGA));
        bot.end().await;
    }
}

#[tokio::test]
async fn what_another_instance_sends_is_left_alone_until_its_lease_ends() {
    let bot = bot_of_three().await;
    let offer = prepare(&bot, "/announce 42 43", || bot.telegram.say(OLGA, OLGA, "news")).await;
    // Another instance has begun to send it to Ann, and is gone.
    bot.sql(
        "UPDATE announcements SET state = 'sending', begun_at = now(), lease = 7, leased_until = now() + interval '3 seconds';
         INSERT INTO announcement_recipients (announcement_id, user_id, state, lease)
         VALUES (1, 42, 'begun', 7), (1, 43, 'waiting', NULL);",
    )
    .await;
    assert_eq!(approve(&bot, &offer).await.as_deref(), Some("This was decided before."));
    assert_eq!(bot.database.count(RUNS).await, 1);
    let told = summary(&bot, 1).await;
    assert!(told.contains("• received: 1\n• may have got it: 1"), "{told}");
    assert!(copies(&bot, ANN).is_empty(), "nobody knows whether the other instance had sent it");
    assert_eq!(copies(&bot, BOB).len(), 1);
    bot.end().await;
}
