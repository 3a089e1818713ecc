//! Groups: an edited message instead of drafts, one conversation for each person and topic.

use playground::anthropic::{Gate, Reply, Step};

use crate::harness::{ANN, BOB, BOUND, Bot, GROUP, conversation};

#[tokio::test]
async fn an_answer_in_a_group_grows_in_one_message() {
    let bot = Bot::start().await;
    let (gate, keeper) = Gate::new();
    bot.model.script(Reply::steps(vec![
        Step::Text("The beginning".to_owned()),
        Step::Gate(gate),
        Step::Text(" and the end.".to_owned()),
    ]));
    let asked = bot.telegram.say(GROUP, ANN, "@starling_bot tell me");
    assert_eq!(bot.answer(GROUP, 1).await, "The beginning");
    keeper.open();
    let finished = bot.telegram.until("the whole answer", BOUND, |view| {
        view.answers(GROUP).find(|message| message.text == "The beginning and the end.").cloned()
    });
    let answer = finished.await.unwrap();
    assert_eq!(answer.raw["reply_to_message"]["message_id"], asked.message_id);
    assert!(answer.edits >= 1);
    assert_eq!(bot.answers(GROUP).len(), 1, "one message, edited");
    assert!(bot.telegram.drafts(GROUP).is_empty(), "drafts exist in private chats only");
    bot.end().await;
}

#[tokio::test]
async fn the_bot_answers_only_when_spoken_to() {
    let bot = Bot::start().await;
    bot.telegram.say(GROUP, ANN, "hello everybody");
    bot.ask_in(GROUP, ANN, "@starling_bot hello").await;
    assert_eq!(bot.model.requests().len(), 1);
    assert_eq!(conversation(&bot.request(1).await), ["user: **Ann**:\n\n@starling_bot hello"]);
    bot.end().await;
}

#[tokio::test]
async fn people_and_topics_are_conversations_of_their_own() {
    let bot = Bot::start().await;
    let topic = bot.telegram.create_topic(GROUP, "Holidays");
    bot.ask_in(GROUP, ANN, "@starling_bot I am Ann").await;
    bot.ask_in(GROUP, BOB, "@starling_bot I am Bob").await;
    bot.telegram.say_in_topic(GROUP, ANN, topic, "@starling_bot where to?");
    bot.answer(GROUP, 3).await;
    let answer = bot.telegram.messages(GROUP).into_iter().rfind(|message| message.from_bot).unwrap();
    assert_eq!(answer.topic, Some(topic));
    for (request, text) in [(1, "I am Ann"), (2, "I am Bob"), (3, "where to?")] {
        let said = conversation(&bot.request(request).await);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].ends_with(text), "{said:?}");
    }
    assert_eq!(bot.database.count("SELECT count(*) FROM threads").await, 3);
    bot.end().await;
}
