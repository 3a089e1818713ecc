//! A conversation as a Markdown file: who said what and when, with the names of files and the tools that were used.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::db::conversation_entries::{self, ConversationEntry};
use crate::db::{Db, DbError};
use crate::domain::ids::{ThreadId, UserId};
use crate::domain::people::Language;

/// The most bytes of one conversation; the oldest messages are left out of a longer one.
pub(crate) const LIMIT: usize = 5 << 20;
/// Messages that are read at once.
const PAGE: i64 = 200;

/// A part of the file in the language of its reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FilePart<'a> {
    /// The heading: the title of the group and the number of the topic, if there are any.
    Heading(Option<&'a str>, Option<i32>),
    /// When it was made, and how many messages it has.
    Made(&'a str, usize),
    /// Older messages are left out.
    OlderLeftOut,
    /// Others share the conversation, and what they asked is left out.
    OnlyYours,
    /// Files are named only.
    FilesByName,
    /// The person, where nobody else writes.
    You,
    /// The message was edited.
    Edited,
    /// The answer was cut.
    Cut,
    /// The message was forwarded from somebody.
    ForwardedFrom(&'a str),
    /// The message answers one of somebody.
    ReplyTo(&'a str),
    /// These are the words of a recording.
    Spoken,
    /// A tool was used, or has failed.
    Tool(&'a str, bool),
    /// A file that could not be sent.
    NotSent(&'a str),
}

/// How parts of the file are said.
#[derive(Clone, Copy)]
pub(crate) struct Wording<'a> {
    pub language: Language,
    /// The name of the bot.
    pub bot: &'a str,
    pub say: fn(Language, FilePart<'_>) -> String,
}

impl Wording<'_> {
    fn say(&self, part: FilePart<'_>) -> String {
        (self.say)(self.language, part)
    }
}

/// The conversation that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct WrittenThread<'a> {
    pub id: ThreadId,
    /// The title of the group.
    pub title: Option<&'a str>,
    /// The number of the topic.
    pub topic: Option<i32>,
    /// Whether messages count that were cleared or asked again.
    pub everything: bool,
    /// Whose questions and answers are written; `None` for all.
    pub asker: Option<UserId>,
}

/// A written conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ConversationFile {
    pub text: String,
    /// Whether older messages are left out.
    pub is_cut: bool,
}

/// Writes a conversation, at most `limit` bytes of messages. The newest ones are kept.
pub(crate) async fn write(
    db: &Db,
    thread: WrittenThread<'_>,
    wording: Wording<'_>,
    (now, limit): (DateTime<Utc>, usize),
) -> Result<ConversationFile, DbError> {
    let (mut messages, mut size, mut is_cut, mut has_files) = (Vec::new(), 0, false, false);
    let mut before = i64::MAX;
    'pages: loop {
        let page =
            || conversation_entries::page(db, thread.id, before, thread.everything, thread.asker, PAGE);
        let page = db.persist(page).await?;
        for entry in &page {
            let written = message(entry, wording);
            size += written.len();
            is_cut = size > limit;
            if is_cut {
                break 'pages;
            }
            has_files |= !entry.files.is_empty() || !entry.sent_files.is_empty();
            messages.push(written);
        }
        match page.last() {
            Some(last) if page.len() >= usize::try_from(PAGE).unwrap_or_default() => before = last.id,
            _ => break,
        }
    }
    let mut text = format!("# {}\n\n", wording.say(FilePart::Heading(thread.title, thread.topic)));
    text.push_str(&wording.say(FilePart::Made(&moment(now), messages.len())));
    text.push('\n');
    for (_, note) in [
        (thread.asker.is_some(), FilePart::OnlyYours),
        (has_files, FilePart::FilesByName),
        (is_cut, FilePart::OlderLeftOut),
    ]
    .into_iter()
    .filter(|(holds, _)| *holds)
    {
        let _infallible = write!(text, "\n{}\n", wording.say(note));
    }
    text.extend(messages.into_iter().rev());
    Ok(ConversationFile { text, is_cut })
}

/// Writes a time, to the minute.
fn moment(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn message(entry: &ConversationEntry, wording: Wording<'_>) -> String {
    let ConversationEntry { text, spoken, .. } = entry;
    let you;
    let who = if entry.is_answer {
        wording.bot
    } else {
        you = entry.sender.clone().unwrap_or_else(|| wording.say(FilePart::You));
        &you
    };
    let mut heading = format!("**{who}** · {}", moment(entry.at));
    let marks = [(entry.is_edited, FilePart::Edited), (entry.is_cut, FilePart::Cut)];
    for (_, mark) in marks.into_iter().filter(|(is_marked, _)| *is_marked) {
        heading.push_str(" · ");
        heading.push_str(&wording.say(mark));
    }
    let mut paragraphs = vec![heading];
    if let Some(from) = &entry.forwarded_from {
        paragraphs.push(format!("*{}*", wording.say(FilePart::ForwardedFrom(from))));
    }
    if let Some(sender) = &entry.reply_sender {
        let replied = entry.replied.as_deref().unwrap_or_default().trim();
        let lines = std::iter::once(wording.say(FilePart::ReplyTo(sender)))
            .chain(replied.lines().map(str::to_owned))
            .map(|line| format!("> {line}"));
        paragraphs.push(lines.collect::<Vec<_>>().join("\n"));
    }
    let tools: Vec<String> =
        entry.tools.iter().map(|(tool, failed)| wording.say(FilePart::Tool(tool, *failed))).collect();
    if !tools.is_empty() {
        paragraphs.push(tools.join(" · "));
    }
    if let Some(words) = spoken.as_deref().map(str::trim).filter(|words| !words.is_empty()) {
        paragraphs.push(format!("*{}* {words}", wording.say(FilePart::Spoken)));
    }
    if !text.trim().is_empty() {
        paragraphs.push(text.trim_end().to_owned());
    }
    let sent = entry
        .sent_files
        .iter()
        .map(|file| if file.sent { file.name.clone() } else { wording.say(FilePart::NotSent(&file.name)) });
    let files: Vec<String> =
        entry.files.iter().cloned().chain(sent).map(|name| format!("📎 {name}")).collect();
    if !files.is_empty() {
        paragraphs.push(files.join("  \n"));
    }
    format!("\n---\n\n{}\n", paragraphs.join("\n\n"))
}
