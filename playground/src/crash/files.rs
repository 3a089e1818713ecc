//! Files that the users of the crash test send. Each has a number in its name or content, by which it is
//! found again in requests, at the model's provider and among the files that the bot sends.

use playground::samples;
use playground::telegram::{Attachment, NewFile};

use super::marks::{Mark, Tag};

/// The MIME type of a table.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// The seconds of a voice message, by its number.
const SECONDS: std::ops::Range<u32> = 1..8;
/// How the words of a voice message begin, which stand behind its sound.
const WORDS: &[u8] = b"Question ";
/// The smallest side of a photo, in pixels.
const SIDE: u16 = 64;
/// In a JPEG, what comes before its height and width.
const SIZE_HEADER: [u8; 5] = [0xff, 0xc0, 0x00, 0x0b, 0x08];

/// The form of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum FileForm {
    /// A photo. Its size is unique.
    Photo,
    /// A PDF.
    Pdf,
    /// A text file.
    Text,
    /// A table, which the bot reads itself.
    Sheet,
    /// A voice message.
    Voice,
}

impl FileForm {
    /// Returns whether the model's provider gets a copy.
    pub(super) fn is_copied(self) -> bool {
        matches!(self, Self::Photo | Self::Pdf | Self::Text)
    }
}

/// A file that was sent to the bot.
#[derive(Clone, Debug)]
pub(super) struct UserFile {
    /// The number of the file.
    pub tag: Tag,
    /// What it is.
    pub form: FileForm,
    /// The chat of its message.
    pub chat: i64,
    /// The message id in the chat.
    pub message: i64,
    /// The id of the update with this message.
    pub update: i64,
    /// Telegram's id of the file.
    pub telegram_id: String,
    /// The word of its name that no other file has: its mark, or Telegram's id of its content.
    pub word: String,
}

/// Makes a file. `words` are what is said in a voice message or written in a table.
pub(super) fn make(form: FileForm, tag: Tag, words: &str) -> NewFile {
    let (name, content) = (Mark::File(tag), Mark::Content(tag));
    match form {
        FileForm::Photo => {
            let side = |number: i64| SIDE + u16::try_from(number % 700).unwrap_or_default();
            NewFile::photo(side(tag.user), side(tag.number.into()))
        }
        FileForm::Pdf => {
            let mut file = NewFile::pdf(&format!("{name}.pdf"), 1);
            file.bytes.extend(format!("% {content}\n").into_bytes());
            file
        }
        FileForm::Text => NewFile::text(&format!("{name}.txt"), &format!("Notes: {content}.\n")),
        FileForm::Sheet => {
            let (content, number) = (content.to_string(), tag.number.to_string());
            let table = samples::xlsx(&[&["what", "value"], &[&content, &number], &["remark", words]]);
            NewFile::new(Attachment::Document, &format!("{name}.xlsx"), XLSX, table)
        }
        FileForm::Voice => {
            let mut file = NewFile::voice(seconds(tag));
            // Players end at the last page of the sound.
            file.bytes.extend(words.as_bytes());
            file
        }
    }
}

/// Returns the duration of a voice message.
pub(super) fn seconds(tag: Tag) -> u32 {
    SECONDS.start + tag.number % (SECONDS.end - SECONDS.start)
}

/// Returns what is said in a voice message.
pub(super) fn words(sound: &[u8]) -> Option<&str> {
    let at = sound.windows(WORDS.len()).rposition(|window| window == WORDS)?;
    std::str::from_utf8(&sound[at..]).ok()
}

/// Returns what a file and its copy have in common: the size of a JPEG, whose other bytes may change, or the
/// whole content.
pub(super) fn essence(bytes: &[u8]) -> &[u8] {
    let header = bytes.windows(SIZE_HEADER.len()).position(|window| window == SIZE_HEADER);
    let size = header.and_then(|at| bytes.get(at + SIZE_HEADER.len()..at + SIZE_HEADER.len() + 4));
    size.unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart() {
        let tags = [(5_001, 0), (5_001, 1), (5_002, 0)].map(|(user, number)| Tag { user, number });
        for form in [FileForm::Photo, FileForm::Pdf, FileForm::Text, FileForm::Sheet] {
            let [first, second, third] = tags.map(|tag| make(form, tag, "").bytes);
            assert_ne!(essence(&first), essence(&second), "{form:?}");
            assert_ne!(essence(&first), essence(&third), "{form:?}");
        }
        let voice = make(FileForm::Voice, tags[1], "Question q5001x0z, briefly please.");
        assert_eq!(words(&voice.bytes), Some("Question q5001x0z, briefly please."));
        assert_eq!(words(&samples::ogg(1)), None);
    }
}
