//! Batching: several messages in a row become one prompt, in the order of writing.

use crate::harness::{ANN, Bot, conversation, exact};

#[tokio::test]
async fn messages_shortly_after_each_other_are_one_prompt() {
    let bot = Bot::with([("BATCH_WINDOW_MS", "900")]).await;
    for text in ["one", "two", "three"] {
        bot.ann(text);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    insta::assert_snapshot!(exact(bot.answer(ANN, 1).await), @r"
    You said: one
    two
    three
    ");
    assert_eq!(conversation(&bot.request(1).await), ["user: one | two | three"]);
    assert_eq!(bot.model.requests().len(), 1);
    bot.end().await;
}

#[tokio::test]
async fn a_message_that_is_changed_inside_the_window_is_asked_as_changed() {
    let bot = Bot::with([("BATCH_WINDOW_MS", "900")]).await;
    let said = bot.ann("teh question");
    bot.telegram.edit(ANN, said.message_id, "the question").unwrap();
    bot.answer(ANN, 1).await;
    assert_eq!(conversation(&bot.request(1).await), ["user: the question"]);
    bot.end().await;
}
