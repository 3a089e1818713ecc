//! Files in a prompt: blocks that show them to the model, or lines that describe them.
//!
//! The form of a file depends on the conversation up to its message and on the number of later files, but not
//! on a clock or on the state of other copies. A block therefore stays a block until a whole step of the
//! oldest files becomes lines.

use crate::domain::file::{FileKind, KnownFile};
use crate::domain::history::Window;
use crate::domain::media::SentFileNote;
use crate::domain::message::{HistoryMessage, Role};
use crate::domain::speech::clock;
use crate::llm::request::{Block, FileBlock};
use crate::llm::{self, Readable, Unreadable};

/// The images shown in a request. With more than 20 the provider rejects all that are larger than 2,000
/// pixels, as photos may be.
const IMAGES: Window = Window { limit: 20, step: 10 };
/// The PDFs shown in a request: together they may have 600 pages.
const PDFS: Window = Window { limit: 10, step: 5 };
/// The longest name in a prompt, in code points.
const LONGEST_NAME: usize = 255;

/// Follows the description of a file of which the provider has no copy.
const NO_COPY: &str = "cannot be read now; the person would have to send it again";
/// Follows the description of a file that could not be downloaded from Telegram.
const NOT_FETCHED: &str = "could not be fetched from Telegram; the person would have to send it again";
/// Follows the description of a recording that could not be transcribed.
const NOT_HEARD: &str = "could not be transcribed; the person would have to send it again or write it";
/// Follows the description of a recording without words.
const NOTHING_SAID: &str = "nothing is said in it";
/// Precedes the file of the message that is replied to.
const REPLIED: &str = "[the file of the message that is replied to:]";
/// Follows the description of a file that is left out because many later ones exist.
const TOO_OLD: &str = "left out, because many files came after it; the person would have to send it again";

/// The number of oldest files of a conversation that are still to be left out, counted down while its
/// messages are read in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileWindow {
    images: i64,
    pdfs: i64,
}

impl FileWindow {
    /// Counts the files of a conversation.
    pub(super) fn of<'a>(history: impl IntoIterator<Item = &'a HistoryMessage>) -> Self {
        let (mut images, mut pdfs) = (0, 0);
        for file in history.into_iter().flat_map(shown).filter(|file| !file.not_fetched) {
            match readable(file) {
                Ok(Readable::Image) => images += 1,
                Ok(Readable::Pdf) => pdfs += 1,
                Ok(Readable::Text) | Err(_) => {}
            }
        }
        Self { images: IMAGES.skipped(images), pdfs: PDFS.skipped(pdfs) }
    }

    /// Returns the blocks of a message's files. Must be called for the messages in order.
    pub(super) fn blocks(&mut self, message: &HistoryMessage) -> Vec<Block> {
        let labelled = |file: &KnownFile| {
            let label = file.replied.then(|| Block::Text(REPLIED.to_owned()));
            label.into_iter().chain([self.block(file)])
        };
        shown(message).flat_map(labelled).collect()
    }

    fn block(&mut self, file: &KnownFile) -> Block {
        if file.not_fetched {
            let remark = if file.kind.is_spoken() { NOT_HEARD } else { NOT_FETCHED };
            return Block::Text(line(file, remark));
        }
        if file.spoken.is_some() {
            return Block::Text(line(file, NOTHING_SAID));
        }
        let readable = match readable(file) {
            Ok(readable) => readable,
            Err(reason) => return Block::Text(line(file, &why(reason))),
        };
        if self.leaves_out(readable) {
            return Block::Text(line(file, TOO_OLD));
        }
        let Some(id) = &file.provider_id else {
            // Copies exist only of these kinds.
            let kept = matches!(file.kind, FileKind::Photo | FileKind::Document | FileKind::Sticker);
            let remark = if kept { NO_COPY.to_owned() } else { why(Unreadable::Kind) };
            return Block::Text(line(file, &remark));
        };
        Block::File(FileBlock {
            id: id.clone(),
            readable,
            name: one_line(&file.name, LONGEST_NAME),
            size: file.size.unwrap_or_default(),
            instead: line(file, NO_COPY),
        })
    }

    fn leaves_out(&mut self, readable: Readable) -> bool {
        let left = match readable {
            Readable::Image => &mut self.images,
            Readable::Pdf => &mut self.pdfs,
            Readable::Text => return false,
        };
        let leaves_out = *left > 0;
        *left -= i64::from(leaves_out);
        leaves_out
    }
}

