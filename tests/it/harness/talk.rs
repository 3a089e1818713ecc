//! What people say to the bot, what it answers, and what it asks the model.

use playground::anthropic::{Outcome, Recorded};
use playground::telegram::{self, SentIds};

use super::{ANN, BOUND, Bot};

/// Returns whether a group message is a live message: it has the button that stops the answer.
fn is_unfinished(message: &playground::telegram::Message) -> bool {
    let button =
        message.reply_markup.as_ref().map(|markup| &markup["inline_keyboard"][0][0]["callback_data"]);
    button.and_then(|data| data.as_str()).is_some_and(|data| data.starts_with("stop:"))
}

/// Returns whether a message is an answer or another reply. The offer to answer a changed question again
/// comes beside them.
fn is_reply(message: &playground::telegram::Message) -> bool {
    !message.text.starts_with('✏')
}

impl Bot {
    /// Sends a message by Ann to the bot.
    pub(crate) fn ann(&self, text: &str) -> SentIds {
        self.telegram.say(ANN, ANN, text)
    }

    /// Sends a message by Ann and waits for the complete answer.
    pub(crate) async fn ask(&self, text: &str) -> String {
        self.ask_in(ANN, ANN, text).await
    }

    /// Sends a message in a chat and waits until the bot has one more finished message there.
    pub(crate) async fn ask_in(&self, chat: i64, from: i64, text: &str) -> String {
        let before = self.answers(chat).len();
        self.telegram.say(chat, from, text);
        self.answer(chat, before + 1).await;
        let what = format!("the finished answer to {from} in chat {chat}");
        let finished = |message: &&playground::telegram::Message| !is_unfinished(message);
        let found = self.telegram.until(&what, BOUND, |view| {
            let answer = view.answers(chat).filter(|message| is_reply(message)).nth(before);
            answer.filter(finished).map(|message| message.text.clone())
        });
        found.await.unwrap()
    }

    /// Returns the text of the bot's `number`th message in a chat (from 1), once its turn is closed.
    pub(crate) async fn answer(&self, chat: i64, number: usize) -> String {
        let what = format!("message {number} of the bot in chat {chat}");
        let found = self.telegram.until(&what, BOUND, |view| {
            view.answers(chat).filter(|message| is_reply(message)).nth(number - 1).map(|m| m.text.clone())
        });
        found.await.unwrap()
    }

    /// Returns all texts of the bot in a chat, except offers to answer again.
    pub(crate) fn answers(&self, chat: i64) -> Vec<String> {
        self.telegram.view(|view| {
            view.answers(chat)
                .filter(|message| is_reply(message))
                .map(|message| message.text.clone())
                .collect()
        })
    }

    /// Returns the visible contents of a chat, one line per message.
    pub(crate) fn screen(&self, chat: i64) -> String {
        let line =
            |m: telegram::Message| format!("{}: {}", if m.from_bot { "bot" } else { "person" }, m.text);
        self.telegram.messages(chat).into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Waits for the model's `number`th request (from 1).
    pub(crate) async fn request(&self, number: usize) -> Recorded {
        let what = format!("request {number} to the model");
        self.model.until(&what, BOUND, |requests| requests.get(number - 1).cloned()).await.unwrap()
    }

    /// Waits until the model's `number`th request has ended.
    pub(crate) async fn request_end(&self, number: usize) -> Outcome {
        let what = format!("end of request {number} to the model");
        let ended = |requests: &[Recorded]| {
            let outcome = requests.get(number - 1)?.outcome.clone();
            (outcome != Outcome::Open).then_some(outcome)
        };
        self.model.until(&what, BOUND, ended).await.unwrap()
    }
}
