//! Edited messages: the newest edit of a message counts, in whatever order edits arrive and whichever process
//! dies meanwhile.

use playground::anthropic::{Gate, Reply, Step};
use serde_json::json;

use crate::harness::barrier::Barrier;
use crate::harness::{ANN, BOB, Bot, conversation};

#[tokio::test]
async fn an_older_change_that_comes_late_does_not_undo_a_newer_one() {
    let bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    let said = bot.ann("one");
    bot.answer(ANN, 1).await;
    let newer = bot.telegram.edit(ANN, said.message_id, "three").unwrap();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'three'", 1).await;
    // As if the earlier change had waited out an outage longer than the later one.
    let older = json!({"update_id": newer - 1_000, "edited_message": {
        "message_id": said.message_id, "date": 1, "edit_date": 2, "text": "two",
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann"},
    }});
    sqlx::query("INSERT INTO inbox (update_id, kind, payload) VALUES ($1, 'edited_message', $2::json)")
        .bind(newer - 1_000)
        .bind(older.to_string())
        .execute(bot.books())
        .await
        .unwrap();
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.ask("and now?").await;
    let asked = conversation(bot.model.requests().last().unwrap());
    assert!(asked[0].contains("three") && !asked[0].contains("two"), "{asked:?}");
    let books: (String, String, i32) =
        sqlx::query_as("SELECT text, original_text, edits FROM messages WHERE message_id = $1")
            .bind(i32::try_from(said.message_id).unwrap())
            .fetch_one(bot.books())
            .await
            .unwrap();
    assert_eq!(books, ("three".to_owned(), "one".to_owned(), 1));
    bot.end().await;
}

#[tokio::test]
async fn a_change_of_a_message_that_is_not_stored_yet_survives_a_crash() {
    let mut bot = Bot::with([("BATCH_WINDOW_MS", "900")]).await;
    bot.ask("before").await;
    let barrier = Barrier::before_turns(&bot).await;
    let said = bot.ann("one");
    bot.telegram.edit(ANN, said.message_id, "two").unwrap();
    barrier.reached(&bot).await;
    bot.kill().await;
    barrier.lift_for_the_next().await;
    bot.run().await;
    assert_eq!(bot.answer(ANN, 2).await, "You said: two");
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE text = 'one'").await, 0);
    bot.end().await;
}

#[tokio::test]
async fn a_change_waits_for_a_message_that_crashes_have_delayed() {
    let mut bot = Bot::with([("STRANDED_AFTER_SECONDS", "1")]).await;
    let (gate, keeper) = Gate::new();
    bot.model.set_author(move |asked| {
        let held = || Reply::steps(vec![Step::Gate(gate.clone()), Step::Text("Held.".to_owned())]);
        asked.text.contains("hold").then(held)
    });
    let said = bot.telegram.say(BOB, BOB, "hold on");
    bot.request(1).await;
    bot.kill().await;
    // Two crashes have hit the message, so it waits until nothing else is in flight. Its edit does not.
    let message = |kind: &str, text: &str| {
        let chat = json!({"id": ANN, "type": "private", "first_name": "Ann"});
        let from = json!({"id": ANN, "is_bot": false, "first_name": "Ann"});
        json!({kind: {"message_id": 900, "date": 1, "edit_date": 2, "text": text, "chat": chat, "from": from}})
    };
    for (number, kind, text, crashes) in [(2, "message", "one", 2), (1, "edited_message", "two", 0)] {
        let mut update = message(kind, text);
        update["update_id"] = json!(said.update_id - number);
        let insert = "INSERT INTO inbox (update_id, kind, payload, crashes, chat_id, message_id)
                      VALUES ($1, $2, $3::json, $4, $5, 900)";
        sqlx::query(insert)
            .bind(said.update_id - number)
            .bind(kind)
            .bind(update.to_string())
            .bind(crashes)
            .bind(ANN)
            .execute(bot.books())
            .await
            .unwrap();
    }
    bot.run().await;
    bot.request(2).await;
    keeper.open();
    bot.database.until("SELECT count(*) FROM messages WHERE text = 'two'", 1).await;
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.end().await;
}

#[tokio::test]
async fn a_change_does_not_overtake_its_message_when_the_mailbox_is_full() {
    let bot = Bot::start().await;
    bot.ask("before").await;
    let barrier = Barrier::before_turns(&bot).await;
    bot.ann("first");
    barrier.reached(&bot).await;
    // The session waits at the barrier; its mailbox holds 256 items.
    for number in 0..300 {
        bot.ann(&format!("message {number}"));
    }
    let last = bot.ann("a slip");
    bot.database.until("SELECT count(*) FROM inbox", 303).await;
    barrier.lift().await;
    bot.database.until("SELECT count(*) FROM turns WHERE id = 2", 1).await;
    bot.telegram.edit(ANN, last.message_id, "no slip").unwrap();
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE text = 'no slip'").await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE text = 'a slip'").await, 0);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'user'").await, 303);
    bot.end().await;
}
