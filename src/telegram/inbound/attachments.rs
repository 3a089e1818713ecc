//! The file in a message: what kind it is, its names, its type, and whether a model can read it.

use teloxide::types::{FileMeta, Message, PhotoSize, StickerFormat};

pub use crate::domain::file::DOWNLOAD_LIMIT;
use crate::domain::file::{Attachment, FileKind};
use crate::llm::{self, Readable, Unreadable};

/// The longest name that is kept, in code points.
const NAME_CHARS: usize = 200;
/// How much of a file's unique id a name of ours contains.
const ID_CHARS: usize = 8;
/// What the framework puts where Telegram tells no size.
const NO_SIZE: u32 = u32::MAX;

/// Types by extension, for files of which the sender's app says nothing.
const TYPES: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("avi", "video/x-msvideo"),
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("rar", "application/vnd.rar"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("toml", "application/toml"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
];

/// As what a model reads an attachment: photos and documents, as far as it can and they can be fetched.
///
/// # Errors
/// Why it does not.
pub fn readable(attachment: &Attachment) -> Result<Readable, Unreadable> {
    let Attachment { kind, name, mime, size, .. } = attachment;
    if !matches!(kind, FileKind::Photo | FileKind::Document) {
        return Err(Unreadable::Kind);
    }
    // A size that is not told is found out while the file is fetched.
    llm::readable(mime, name, size.unwrap_or(1))
}

/// The file of a message, if it has one.
pub(super) fn read(message: &Message) -> Option<Attachment> {
    // Before documents: Telegram tells of an animation as of a document, too.
    if let Some(file) = message.animation() {
        let (name, mime) = (file.file_name.as_deref(), told(file.mime_type.as_ref()));
        return Some(attachment(FileKind::Animation, &file.file, name, mime, "mp4"));
    }
    if let Some(size) = message.photo().and_then(largest) {
        return Some(attachment(FileKind::Photo, &size.file, None, Some("image/jpeg"), "jpg"));
    }
    if let Some(file) = message.document() {
        let (name, mime) = (file.file_name.as_deref(), told(file.mime_type.as_ref()));
        return Some(attachment(FileKind::Document, &file.file, name, mime, "bin"));
    }
    if let Some(file) = message.audio() {
        let (name, mime) = (file.file_name.as_deref(), told(file.mime_type.as_ref()));
        return Some(attachment(FileKind::Audio, &file.file, name, mime, "mp3"));
    }
    if let Some(file) = message.video() {
        let (name, mime) = (file.file_name.as_deref(), told(file.mime_type.as_ref()));
        return Some(attachment(FileKind::Video, &file.file, name, mime, "mp4"));
    }
    if let Some(file) = message.voice() {
        let mime = told(file.mime_type.as_ref());
        return Some(attachment(FileKind::Voice, &file.file, None, mime, "ogg"));
    }
    if let Some(file) = message.video_note() {
        return Some(attachment(FileKind::VideoNote, &file.file, None, None, "mp4"));
    }
    let file = message.sticker()?;
    let (mime, extension) = match file.format() {
        StickerFormat::Static => ("image/webp", "webp"),
        StickerFormat::Animated => ("application/x-tgsticker", "tgs"),
        StickerFormat::Video => ("video/webm", "webm"),
    };
    Some(attachment(FileKind::Sticker, &file.file, None, Some(mime), extension))
}

fn largest(sizes: &[PhotoSize]) -> Option<&PhotoSize> {
    sizes.iter().max_by_key(|size| u64::from(size.width) * u64::from(size.height))
}

fn told(mime: Option<&impl AsRef<str>>) -> Option<&str> {
    mime.map(AsRef::as_ref)
}

fn attachment(
    kind: FileKind,
    file: &FileMeta,
    name: Option<&str>,
    mime: Option<&str>,
    extension: &str,
) -> Attachment {
    let name = name.map(clean).filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let id: String = file.unique_id.0.chars().take(ID_CHARS).collect();
        format!("{}_{id}.{extension}", kind.name())
    });
    let mime = mime.filter(|mime| *mime != "application/octet-stream").unwrap_or_else(|| type_of(&name));
    Attachment {
        kind,
        telegram_id: file.id.0.clone(),
        unique_id: file.unique_id.0.clone(),
        mime: mime.to_owned(),
        name,
        size: (file.size != NO_SIZE).then(|| u64::from(file.size)),
    }
}

/// A name in one line: senders can put anything into one. A long one keeps its end, which tells the type.
fn clean(name: &str) -> String {
    let name: Vec<char> = name.trim().chars().filter(|c| !c.is_control()).collect();
    name[name.len().saturating_sub(NAME_CHARS)..].iter().collect()
}

fn type_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let found = extension
        .and_then(|extension| TYPES.binary_search_by_key(&extension.as_str(), |(known, _)| known).ok());
    found.and_then(|place| TYPES.get(place)).map_or("application/octet-stream", |(_, mime)| mime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_the_extension() {
        assert!(TYPES.is_sorted());
        for (name, mime) in [
            ("a.PDF", "application/pdf"),
            ("archive.tar.gz", "application/gzip"),
            ("a.tiff", "image/tiff"),
            ("a.unknown", "application/octet-stream"),
            ("pdf", "application/octet-stream"),
        ] {
            assert_eq!(type_of(name), mime, "{name}");
        }
    }

    #[test]
    fn names_are_one_line_and_not_endless() {
        assert_eq!(clean(" a\n\u{0}b.txt "), "ab.txt");
        assert_eq!(clean(&format!("{}.pdf", "x".repeat(300))).len(), NAME_CHARS);
        assert!(clean(&format!("{}.pdf", "x".repeat(300))).ends_with("x.pdf"));
    }
}
