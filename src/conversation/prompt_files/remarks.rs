//! The lines about files in prompts: how a file is described, and what became of it.

use crate::domain::file::{DocumentFault, FileKind, KnownFile};
use crate::domain::media::SentFileNote;
use crate::domain::speech::clock;
use crate::llm::Unreadable;

/// The longest name in a prompt, in code points.
pub(super) const LONGEST_NAME: usize = 255;

/// Follows the description of a file of which the provider has no copy.
pub(super) const NO_COPY: &str = "cannot be read now; the person would have to send it again";
/// Follows the description of a file that could not be downloaded from Telegram.
pub(super) const NOT_FETCHED: &str =
    "could not be fetched from Telegram; the person would have to send it again";
/// Follows the description of a file that was not fetched, because its sender had reached the limit of a day.
pub(super) const OVER_DAILY_LIMIT: &str = "not fetched, the person has reached the limit of bytes per day; \
                                the person would have to send it again on the next day (UTC)";
/// Follows the description of a recording that could not be transcribed.
pub(super) const NOT_HEARD: &str =
    "could not be transcribed; the person would have to send it again or write it";
/// Follows the description of a recording without words.
pub(super) const NOTHING_SAID: &str = "nothing is said in it";
/// Follows the public id of a recording or film that can be transcribed.
pub(super) const HEARD: &str = "transcribe_audio turns what is said in it into text";
/// Precedes the file of the message that is replied to.
pub(super) const REPLIED: &str = "[the file of the message that is replied to:]";
/// Follows the description of a document whose preview follows.
pub(super) const PREVIEW: &str =
    "what could be read of it follows up to the line that ends it; preview_file reads on";
/// Follows the description of a document whose preview is left out.
pub(super) const OLD_PREVIEW: &str = "left out, because many files came after it; preview_file reads it";
/// Ends a preview.
pub(super) const PREVIEW_END: &str = "[end of the preview]";
/// Follows the public id of a picture that is left out because many later ones exist.
pub(super) const OLD_IMAGE: &str =
    "left out, because many files came after it; analyze_image answers a question about it";
/// Follows the public id of a PDF that is left out because many later ones exist.
pub(super) const OLD_PDF: &str =
    "left out, because many files came after it; analyze_pdf answers a question about it";

/// Why a document has no preview.
pub(super) fn why_not(fault: DocumentFault) -> &'static str {
    match fault {
        DocumentFault::Empty => "empty",
        DocumentFault::Encrypted => {
            "cannot be read, it needs a password; the person would have to send it without one"
        }
        DocumentFault::Broken => {
            "cannot be read, it is damaged or incomplete; the person would have to send it again"
        }
        DocumentFault::TooLarge => {
            "cannot be read, it unpacks to too much; the person would have to send a part of it"
        }
        DocumentFault::Unsupported => "cannot be read, its content is of a format that is not supported here",
    }
}

/// The mark before the words of a recording, such as `[voice message, 0:12]`.
pub(in crate::conversation) fn spoken_mark(kind: FileKind, seconds: u32) -> String {
    let name = if kind == FileKind::VideoNote { "video message" } else { "voice message" };
    format!("[{name}, {}]", clock(seconds))
}

pub(super) fn why(reason: Unreadable) -> String {
    match reason {
        Unreadable::Kind => "not readable here".to_owned(),
        Unreadable::TooLarge { limit } => {
            format!("too large to be read here, the limit is {}", length(limit))
        }
        Unreadable::Empty => "empty".to_owned(),
    }
}

/// The line that tells what became of the files of the answer before it, such as `[files of the answer above:
/// "chart.png" (file_...): the person has got it]`; empty without files.
pub(in crate::conversation) fn sent(files: &[SentFileNote]) -> String {
    if files.is_empty() {
        return String::new();
    }
    let line = |SentFileNote { id, name, sent }: &SentFileNote| {
        let fate = if *sent { "the person has got it" } else { "not delivered, Telegram refused it" };
        format!("\"{}\" ({id}): {fate}", one_line(name, LONGEST_NAME))
    };
    format!("[files of the answer above: {}]", files.iter().map(line).collect::<Vec<_>>().join("; "))
}

/// Returns a line such as `[document "x.bin" (application/octet-stream, 3.1 MB): not readable here]`.
pub(super) fn line(file: &KnownFile, remark: &str) -> String {
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
pub(in crate::conversation) fn one_line(words: &str, limit: usize) -> String {
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
