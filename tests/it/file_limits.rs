//! Files that are not fetched, or not for everybody at once: for whom, how many, and what is said instead.

use playground::telegram::NewFile;

use crate::harness::{ANN, Bot};

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}."))
}

#[tokio::test]
async fn a_file_is_no_amount_even_while_one_is_asked_for() {
    let bot = Bot::start().await;
    bot.ask("hello").await;
    bot.sql(
        "INSERT INTO dialogs (chat_id, user_id, kind, expires_at)
         VALUES (42, 42, 'custom_amount', now() + interval '5 minutes')",
    )
    .await;
    bot.telegram.send(ANN, ANN, note("a.txt").captioned("50"));
    assert!(bot.answer(ANN, 2).await.contains("You sent a text"), "{}", bot.screen(ANN));
    bot.end().await;
}
