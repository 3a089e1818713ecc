//! Questions that arrive at the same moment are stored together without affecting each other.

use std::time::Duration;

use playground::telegram::Person;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::harness::Bot;

/// The id of the first user.
const FIRST: i64 = 1_001;

/// A group of users: one more than there are connections, so that some must share a statement.
const ODD: [i64; 3] = [1_004, 1_006, 1_008];

/// The number of people who write at once.
fn ask(bot: &Bot, people: i64, text: &str) {
    for id in FIRST..FIRST + people {
        bot.telegram.say(id, id, text);
    }
}

/// Starts a bot that already knows `people` users.
async fn acquainted<const N: usize>(people: i64, settings: [(&str, &str); N]) -> Bot {
    let bot = Bot::with(settings).await;
    for id in FIRST..FIRST + people {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    ask(&bot, people, "hello");
    for id in FIRST..FIRST + people {
        assert_eq!(bot.answer(id, 1).await, "You said: hello");
    }
    bot
}

/// Lets all users ask again; the shared statement is refused because of some of them.
async fn together(bot: &Bot, people: i64) {
    // While the response to the first statements is in flight, the other questions arrive.
    bot.proxy.delay(Duration::from_millis(500));
    ask(bot, people, "and now");
    bot.log("what was wanted together is asked for one by one").await;
    bot.proxy.delay(Duration::ZERO);
}

#[tokio::test]
async fn questions_that_come_together_are_stored_by_few_transactions() {
    const PEOPLE: i64 = 40;
    let bot = acquainted(PEOPLE, [("DATABASE_POOL_SIZE", "40")]).await;
    // While the response to the first statements is in flight, the other questions arrive.
    bot.proxy.delay(Duration::from_millis(500));
    ask(&bot, PEOPLE, "and now");
    bot.request(2 * usize::try_from(PEOPLE).unwrap()).await;
    bot.proxy.delay(Duration::ZERO);
    for id in FIRST..FIRST + PEOPLE {
        assert_eq!(bot.answer(id, 2).await, "You said: and now");
    }
    let stored = "SELECT count(*) FROM messages WHERE text = 'and now' AND role = 'user'";
    assert_eq!(bot.database.count(stored).await, PEOPLE);
    let commits = "SELECT count(DISTINCT xmin::text) FROM messages WHERE text = 'and now' AND role = 'user'";
    let commits = bot.database.count(commits).await;
    assert!(commits <= PEOPLE / 2, "{commits} transactions for {PEOPLE} questions");
    bot.end().await;
}

#[tokio::test]
async fn a_conversation_that_somebody_has_locked_holds_up_no_other_question() {
    const PEOPLE: i64 = 12;
    let bot = acquainted(PEOPLE, [("DATABASE_POOL_SIZE", "40")]).await;
    let mut lock = bot.books().begin().await.unwrap();
    let rows = "SELECT FROM threads WHERE user_id = ANY($1) FOR UPDATE";
    sqlx::query(rows).bind(ODD).execute(&mut *lock).await.unwrap();
    together(&bot, PEOPLE).await;
    for id in (FIRST..FIRST + PEOPLE).filter(|id| !ODD.contains(id)) {
        assert_eq!(bot.answer(id, 2).await, "You said: and now");
    }
    lock.rollback().await.unwrap();
    for id in ODD {
        assert_eq!(bot.answer(id, 2).await, "You said: and now");
    }
    bot.end().await;
}

#[tokio::test]
async fn a_question_that_cannot_be_stored_spoils_no_other() {
    const PEOPLE: i64 = 12;
    let mut bot = acquainted(PEOPLE, [("DATABASE_POOL_SIZE", "40")]).await;
    bot.expect_error("the session of");
    let fault = "ALTER TABLE messages ADD CONSTRAINT fault CHECK (chat_id NOT IN (1004, 1006, 1008) OR text <> 'and now')";
    sqlx::query(fault).execute(bot.books()).await.unwrap();
    together(&bot, PEOPLE).await;
    bot.log("the session of").await;
    for id in (FIRST..FIRST + PEOPLE).filter(|id| !ODD.contains(id)) {
        assert_eq!(bot.answer(id, 2).await, "You said: and now");
    }
    sqlx::query("ALTER TABLE messages DROP CONSTRAINT fault").execute(bot.books()).await.unwrap();
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    for id in ODD {
        assert_eq!(bot.answer(id, 2).await, "You said: and now", "it was kept all the time");
    }
    bot.end().await;
}

/// A cache from another time may contain another user's conversation.
#[tokio::test]
async fn two_people_who_are_said_to_have_the_same_conversation_are_not_mixed_up() {
    let mut bot = acquainted(2, []).await;
    let owner: i64 = sqlx::query_scalar("SELECT id FROM threads WHERE user_id = $1")
        .bind(FIRST)
        .fetch_one(bot.books())
        .await
        .unwrap();
    let asked = |user: i64| {
        json!({
            "thread_id": owner, "owner_id": user, "user_id": user, "chat_id": user, "model_id": "m", "amount": "0.01", "free": false,
            "epoch": 0,
            "said": [{"update_id": -user, "message_id": 900, "text": format!("{user} asks"), "sent_at": "2026-01-01T00:00:00Z"}],
        })
    };
    let rows = sqlx::query(include_str!("../../src/db/turns/open.sql"))
        .bind(json!([asked(FIRST), asked(FIRST + 1)]))
        .fetch_all(bot.books())
        .await
        .unwrap();
    let is_opened = |row: &PgRow| row.get::<Option<i64>, _>("turn?").is_some();
    let made: Vec<(i64, bool, i64)> =
        rows.iter().map(|row| (row.get("user!"), is_opened(row), row.get("fresh!"))).collect();
    assert_eq!(made, [(FIRST, true, 1), (FIRST + 1, false, 1)]);
    let texts: Vec<String> = sqlx::query_scalar("SELECT text FROM messages WHERE text LIKE '% asks'")
        .fetch_all(bot.books())
        .await
        .unwrap();
    assert_eq!(texts, ["1001 asks"]);
    // No session is processing that turn.
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    assert_eq!(bot.answer(FIRST, 2).await, "You said: 1001 asks");
    bot.end().await;
}
