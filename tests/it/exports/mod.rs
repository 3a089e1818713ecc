//! `/export` and `/privacy`: a conversation, or everything that is stored about a person, as a file.

mod conversation;
mod every_table;
mod everything;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use playground::telegram::MediaMessage;

use crate::harness::{BOUND, Bot};
use crate::models_command::card;

/// The requests that a worker has still to carry out.
pub(crate) const WAITING: &str = "SELECT count(*) FROM data_requests WHERE state = 'waiting'";

/// Returns what stands behind the last point of a name.
fn extension(name: &str) -> Option<&str> {
    std::path::Path::new(name).extension().and_then(|extension| extension.to_str())
}

/// Waits for the `number`th file of the bot in a chat (from 1).
pub(crate) async fn file(bot: &Bot, chat: i64, number: usize) -> MediaMessage {
    let what = format!("file {number} in chat {chat}");
    let sent = bot.telegram.until(&what, BOUND, |view| view.sent_media(chat).nth(number - 1));
    sent.await.unwrap()
}

/// Unpacks a file of texts.
fn unpack(file: &MediaMessage) -> BTreeMap<String, String> {
    let text = |(path, content)| (path, String::from_utf8(content).unwrap());
    unpacked(file).into_iter().map(text).collect()
}

/// Unpacks a file.
fn unpacked(file: &MediaMessage) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file.bytes.to_vec())).unwrap();
    let mut members = BTreeMap::new();
    for number in 0..archive.len() {
        let mut member = archive.by_index(number).unwrap();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        members.insert(member.name().unwrap().into_owned(), content);
    }
    members
}

/// Asks for everything by the button of `/privacy` and returns the answer to the tap.
async fn ask_for_everything(bot: &Bot, user: i64) -> String {
    let privacy = card(bot, user, user, "/privacy").await;
    bot.tap(user, user, privacy.id, "data:everything").await.unwrap()
}
