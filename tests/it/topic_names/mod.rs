//! Topics that nobody has named get a name after their first answer: once, paid once, whatever crashes, and
//! never against a person's own name.

mod faults;
mod forums;
mod private_chats;

use playground::anthropic::Recorded;
use playground::telegram::Call;

use crate::harness::{ANN, BOUND, Bot};

/// A text of every request for a name.
const WANTED: &str = "<person>";
const NAME: &str = "Borscht for six people";
const UNFINISHED: &str = "SELECT count(*) FROM topic_names WHERE state IN ('implicit', 'chosen')";

/// Returns the requests for names.
fn wishes(bot: &Bot) -> Vec<Recorded> {
    bot.model.requests().into_iter().filter(|asked| asked.newest_user_text().starts_with(WANTED)).collect()
}

/// Returns the calls that name topics.
fn edits(bot: &Bot) -> Vec<Call> {
    bot.telegram.view(|view| view.calls_of("editForumTopic").cloned().collect())
}

/// Waits until a topic has this name; returns its icon.
async fn named(bot: &Bot, chat: i64, topic: i64, name: &str) -> Option<String> {
    let what = format!("the name '{name}'");
    let found = bot.telegram.until(&what, BOUND, |view| {
        let (current, icon) = view.topic(chat, topic)?;
        (current == name).then(|| icon.map(str::to_owned))
    });
    found.await.unwrap()
}

/// Starts a topic with a question and waits for the answer to it.
async fn started(bot: &Bot, text: &str) -> i64 {
    let before = bot.answers(ANN).len();
    let (topic, _) = bot.telegram.start_topic(ANN, text);
    bot.answer(ANN, before + 1).await;
    topic
}
