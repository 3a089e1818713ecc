//! The content of a message besides its text: its file, and a description in words for the model. A message
//! in another chat has the same fields.

use super::clean;
use super::fields::Fields;
use super::file::{self, File, Format, Sticker};
use super::kind::{self, Class, Kind};
use crate::domain::file::FileKind;

/// The longest name or title quoted, in code points.
const TITLE_CHARS: usize = 300;
/// The most options of a poll or tasks of a checklist quoted.
const ITEMS: usize = 12;
/// The kinds of message that their description can stand for.
const TOLD: &[&str] = &["checklist", "contact", "dice", "location", "poll", "story", "venue"];

/// The content of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Body {
    /// The kind of message.
    pub kind: Kind,
    /// Its file, if it can be fetched.
    pub file: Option<File>,
    /// A description in English; `None` for plain text.
    pub content: Option<String>,
}

/// Reads the content of a message.
pub(crate) fn read(message: &Fields<'_>) -> Body {
    let kind = kind::of(message);
    let file = file::read(message, kind);
    let content = match (kind.class, &file) {
        (Class::Text, _) => None,
        (_, Some(file)) => Some(file_in_words(file)),
        (_, None) => {
            message.object(kind.name).and_then(|object| in_words(kind.name, &object)).or_else(|| bare(kind))
        }
    };
    Body { kind, file, content }
}

/// Returns the words that stand for a message without any: for a place, a contact or a poll, and for a
/// sticker that moves, of which the model sees nothing. `None` for other messages.
pub(crate) fn told(body: &Body) -> Option<String> {
    let is_told = match &body.file {
        Some(file) => {
            let moves = |sticker: &Sticker| sticker.format != Format::Picture && sticker.emoji.is_some();
            file.sticker.as_ref().is_some_and(moves)
        }
        None => TOLD.contains(&body.kind.name),
    };
    let content = body.content.as_ref().filter(|_| is_told)?;
    Some(format!("[{}]", content.replace('[', "(").replace(']', ")")))
}

/// Describes the content of a message by its kind only.
fn bare(kind: Kind) -> Option<String> {
    (kind != kind::EMPTY && kind != kind::OTHER).then(|| kind.name.replace('_', " "))
}

/// Describes a file in words: its kind, name, type and duration.
pub(crate) fn file_in_words(file: &File) -> String {
    let kind = match file.kind {
        FileKind::Photo => "photo",
        FileKind::Document => "document",
        FileKind::Audio => "audio",
        FileKind::Voice => "voice message",
        FileKind::Video => "video",
        FileKind::VideoNote => "video message",
        FileKind::Animation => "animation",
        FileKind::Sticker => "sticker",
    };
    let mut words = kind.to_owned();
    if let Some(emoji) = file.sticker.as_ref().and_then(|sticker| sticker.emoji.as_deref()) {
        words.extend([" ", emoji]);
    }
    if let Some(name) = &file.name {
        words.extend([" ", &quoted(name)]);
    }
    if let Some(mime) = file.mime.as_ref().filter(|_| file.kind == FileKind::Document) {
        words.extend([" (", mime, ")"]);
    }
    if let Some(seconds) = file.duration_s {
        words.extend([", ", &seconds.to_string(), " s"]);
    }
    words
}

/// Describes the object of a kind in words. Returns `None` if it has no content.
fn in_words(kind: &str, object: &Fields<'_>) -> Option<String> {
    let titled = |field: &str| object.line(field).map(|title| quoted(&title));
    let words = match kind {
        "poll" => format!("poll: {}{}", titled("question")?, items(object, "options", "options")),
        "checklist" => format!("checklist: {}{}", titled("title")?, items(object, "tasks", "tasks")),
        "story" => {
            let chat = object.object("chat")?;
            format!("story of {}", quoted(&chat.line("title").or_else(|| chat.line("first_name"))?))
        }
        "game" => format!("game: {}", titled("title")?),
        "invoice" => format!("invoice: {}", titled("title")?),
        "venue" => {
            let address = titled("address").map(|address| format!(", {address}")).unwrap_or_default();
            format!("venue: {}{address}", titled("title")?)
        }
        "contact" => {
            let names = ["first_name", "last_name"].map(|name| object.line(name).unwrap_or_default());
            let phone = object.line("phone_number").map(|number| format!(", {}", quoted(&number)));
            format!("contact: {}{}", quoted(names.join(" ").trim()), phone.unwrap_or_default())
        }
        "location" => {
            let [latitude, longitude] = ["latitude", "longitude"].map(|name| coordinate(object, name));
            format!("location: {}, {}", latitude?, longitude?)
        }
        "dice" => format!("dice {} showing {}", object.line("emoji")?, object.number("value")?),
        _ => return None,
    };
    Some(words)
}

/// Describes the texts of a list in words.
fn items(object: &Fields<'_>, name: &str, what: &str) -> String {
    let text = |item: Fields<'_>| {
        let done = if item.has("completion_date") { " (done)" } else { "" };
        Some(format!("{}{done}", quoted(&item.line("text")?)))
    };
    let texts: Vec<String> = object.objects(name).filter_map(text).take(ITEMS).collect();
    if texts.is_empty() { String::new() } else { format!(", {what}: {}", texts.join(", ")) }
}

/// Returns a coordinate as written, if it is a number.
fn coordinate<'a>(object: &Fields<'a>, name: &str) -> Option<&'a str> {
    object.json(name).filter(|digits| digits.parse::<f64>().is_ok_and(f64::is_finite))
}

/// Quotes a name so that it cannot end the quotation.
fn quoted(name: &str) -> String {
    let line: String =
        clean::line(name).chars().map(|c| if c == '"' { '\'' } else { c }).take(TITLE_CHARS).collect();
    format!("\"{line}\"")
}
