//! `/privacy`: everything about a person is erased but the books, after a confirmation, whatever happens meanwhile.

mod confirmation;
mod everything;
mod shared_conversation;

use playground::telegram::Message;
use sqlx::AssertSqlSafe;

use crate::harness::Bot;
use crate::harness::redis::Redis;
use crate::models_command::card;

/// Offers Ann's erasure by the button of `/privacy`; returns the question.
async fn offer(bot: &Bot, user: i64) -> Message {
    let privacy = card(bot, user, user, "/privacy").await;
    let before = bot.database.count("SELECT count(*) FROM data_requests WHERE kind = 'erasure'").await;
    bot.tap(user, user, privacy.id, "data:erase").await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    assert_eq!(
        bot.database.count("SELECT count(*) FROM data_requests WHERE kind = 'erasure'").await,
        before + 1
    );
    bot.telegram.messages(user).into_iter().rfind(|message| message.from_bot).unwrap()
}

/// Returns the data of the first or second button of the question.
fn button(question: &Message, row: usize) -> String {
    let keyboard = &question.reply_markup.as_ref().unwrap()["inline_keyboard"];
    keyboard[row][0]["callback_data"].as_str().unwrap().to_owned()
}

/// Returns where one of these words is found in the database, in any column of any table.
async fn found(bot: &Bot, words: &[&str]) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'",
    )
    .fetch_all(bot.books())
    .await
    .unwrap();
    let mut found = Vec::new();
    for table in tables {
        for word in words {
            // Bytes are written as hexadecimal digits.
            let query = format!(
                "SELECT row::text FROM {table} AS row
                 WHERE row::text ILIKE '%' || $1 || '%' OR row::text LIKE '%' || encode(convert_to($1, 'UTF8'), 'hex') || '%'"
            );
            let rows: Vec<String> =
                sqlx::query_scalar(AssertSqlSafe(query)).bind(word).fetch_all(bot.books()).await.unwrap();
            found.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
    }
    found
}

/// Returns the keys of Redis whose name or content has one of these words.
async fn cached(redis: &Redis, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for key in redis.keys("").await {
        let content: Vec<u8> = redis.ask(&["DUMP", &key]).await;
        let content = format!("{key} {}", String::from_utf8_lossy(&content)).to_lowercase();
        if words.iter().any(|word| content.contains(&word.to_lowercase())) {
            found.push(key);
        }
    }
    found
}
