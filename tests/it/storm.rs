//! A storm: people write without pause while the bot is killed again and again. Afterwards every message is
//! answered, and the chats agree with the books.

use std::time::Duration;

use playground::telegram::Person;

use crate::harness::{BOUND, Bot};

/// The number of kills.
const KILLS: u64 = 12;
/// The number of people who write after each start.
const PEOPLE: std::ops::RangeInclusive<i64> = 1_001..=1_012;

#[tokio::test]
async fn killed_again_and_again_under_load_nothing_is_lost() {
    let mut bot = Bot::start().await;
    for id in PEOPLE {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    // The model is slow, so that the kills find turns in every state.
    bot.model.set_pace(Duration::from_millis(20), Duration::from_millis(5));
    for kill in 0..KILLS {
        for id in PEOPLE {
            bot.telegram.say(id, id, &format!("question {kill} of {id}."));
        }
        // Spread over the phases of a turn: window, opening, stream, settlement, delivery.
        tokio::time::sleep(Duration::from_millis(17 * kill + 10)).await;
        bot.kill().await;
        bot.run().await;
    }
    // The last start may not have asked for updates yet.
    let said = "SELECT count(*) FROM messages WHERE role = 'user'";
    let all = i64::try_from(KILLS).unwrap() * i64::try_from(PEOPLE.count()).unwrap();
    bot.database.until_within(BOUND * 2, said, all).await;
    bot.database.until_within(BOUND * 2, "SELECT count(*) FROM inbox WHERE handled_at IS NULL", 0).await;
    bot.database.until_within(BOUND * 2, "SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until_within(BOUND * 2, "SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(bot.database.count(said).await, all, "every message is stored once");
    // A turn without an answer was cut before its first word: its messages are part of the next prompt.
    let unanswered = bot.database.count(
        "SELECT count(*) FROM turns t
         WHERE NOT EXISTS (SELECT 1 FROM messages m WHERE m.turn_id = t.id AND m.role = 'assistant')
           AND NOT EXISTS (SELECT 1 FROM messages m JOIN turns l ON l.id = m.turn_id
                           WHERE l.thread_id = t.thread_id AND l.id > t.id AND m.role = 'assistant')",
    );
    assert_eq!(unanswered.await, 0, "every message is answered");
    for id in PEOPLE {
        // Everything marked as sent in the outbox was shown, in this order, once, and nothing else.
        let sent: Vec<String> =
            sqlx::query_scalar("SELECT text FROM outbox WHERE chat_id = $1 AND state = 'sent' ORDER BY id")
                .bind(id)
                .fetch_all(bot.books())
                .await
                .unwrap();
        assert_eq!(bot.answers(id), sent, "chat {id}");
    }
    bot.end().await;
}
