//! Files in a prompt: blocks that show them to the model, previews as text, or lines that describe them.
//!
//! The form of a file depends on the conversation up to its message, on the number of later files and on
//! whether this installation transcribes, but not on a clock, on the state of other copies or on what was
//! transcribed since. A block therefore stays a block until a whole step of the oldest files becomes lines.
//! When the operator adds or removes the key for transcripts, the lines of recordings change once, and the
//! cached prefix of these conversations is written again.

mod remarks;

use self::remarks::{
    HEARD, LONGEST_NAME, NO_COPY, NOT_FETCHED, NOT_HEARD, NOTHING_SAID, OLD_IMAGE, OLD_PDF, OLD_PREVIEW,
    OVER_DAILY_LIMIT, PREVIEW, PREVIEW_END, REPLIED, line, why, why_not,
};
pub(super) use self::remarks::{one_line, sent, spoken_mark};
use crate::documents;
use crate::domain::file::{FileKind, KnownFile, Refusal};
use crate::domain::history::Window;
use crate::domain::message::{HistoryMessage, Role};
use crate::llm::message::{Block, FileBlock};
use crate::llm::{self, Readable, Unreadable, speech};

/// The images shown in a request. With more than 20, the provider rejects every image over 2,000 pixels in
/// width or height; photos can be that large.
const IMAGES: Window = Window { limit: 20, step: 10 };
/// The PDFs shown in a request: together they may have 600 pages.
const PDFS: Window = Window { limit: 10, step: 5 };
/// How many previews of documents a request shows. Each has up to 12,000 code points, and the model can read
/// an older file again.
const PREVIEWS: Window = Window { limit: 10, step: 5 };

/// The number of oldest files of a conversation that are still to be left out, counted down while its
/// messages are read in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct FileWindow {
    images: i64,
    pdfs: i64,
    previews: i64,
    /// Whether the model can have files transcribed.
    transcribes: bool,
}

impl FileWindow {
    /// Counts the files of a conversation. `transcribes` says whether the model has the tool for that.
    pub(super) fn of<'a>(history: impl IntoIterator<Item = &'a HistoryMessage>, transcribes: bool) -> Self {
        let (mut images, mut pdfs, mut previews) = (0, 0, 0);
        for file in history.into_iter().flat_map(shown).filter(|file| !file.not_fetched) {
            if file.refusal == Some(Refusal::DailyLimit) {
                continue;
            }
            if file.preview.is_some() {
                previews += 1;
                continue;
            }
            if file.fault.is_some() {
                continue;
            }
            match readable(file) {
                Ok(Readable::Image) => images += 1,
                Ok(Readable::Pdf) => pdfs += 1,
                Ok(Readable::Text) | Err(_) => {}
            }
        }
        Self {
            images: IMAGES.skipped(images),
            pdfs: PDFS.skipped(pdfs),
            previews: PREVIEWS.skipped(previews),
            transcribes,
        }
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
        if file.refusal == Some(Refusal::DailyLimit) {
            return Block::Text(line(file, OVER_DAILY_LIMIT));
        }
        if file.spoken.is_some() {
            return Block::Text(line(file, NOTHING_SAID));
        }
        if let Some(preview) = &file.preview {
            return Block::Text(self.preview(file, preview));
        }
        if let Some(fault) = file.fault {
            return Block::Text(line(file, why_not(fault)));
        }
        let readable = match readable(file) {
            Ok(readable) => readable,
            Err(reason) => return Block::Text(self.unread(file, reason)),
        };
        if self.leaves_out(readable) {
            let remark = if readable == Readable::Image { OLD_IMAGE } else { OLD_PDF };
            return Block::Text(line(file, &format!("{}, {remark}", file.public_id)));
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

    /// Returns the line of a file that the model does not read itself.
    fn unread(&self, file: &KnownFile, reason: Unreadable) -> String {
        let is_heard = self.transcribes && speech::is_heard(file.kind, &file.mime, &file.name);
        match (file.size, file.refusal) {
            (Some(0), _) if is_heard => line(file, &why(Unreadable::Empty)),
            (_, Some(Refusal::TooLarge { limit })) if is_heard => {
                line(file, &why(Unreadable::TooLarge { limit }))
            }
            _ if is_heard => line(file, &format!("{}, {HEARD}", file.public_id)),
            _ => line(file, &why(reason)),
        }
    }

    fn preview(&mut self, file: &KnownFile, preview: &str) -> String {
        let leaves_out = self.previews > 0;
        self.previews -= i64::from(leaves_out);
        let told = |remark: &str| line(file, &format!("{}, {remark}", file.public_id));
        if leaves_out { told(OLD_PREVIEW) } else { format!("{}\n{}", told(PREVIEW), body(preview)) }
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

/// The content of a file in a prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ShownContent<'a> {
    /// The id of a copy at the provider.
    Copy(&'a str),
    /// The preview of a document.
    Preview(&'a str),
}

/// Returns whether a prompt of these messages shows the content of a file.
pub(crate) fn shows<'a>(
    messages: impl IntoIterator<Item = &'a HistoryMessage> + Clone,
    content: ShownContent<'_>,
) -> bool {
    // Neither copies nor previews depend on the tool for recordings.
    let mut file_window = FileWindow::of(messages.clone(), false);
    let mut blocks = messages.into_iter().flat_map(|message| file_window.blocks(message));
    match content {
        ShownContent::Copy(copy) => blocks.any(|block| matches!(block, Block::File(file) if file.id == copy)),
        ShownContent::Preview(preview) => {
            let body = body(preview);
            let below = |text: &str| text.split_once('\n').is_some_and(|(_, below)| below == body);
            blocks.any(|block| matches!(block, Block::Text(text) if below(&text)))
        }
    }
}

/// Returns a preview as it stands below the line of its file, with the line that ends it.
fn body(preview: &str) -> String {
    format!("{preview}\n{PREVIEW_END}")
}

/// Returns the form in which the model reads a file. A file of unknown length does not count as empty.
fn readable(file: &KnownFile) -> Result<Readable, Unreadable> {
    let KnownFile { kind, name, mime, .. } = file;
    if let Some(Refusal::TooLarge { limit }) = file.refusal {
        // Other files would not have been fetched at any size, and migrations have set a limit for all.
        let would_be_fetched = kind.is_spoken()
            || matches!(llm::readable(mime, name, 1), Ok(Readable::Image | Readable::Pdf))
            || *kind == FileKind::Document && documents::supports(mime, name);
        if would_be_fetched {
            return Err(Unreadable::TooLarge { limit });
        }
    }
    llm::readable(mime, name, file.size.unwrap_or(1))
}

#[cfg(test)]
mod tests;
