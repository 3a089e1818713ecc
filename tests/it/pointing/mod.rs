//! Everything that a person refers to reaches the model: the message that is replied to, the quoted part, the
//! file. It appears in the prompt once, and with the same bytes in every later prompt.

mod attachments;
mod told;
mod unchanged;

use playground::anthropic::Recorded;
use playground::telegram::NewFile;
use serde_json::{Value, json};

use crate::harness::{ANN, Bot, conversation};

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}."))
}

/// Returns the messages of a request as sent, without the cache markers of the provider, which move.
fn messages(request: &Recorded) -> Vec<Value> {
    let mut messages = request.body["messages"].as_array().unwrap().clone();
    for block in messages.iter_mut().flat_map(|message| message["content"].as_array_mut().unwrap()) {
        block.as_object_mut().unwrap().remove("cache_control");
    }
    messages
}

/// Asserts that each of these requests starts with the messages of the one before.
fn assert_grows(requests: &[Recorded]) {
    for (number, pair) in requests.windows(2).enumerate() {
        let (before, after) = (messages(&pair[0]), messages(&pair[1]));
        assert!(after.len() > before.len(), "request {number}");
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before.to_string(), after.to_string(), "after request {number}");
        }
    }
}

/// Returns the newest user message of the newest request.
fn newest(bot: &Bot) -> String {
    conversation(bot.model.requests().last().unwrap()).last().unwrap().clone()
}

fn shown(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.name.clone()).collect()
}

/// Sends a reply and waits for one more answer.
async fn reply(bot: &Bot, chat: i64, from: i64, to: i64, text: &str) -> String {
    let before = bot.answers(chat).len();
    bot.telegram.reply(chat, from, to, text);
    bot.answer(chat, before + 1).await
}

/// Returns the ids of the bot's messages in a chat, once they are stored.
async fn delivered(bot: &Bot, chat: i64) -> Vec<i64> {
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    bot.database.until("SELECT count(*) FROM outbox WHERE state = 'pending'", 0).await;
    bot.telegram.view(|view| view.answers(chat).map(|message| message.id).collect())
}

/// Sends a message by Ann with additional fields; the bot receives it like any other.
async fn ann_sends(bot: &Bot, number: i64, fields: &Value) -> String {
    let before = bot.answers(ANN).len();
    let mut message = json!({
        "message_id": 9_000 + number, "date": 1_790_000_000,
        "from": {"id": ANN, "is_bot": false, "first_name": "Ann", "language_code": "en"},
        "chat": {"id": ANN, "type": "private", "first_name": "Ann"},
    });
    message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    bot.telegram.push_update(json!({"message": message}));
    bot.answer(ANN, before + 1).await
}
