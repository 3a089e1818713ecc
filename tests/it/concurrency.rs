//! Concurrency: many people at once, and races between them.

use playground::telegram::Person;

use crate::harness::{ANN, BOUND, Bot, GROUP, conversation};

#[tokio::test]
async fn fifty_people_at_once_each_get_their_own_answer() {
    let bot = Bot::start().await;
    let people = 1_001..=1_050_i64;
    for id in people.clone() {
        bot.telegram.add_user(Person::new(id, "Somebody"));
    }
    for id in people.clone() {
        bot.telegram.say(id, id, &format!("my number is {id}"));
    }
    let everybody = bot.telegram.until("fifty answers", BOUND, |view| {
        people.clone().all(|id| view.answers(id).next().is_some()).then_some(())
    });
    everybody.await.unwrap();
    for id in people {
        assert_eq!(bot.answers(id), [format!("You said: my number is {id}")]);
    }
    for request in bot.model.requests() {
        assert_eq!(conversation(&request).len(), 1, "no prompt contains another person's words");
    }
    bot.end().await;
}

#[tokio::test]
async fn racing_first_messages_make_one_user_one_chat_and_two_threads() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(GROUP, "Race");
    // One new person, in three places at the same moment.
    bot.ann("one");
    bot.ann("/start");
    bot.telegram.say(GROUP, ANN, "@starling_bot two");
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot three");
    bot.answer(ANN, 2).await;
    bot.answer(GROUP, 2).await;
    assert_eq!(bot.database.count("SELECT count(*) FROM users").await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM chats").await, 2);
    assert_eq!(bot.database.count("SELECT count(*) FROM threads").await, 3);
    bot.end().await;
}

#[tokio::test]
async fn two_first_messages_of_a_new_person_make_one_user_and_one_thread() {
    let bot = Bot::with([("BATCH_WINDOW_MS", "0")]).await;
    bot.ann("first");
    bot.ann("second");
    let all = bot.telegram.until("both are answered", BOUND, |view| {
        view.answers(ANN).any(|message| message.text.contains("second")).then_some(())
    });
    all.await.unwrap();
    assert_eq!(bot.database.count("SELECT count(*) FROM users").await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM threads").await, 1);
    assert_eq!(bot.database.count("SELECT count(*) FROM messages WHERE role = 'user'").await, 2);
    bot.end().await;
}
