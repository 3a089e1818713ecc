//! Questions that come at the same moment are stored together, and none of them suffers from another.

use std::time::Duration;

use playground::telegram::Person;

use crate::harness::Bot;

/// The first of those who ask.
const FIRST: i64 = 1_001;

/// So many people write at once.
fn ask(bot: &Bot, people: i64, text: &str) {
    for id in FIRST..FIRST + people {
        bot.telegram.say(id, id, text);
    }
}

/// A bot that so many people have talked to, so that it knows them.
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

#[tokio::test]
async fn questions_that_come_together_are_stored_by_few_transactions() {
    const PEOPLE: i64 = 40;
    let bot = acquainted(PEOPLE, [("DATABASE_POOL_SIZE", "40")]).await;
    // While the answer to the first statements is on its way, the others come.
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
    const PEOPLE: i64 = 8;
    let bot = acquainted(PEOPLE, []).await;
    let mut lock = bot.books().begin().await.unwrap();
    let rows = "SELECT FROM threads WHERE user_id = $1 FOR UPDATE";
    sqlx::query(rows).bind(FIRST).execute(&mut *lock).await.unwrap();
    ask(&bot, PEOPLE, "and now");
    bot.log("what was wanted together is asked for one by one").await;
    for id in FIRST + 1..FIRST + PEOPLE {
        assert_eq!(bot.answer(id, 2).await, "You said: and now");
    }
    lock.rollback().await.unwrap();
    assert_eq!(bot.answer(FIRST, 2).await, "You said: and now");
    bot.end().await;
}

#[tokio::test]
async fn a_question_that_cannot_be_stored_spoils_no_other() {
    const PEOPLE: i64 = 8;
    let mut bot = acquainted(PEOPLE, []).await;
    bot.expect_error("the session of");
    let fault = "ALTER TABLE messages ADD CONSTRAINT fault CHECK (chat_id <> 1001 OR text <> 'and now')";
    sqlx::query(fault).execute(bot.books()).await.unwrap();
    ask(&bot, PEOPLE, "and now");
    bot.log("the session of").await;
    for id in FIRST + 1..FIRST + PEOPLE {
        assert_eq!(bot.answer(id, 2).await, "You said: and now");
    }
    sqlx::query("ALTER TABLE messages DROP CONSTRAINT fault").execute(bot.books()).await.unwrap();
    bot.terminate();
    assert_eq!(bot.exit_code().await, 0);
    bot.run().await;
    assert_eq!(bot.answer(FIRST, 2).await, "You said: and now", "it was kept all the time");
    bot.end().await;
}
