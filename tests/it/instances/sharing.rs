//! Two instances answer at once, and each update reaches either: conversations are what they are with one.

use std::time::{Duration, Instant};

use playground::telegram::{NewFile, Person};
use serde_json::json;

use super::pair::Pair;
use super::{HALVES, PEOPLE, THIRDS, half, half_is_visible};
use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};

#[tokio::test]
async fn everybody_is_answered_once_and_in_order() {
    let pair = Pair::with(&[]).await;
    for id in PEOPLE {
        pair.bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    for round in 0..3 {
        for id in PEOPLE {
            pair.bot.telegram.say(id, id, &format!("question {round} of {id}."));
        }
        for id in PEOPLE {
            pair.bot.answer(id, round + 1).await;
        }
    }
    for id in PEOPLE {
        let expected: Vec<String> =
            (0..3).map(|round| format!("You said: question {round} of {id}.")).collect();
        assert_eq!(pair.bot.answers(id), expected);
    }
    let prompts = pair.bot.model.requests();
    let last = prompts.iter().map(conversation).filter(|lines| lines.len() == 5).count();
    assert_eq!(last, PEOPLE.count(), "every prompt has all answers before it");
    pair.end().await;
}

#[tokio::test]
async fn the_parts_of_a_split_message_get_one_answer() {
    let pair = Pair::with(&[("BATCH_WINDOW_MS", "200")]).await;
    for id in [ANN, BOB] {
        // Whoever answers the chat asks for what the other one has stored.
        pair.deliver_next(id, false).await;
        pair.deliver_next(id, true).await;
        pair.bot.telegram.say(id, id, "the first half");
        pair.bot.telegram.say(id, id, "the second half");
        pair.bot.answer(id, 1).await;
    }
    let requests = pair.bot.model.requests();
    assert_eq!(requests.len(), 2);
    for request in requests {
        let lines = conversation(&request).join("|");
        let (first, second) = (lines.find("the first half").unwrap(), lines.find("the second half").unwrap());
        assert!(first < second, "{lines}");
    }
    pair.end().await;
}

#[tokio::test]
async fn a_message_that_reaches_the_other_instance_is_found_soon() {
    let pair = Pair::with(&[]).await;
    for number in 1..=5 {
        pair.deliver_next(ANN, false).await;
        let asked = Instant::now();
        pair.bot.ann(&format!("question {number}"));
        assert_eq!(pair.bot.answer(ANN, number).await, format!("You said: question {number}"));
        println!("answered after {:?}", asked.elapsed());
    }
    pair.end().await;
}

#[tokio::test]
async fn a_newer_message_cuts_the_answer_and_a_stop_ends_it() {
    let pair = Pair::with(&[]).await;
    let keeper = half(&pair.bot, "question");
    pair.bot.ann("question");
    half_is_visible(&pair.bot).await;
    pair.bot.ann("something else");
    assert!(pair.bot.answer(ANN, 1).await.starts_with("Half"));
    assert_eq!(pair.bot.answer(ANN, 2).await, "You said: something else");
    keeper.open();
    let keeper = half(&pair.bot, "a third one");
    pair.bot.ann("a third one");
    half_is_visible(&pair.bot).await;
    pair.bot.ann("/stop");
    assert!(pair.bot.answer(ANN, 3).await.starts_with("Half"));
    keeper.open();
    pair.end().await;
}

#[tokio::test]
async fn an_edit_and_an_album_reach_the_conversation() {
    let pair = Pair::with(&[]).await;
    let said = pair.bot.ann("one");
    assert_eq!(pair.bot.answer(ANN, 1).await, "You said: one");
    pair.bot.telegram.edit(ANN, said.message_id, "two").unwrap();
    pair.bot.database.until("SELECT count(*) FROM messages WHERE text = 'two'", 1).await;
    pair.bot.telegram.send_album(ANN, ANN, None, vec![NewFile::photo(9, 9), NewFile::photo(8, 8)]);
    pair.bot.answer(ANN, 2).await;
    pair.bot.database.until("SELECT count(*) FROM files", 2).await;
    let asked = conversation(pair.bot.model.requests().last().unwrap()).join("|");
    assert!(asked.contains("two") && !asked.contains("user: one"), "{asked}");
    pair.bot.telegram.say(GROUP, ANN, "@starling_bot hello");
    pair.bot.answer(GROUP, 1).await;
    pair.end().await;
}

#[tokio::test]
async fn a_message_to_a_chat_of_another_instance_is_delivered_by_that() {
    let pair = Pair::with(&[]).await;
    for id in PEOPLE {
        pair.bot.telegram.add_user(Person::new(id, "Somebody"));
        pair.bot.telegram.set_stars(id, 500);
        pair.bot.telegram.say(id, id, "/pay");
    }
    for id in PEOPLE {
        pair.bot.answer(id, 1).await;
        let menu = pair.bot.telegram.messages(id).into_iter().rfind(|message| message.from_bot).unwrap();
        pair.bot.telegram.press(id, id, menu.id, "buy:100");
    }
    let people = i64::try_from(PEOPLE.count()).unwrap();
    let invoiced = "SELECT count(*) FROM outbox WHERE invoice_id IS NOT NULL AND state = 'sent'";
    pair.bot.database.until(invoiced, people).await;
    for id in PEOPLE {
        let invoice = pair.bot.telegram.view(|view| view.invoices(id).next_back().unwrap().id);
        pair.bot.telegram.pay(id, id, invoice);
    }
    let receipts = "SELECT count(*) FROM outbox WHERE key LIKE 'receipt:%' AND state = 'sent'";
    pair.bot.database.until(receipts, people).await;
    for id in PEOPLE {
        let receipts = pair.bot.answers(id).into_iter().filter(|text| text.starts_with("✅ Received"));
        assert_eq!(receipts.count(), 1);
    }
    pair.end().await;
}

#[tokio::test]
async fn running_answers_of_an_instance_that_is_killed_are_given_by_the_other() {
    let mut pair = Pair::with(&[]).await;
    let people: Vec<i64> = PEOPLE.collect();
    for id in &people {
        pair.bot.telegram.add_user(Person::new(*id, "Somebody"));
    }
    pair.bot.model.set_pace(Duration::from_millis(20), Duration::from_millis(20));
    for id in &people {
        pair.bot.telegram.say(*id, *id, &format!("question of {id}."));
    }
    let half_open = i64::try_from(people.len() / 2).unwrap();
    pair.bot.database.until("SELECT least(count(*), 15) FROM turns", half_open).await;
    pair.bot.kill().await;
    for id in &people {
        assert_eq!(pair.bot.answer(*id, 1).await, format!("You said: question of {id}."));
    }
    pair.bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    pair.bot.run().await;
    pair.bot.database.until(HALVES, 2).await;
    for id in &people {
        assert_eq!(pair.bot.answers(*id).len(), 1, "answered once");
    }
    pair.end().await;
}

#[tokio::test]
async fn an_erasure_stops_an_answer_that_another_instance_gives() {
    /// A group in another bucket than Ann's private chat.
    const ELSEWHERE: i64 = -200;
    let pair = Pair::with(&[]).await;
    pair.bot.telegram.add_group(ELSEWHERE, "Friends", true, &[ANN, BOB]);
    let holders = "SELECT count(DISTINCT holder) FROM leases WHERE bucket IN (42 & 1023, -200 & 1023)";
    assert_eq!(pair.bot.database.count(holders).await, 2);
    let said = pair.bot.telegram.say(ANN, ANN, "/privacy");
    let privacy = pair.bot.reply_to(said.update_id).await;
    pair.bot.tap(ANN, ANN, privacy.id, "data:erase").await;
    pair.bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    let keeper = half(&pair.bot, "question");
    pair.bot.telegram.say(ELSEWHERE, ANN, "@starling_bot question");
    let begins =
        pair.bot.telegram.until("half an answer", BOUND, |view| view.answers(ELSEWHERE).next().map(drop));
    begins.await.unwrap();
    let question = pair.bot.telegram.messages(ANN).into_iter().rfind(|message| message.from_bot).unwrap();
    let button = &question.reply_markup.as_ref().unwrap()["inline_keyboard"][0][0]["callback_data"];
    pair.bot.tap(ANN, ANN, question.id, button.as_str().unwrap()).await;
    pair.bot.hears(ANN, "Everything about you is erased").await;
    assert_eq!(pair.bot.database.count("SELECT count(*) FROM turns WHERE state = 'open'").await, 0);
    keeper.open();
    pair.end().await;
}

/// Lets everybody write again and again until they have written so often. Each waits for the answer before.
async fn everybody_writes(bot: &Bot, times: usize) {
    let talks = PEOPLE.map(async |id| {
        for number in 1..=times {
            bot.telegram.say(id, id, &format!("question {number} of {id}."));
            bot.answer(id, number).await;
        }
    });
    futures::future::join_all(talks).await;
}

#[tokio::test]
async fn nothing_is_lost_while_instances_join_and_leave() {
    let mut bot = Bot::start().await;
    for id in PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    bot.model.set_pace(Duration::from_millis(5), Duration::from_millis(5));
    let second = bot.another(&[]);
    let joined = async {
        bot.database.until(HALVES, 2).await;
        let third = bot.another(&[]);
        bot.database.until(THIRDS, 3).await;
        second.terminate();
        let (code, _) = second.end().await;
        assert_eq!(code, 0, "the second one ends well");
        bot.database.until(HALVES, 2).await;
        third
    };
    let (third, ()) = tokio::join!(joined, everybody_writes(&bot, 12));
    let first = bot.follow(third).unwrap();
    first.terminate();
    assert_eq!(first.end().await.0, 0, "the first one ends well");
    for id in PEOPLE {
        let expected: Vec<String> =
            (1..=12).map(|number| format!("You said: question {number} of {id}.")).collect();
        assert_eq!(bot.answers(id), expected, "everybody is answered once, in order");
    }
    bot.end().await;
}

#[tokio::test]
async fn an_instance_of_the_former_version_is_waited_for() {
    let mut bot = Bot::start().await;
    assert_eq!(bot.ask("hello").await, "You said: hello");
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    // As if one of the former version were at work, and had stored an update before it stops.
    let former = "INSERT INTO instances (name, version, host, pid, process_started, beat_at)
                  VALUES ('other', '0.1.0', 'elsewhere', 1, 1, now() + interval '1 hour') RETURNING id";
    let former: i64 = sqlx::query_scalar(former).fetch_one(bot.books()).await.unwrap();
    let works = "UPDATE duties SET holder = $1, epoch = epoch + 1 WHERE name = 'work'";
    sqlx::query(works).bind(former).execute(bot.books()).await.unwrap();
    bot.launch();
    bot.log("answers all chats, this one stands by").await;
    let ready = reqwest::get(format!("http://{}/ready", bot.operators_port())).await.unwrap();
    assert_eq!(ready.status(), 503);
    assert!(ready.text().await.unwrap().starts_with("standing by: the instance "));
    assert_eq!(bot.database.count("SELECT count(*) FROM leases WHERE holder IS NOT NULL").await, 0);
    let update = json!({"update_id": 900_000_001, "message": {
        "message_id": 900, "date": 1, "text": "are you there?",
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
    }});
    sqlx::query(
        "INSERT INTO inbox (update_id, kind, payload, chat_id, message_id)
         VALUES (900000001, 'message', $1::json, $2, 900)",
    )
    .bind(update.to_string())
    .bind(ANN)
    .execute(bot.books())
    .await
    .unwrap();
    sqlx::query("UPDATE instances SET dead_at = now() WHERE id = $1")
        .bind(former)
        .execute(bot.books())
        .await
        .unwrap();
    bot.log(" ready").await;
    assert_eq!(bot.answer(ANN, 2).await, "You said: are you there?");
    let routed = "SELECT count(*) FROM inbox WHERE update_id = 900000001 AND route = chat_id";
    assert_eq!(bot.database.count(routed).await, 1);
    bot.end().await;
}
