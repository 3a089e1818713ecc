//! What the bot asks for is answered by what was written afterwards, and by nothing that was still on its way.

use playground::telegram::{Hold, NewFile};

use crate::harness::money::OLGA;
use crate::harness::{ANN, Bot, conversation};
use crate::models_command::card;

fn note(name: &str) -> NewFile {
    NewFile::text(name, "Butter and bread.").captioned("What do I have to buy?")
}

/// Somebody sends a file, and Telegram does not hand it out yet.
async fn still_fetched(bot: &Bot, user: i64) -> Hold {
    let asking = bot.telegram.hold("getFile");
    bot.telegram.send(user, user, note("list.txt"));
    asking.waiting().await;
    asking
}

#[tokio::test]
async fn a_file_from_before_the_question_is_a_prompt_and_the_words_after_it_are_the_answer() {
    let bot = Bot::start().await;
    let personality = card(&bot, ANN, ANN, "/personality").await;
    let file = still_fetched(&bot, ANN).await;
    bot.ann("And where?");
    assert_eq!(bot.tap(ANN, ANN, personality.id, "personality:write").await, None);
    bot.hears(ANN, "Write in one message how I am to be with you: 10 to 2000 characters.").await;
    let words = bot.ann("Answer in rhymes, always.");
    bot.database.until("SELECT count(*) FROM inbox WHERE handled_at IS NULL", 3).await;
    file.release();
    let set = bot.reply_to(words.update_id).await;
    assert!(set.text.ends_with("Now:\nAnswer in rhymes, always."), "{}", set.text);
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'answered'", 1).await;
    let asked = bot.model.requests();
    let said = conversation(&asked[0]).concat();
    assert!(said.contains("What do I have to buy?") && said.contains("And where?"), "{said}");
    assert!(!said.contains("rhymes") && asked.len() == 1, "{said}");
    bot.end().await;
}

#[tokio::test]
async fn a_file_from_before_the_question_for_an_announcement_is_not_announced() {
    let bot = Bot::of_olga([]).await;
    bot.ask("hello").await;
    let file = still_fetched(&bot, OLGA).await;
    let asked = bot.command_of(OLGA, "/announce").await;
    assert!(asked.starts_with("📣 Send me the announcement"), "{asked}");
    file.release();
    bot.hears(OLGA, "What do I have to buy?").await;
    let content = bot.telegram.say(OLGA, OLGA, "We have moved.");
    let offer = bot.reply_to(content.update_id).await;
    assert!(offer.reply_markup.is_some(), "{}", offer.text);
    let given = "SELECT count(*) FROM announcements WHERE state = 'offered' AND message_id = $1";
    let given: i64 = sqlx::query_scalar(given).bind(content.message_id).fetch_one(bot.books()).await.unwrap();
    assert_eq!(given, 1);
    bot.end().await;
}
