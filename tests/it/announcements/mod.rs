//! `/announce`: prepared in a dialog, shown, approved, sent to each person once, stopped, reported.

mod dialog;
mod recipients;
mod sending;

use playground::telegram::{Message, SentIds};

use crate::harness::money::{OLGA, person};
use crate::harness::{ANN, BOB, BOUND, Bot};

const ENDED: &str = "SELECT count(*) FROM announcements WHERE state IN ('sent', 'stopped')";

const ASK: &str = "📣 Send me the announcement as your next message";

/// Returns the label and the data of a message's `number`th button (from 0).
fn button(message: &Message, number: usize) -> (String, String) {
    let markup = message.reply_markup.as_ref().unwrap_or_else(|| panic!("no buttons: {}", message.text));
    let button = &markup["inline_keyboard"][number][0];
    let text = |field: &str| button[field].as_str().unwrap_or_default().to_owned();
    (text("text"), text("callback_data"))
}

/// Returns the copies of announcements in a chat, without previews.
fn copies(bot: &Bot, chat: i64) -> Vec<Message> {
    let is_copy = |message: &Message| {
        let markup = message.reply_markup.as_ref().map(ToString::to_string).unwrap_or_default();
        message.from_bot && markup.contains("announcements:o")
    };
    bot.telegram.messages(chat).into_iter().filter(is_copy).collect()
}

/// Olga gives a command and then a content; returns the question for approval.
async fn prepare(bot: &Bot, command: &str, content: impl FnOnce() -> SentIds) -> Message {
    let asked = bot.command_of(OLGA, command).await;
    assert!(asked.starts_with(ASK), "{asked}");
    bot.reply_to(content().update_id).await
}

/// Olga approves an announcement.
async fn approve(bot: &Bot, offer: &Message) -> Option<String> {
    bot.tap(OLGA, OLGA, offer.id, &button(offer, 0).1).await
}

/// Returns the summary of the `number`th announcement that has ended.
async fn summary(bot: &Bot, number: i64) -> String {
    let ended = async {
        while bot.database.count(ENDED).await < number {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(BOUND * 4, ended).await.expect("the announcement ends");
    let newest = "SELECT id FROM announcements WHERE finished_at IS NOT NULL ORDER BY begun_at DESC NULLS LAST LIMIT 1";
    let id = bot.database.count(newest).await;
    bot.message_of(&format!("announced:{id}:report")).await;
    bot.message_of(&format!("announced:{id}")).await.text
}

/// Returns the lines of the newest report, without its head.
fn report(bot: &Bot) -> Vec<String> {
    let file = bot.telegram.sent_media(OLGA).pop().expect("a report");
    assert_eq!(file.file_name.split('_').next(), Some("announcement"));
    let text = String::from_utf8(file.bytes.to_vec()).unwrap();
    text.lines().skip(1).map(str::to_owned).collect()
}

/// Starts a bot that Ann, Bob (in Russian) and Olga have written to.
async fn bot_of_three() -> Bot {
    let bot = Bot::of_olga([]).await;
    bot.telegram.add_user(person(BOB, "Bob", "bob", "ru"));
    for user in [ANN, BOB, OLGA] {
        bot.command_of(user, "/start").await;
    }
    bot
}
