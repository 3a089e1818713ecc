//! Two instances answer at once, and each update reaches either: conversations are what they are with one.

use std::time::{Duration, Instant};

use playground::telegram::{NewFile, Person};

use super::pair::Pair;
use super::{PEOPLE, half, half_is_visible};
use crate::harness::{ANN, BOB, GROUP, conversation};

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
    pair.bot.database.until(super::HALVES, 2).await;
    for id in &people {
        assert_eq!(pair.bot.answers(*id).len(), 1, "answered once");
    }
    pair.end().await;
}
