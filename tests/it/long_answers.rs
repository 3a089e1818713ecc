//! Answers longer than one message arrive whole and in order.

use playground::anthropic::Reply;

use crate::harness::{ANN, BOUND, Bot};

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[tokio::test]
async fn a_long_answer_arrives_whole_in_order_and_is_remembered_whole() {
    let bot = Bot::start().await;
    let paragraph = |n| format!("Paragraph {n}: {}", "слово and word 😀 ".repeat(30));
    let text: String = (1..=25).map(paragraph).collect::<Vec<_>>().join("\n\n");
    bot.model.script(Reply::text(text.clone()));
    bot.ann("write a lot");
    let whole = letters(&text);
    let parts = bot.telegram.until("all parts", BOUND, |view| {
        let parts: Vec<String> = view.answers(ANN).map(|message| message.text.clone()).collect();
        (letters(&parts.concat()) == whole).then_some(parts)
    });
    let parts = parts.await.unwrap();
    assert!(parts.len() >= 3, "{} parts", parts.len());
    assert!(parts.iter().all(|part| part.chars().count() <= 4096));
    bot.log("turn 1 complete").await;
    let stored: String = sqlx::query_scalar("SELECT text FROM messages WHERE role = 'assistant'")
        .fetch_one(bot.books())
        .await
        .unwrap();
    assert_eq!(stored, text);
    bot.end().await;
}

#[tokio::test]
async fn a_long_answer_in_a_group_arrives_whole_too() {
    let bot = Bot::start().await;
    let text: String = (1..=1_500).map(|n| format!("word{n} ")).collect();
    bot.model.script(Reply::text(text.clone()));
    bot.telegram.say(crate::harness::GROUP, ANN, "@starling_bot write a lot");
    let whole = letters(&text);
    let parts = bot.telegram.until("all parts", BOUND, |view| {
        let shown: String =
            view.answers(crate::harness::GROUP).map(|message| message.text.as_str()).collect();
        (letters(&shown) == whole).then_some(())
    });
    parts.await.unwrap();
    bot.end().await;
}