/// Returns the files of a message that a prompt mentions. The provider accepts none in messages of the model.
fn shown(message: &HistoryMessage) -> impl Iterator<Item = &KnownFile> {
    // The words of a recording are the message's text.
    message.files.iter().filter(|file| message.role == Role::User && file.words().is_none())
}

/// Returns whether a prompt of these messages shows the copy of a file.
pub(crate) fn shows<'a>(messages: impl IntoIterator<Item = &'a HistoryMessage> + Clone, copy: &str) -> bool {
    let mut file_window = FileWindow::of(messages.clone());
    let mut blocks = messages.into_iter().flat_map(|message| file_window.blocks(message));
    blocks.any(|block| matches!(block, Block::File(file) if file.id == copy))
}

/// The mark before the words of a recording, such as `[voice message, 0:12]`.
pub(super) fn spoken_mark(kind: FileKind, seconds: u32) -> String {
    let name = if kind == FileKind::VideoNote { "video message" } else { "voice message" };
    format!("[{name}, {}]", clock(seconds))
}

/// Returns the form in which the model reads a file. A file of unknown length does not count as empty.
fn readable(file: &KnownFile) -> Result<Readable, Unreadable> {
    llm::readable(&file.mime, &file.name, file.size.unwrap_or(1))
}

fn why(reason: Unreadable) -> String {
    match reason {
        Unreadable::Kind => "not readable here".to_owned(),
        Unreadable::TooLarge { limit } => {
            format!("too large to be read here, the limit is {}", length(limit))
        }
        Unreadable::Empty => "empty".to_owned(),
    }
}

/// The line that tells what became of the files of the answer before it, such as `[files of the answer above: "chart.png"
/// (file_...): the person has got it]`; empty without files.
pub(super) fn sent(files: &[SentFileNote]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let line = |SentFileNote { id, name, sent }: &SentFileNote| {
        let fate = if *sent { "the person has got it" } else { "not delivered, Telegram refused it" };
        format!("\"{}\" ({id}): {fate}", one_line(name, LONGEST_NAME))
    };
    format!("[files of the answer above: {}]", files.iter().map(line).collect::<Vec<_>>().join("; "))
}

/// Returns a line such as `[document "x.zip" (application/zip, 3.1 MB): not readable here]`.
fn line(file: &KnownFile, remark: &str) -> String {
    let (kind, name) = (file.kind.name(), one_line(&file.name, LONGEST_NAME));
    let mime = one_line(&file.mime, LONGEST_NAME);
    let length = file.size.map(|size| format!(", {}", length(size))).unwrap_or_default();
    format!("[{kind} \"{name}\" ({mime}{length}): {remark}]")
}

/// Formats a length for people.
fn length(bytes: u64) -> String {
    match bytes {
        1 => "1 byte".to_owned(),
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

/// Returns a person's text for use inside one of our lines, up to `limit` code points: it can neither end the
/// line nor begin another.
pub(super) fn one_line(words: &str, limit: usize) -> String {
    let harmless = |c: char| match c {
        '"' => '\'',
        '[' => '(',
        ']' => ')',
        c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
        c => c,
    };
    let words: String = words.trim().chars().take(limit).map(harmless).collect();
    if words.is_empty() { "unnamed".to_owned() } else { words }
}

#[cfg(test)]
#[path = "prompt_files_tests.rs"]
mod tests;
