//! Edits that replace a file: from then on the model sees the new one and never the old one, at whatever
//! moment the edit comes and whatever becomes of the new file.

mod interrupted;
mod prompts;

use playground::anthropic::Recorded;
use playground::telegram::NewFile;

use crate::harness::{ANN, Bot};

const TO_DELETE: &str = "SELECT count(*) FROM copy_deletions";
const REPLACED: &str = "SELECT count(*) FROM files WHERE name = 'new.txt'";
const STORED: &str = "SELECT count(*) FROM files";
const EDITS: &str = "SELECT sum(edits) FROM messages";
const UNHANDLED: &str = "SELECT count(*) FROM inbox WHERE handled_at IS NULL";

fn note(name: &str) -> NewFile {
    NewFile::text(name, &format!("What stands in {name}."))
}

/// Returns the names of the files that a request shows, oldest first.
fn shown(request: &Recorded) -> Vec<String> {
    request.files().iter().map(|file| file.name.clone()).collect()
}

/// Returns the names of the copies at the provider.
fn copies(bot: &Bot) -> Vec<String> {
    let mut names: Vec<String> = bot.model.files().into_iter().map(|file| file.name).collect();
    names.sort();
    names
}

fn newest(bot: &Bot) -> Recorded {
    bot.model.requests().last().unwrap().clone()
}

/// A bot that has answered Ann's `old.txt`, and the number of her message.
async fn with_answer<const N: usize>(settings: [(&str, &str); N]) -> (Bot, i64) {
    let bot = Bot::with(settings).await;
    let said = bot.telegram.send(ANN, ANN, note("old.txt").captioned("Read this."));
    bot.answer(ANN, 1).await;
    bot.database.until("SELECT count(*) FROM turns WHERE state = 'open'", 0).await;
    (bot, said.message_id)
}
