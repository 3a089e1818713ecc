//! The file in a message: its kind, names and type, and whether a model can read it.

use super::raw::file::{File, Format};
use crate::documents;
use crate::domain::file::{Attachment, FileKind, LARGEST_LOADED, Refusal, Retrieval};
use crate::llm::{self, Readable, Unreadable, speech};

/// The longest name that is kept, in code points.
const NAME_CHARS: usize = 200;
/// The length of the part of a file's unique id in a generated name.
const ID_CHARS: usize = 8;

/// MIME types by extension, for files whose type the sender's app did not set.
const TYPES: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("avi", "video/x-msvideo"),
    ("avif", "image/avif"),
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ico", "image/x-icon"),
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

/// The way in which a model reads a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// It reads a copy of the file.
    Copy(Readable),
    /// It reads a preview that is made here.
    Preview,
}

/// Returns how a model reads an attachment: photos, static stickers and supported documents as a copy, other documents
/// that are read here as a preview. `most` is the largest file that Telegram hands out, in bytes.
///
/// # Errors
/// Returns why no model reads it.
pub(crate) fn reading(attachment: &Attachment, most: u64) -> Result<Reading, Unreadable> {
    let Attachment { kind, name, mime, size, .. } = attachment;
    if !matches!(kind, FileKind::Photo | FileKind::Document | FileKind::Sticker) {
        return Err(Unreadable::Kind);
    }
    // An unknown size is determined while the file is fetched.
    let size = size.unwrap_or(1);
    let limited = |limit: u64| {
        let limit = limit.min(most);
        if size > limit { Err(Unreadable::TooLarge { limit }) } else { Ok(()) }
    };
    match llm::readable(mime, name, size) {
        Ok(readable) => limited(LARGEST_LOADED).map(|()| Reading::Copy(readable)),
        Err(why) if *kind != FileKind::Document || !documents::supports(mime, name) => match why {
            Unreadable::TooLarge { limit } => Err(Unreadable::TooLarge { limit: limit.min(most) }),
            Unreadable::Kind | Unreadable::Empty => Err(why),
        },
        Err(_) if size == 0 => Err(Unreadable::Empty),
        Err(_) => limited(largest_document(mime, name)).map(|()| Reading::Preview),
    }
}

/// The largest document that is read here, in bytes. A text is decoded as a whole.
fn largest_document(mime: &str, name: &str) -> u64 {
    let is_text = llm::readable(mime, name, 1) == Ok(Readable::Text);
    if is_text { documents::LONGEST_TEXT as u64 } else { LARGEST_LOADED }
}

/// Returns whether it makes sense to fetch an attachment: a model reads it or a preview of it, or it is a
/// recording that can be transcribed. `most` is the largest file that Telegram hands out, in bytes.
///
/// # Errors
/// Returns the reason if it does not.
pub(crate) fn fetchable(attachment: &Attachment, most: u64) -> Result<(), Unreadable> {
    if !attachment.kind.is_spoken() {
        return reading(attachment, most).map(drop);
    }
    let limit = most.min(speech::FILE_LIMIT);
    match attachment.size {
        Some(size) if size > limit => Err(Unreadable::TooLarge { limit }),
        _ => Ok(()),
    }
}

/// Returns the state of an attachment that is not fetched yet. `most` is the largest file that Telegram hands
/// out, in bytes.
pub(super) fn untried(attachment: Option<&Attachment>, most: u64) -> Retrieval {
    let too_large = attachment.and_then(|attachment| {
        let reasons = [fetchable(attachment, most), heard_on_demand(attachment, most)];
        reasons.into_iter().find_map(|reason| match reason {
            Err(Unreadable::TooLarge { limit }) => Some(limit),
            _ => None,
        })
    });
    too_large.map_or(Retrieval::Untried, |limit| Retrieval::Refused(Refusal::TooLarge { limit }))
}

/// Returns whether an attachment can be transcribed when the model asks for it, as audio and video files can
/// in an installation with that service. `most` is the largest file that Telegram hands out, in bytes.
///
/// # Errors
/// Returns the reason if it cannot.
pub(crate) fn heard_on_demand(attachment: &Attachment, most: u64) -> Result<(), Unreadable> {
    let Attachment { kind, name, mime, size, .. } = attachment;
    let limit = most.min(speech::FILE_LIMIT);
    match size {
        _ if !speech::is_heard(*kind, mime, name) => Err(Unreadable::Kind),
        Some(size) if *size > limit => Err(Unreadable::TooLarge { limit }),
        _ => Ok(()),
    }
}

/// Returns the description of a message's file.
pub(super) fn of(file: &File) -> Attachment {
    let (known, extension) = match (file.kind, file.sticker.as_ref().map(|sticker| sticker.format)) {
        (_, Some(Format::Picture)) => (Some("image/webp"), "webp"),
        (_, Some(Format::Animation)) => (Some("application/x-tgsticker"), "tgs"),
        (_, Some(Format::Film)) => (Some("video/webm"), "webm"),
        (FileKind::Photo, None) => (Some("image/jpeg"), "jpg"),
        (FileKind::Document | FileKind::Sticker, None) => (None, "bin"),
        (FileKind::Audio, None) => (None, "mp3"),
        (FileKind::Voice, None) => (None, "ogg"),
        (FileKind::Video | FileKind::VideoNote | FileKind::Animation, None) => (None, "mp4"),
    };
    let name = file.name.as_deref().map(clean).filter(|name| !name.is_empty()).unwrap_or_else(|| {
        let id: String = file.unique_id.chars().take(ID_CHARS).collect();
        format!("{}_{id}.{extension}", file.kind.name())
    });
    let declared = known.or(file.mime.as_deref()).filter(|mime| *mime != "application/octet-stream");
    let mime = declared.unwrap_or_else(|| type_of(&name)).to_owned();
    Attachment {
        kind: file.kind,
        telegram_id: file.id.clone(),
        unique_id: file.unique_id.clone(),
        mime,
        name,
        size: file.size,
        duration_s: file.duration_s.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
        digest: None,
    }
}

/// Returns a name on one line and without directories, because senders can put anything into it, and tools
/// may make a file of this name. A long name keeps its end, with the extension.
fn clean(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    // A name of dots alone means a directory.
    let last = if last.trim().chars().all(|c| c == '.') { "" } else { last };
    let name: Vec<char> = last.trim().chars().filter(|c| !c.is_control()).collect();
    name[name.len().saturating_sub(NAME_CHARS)..].iter().collect()
}

fn type_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let found = extension
        .and_then(|extension| TYPES.binary_search_by_key(&extension.as_str(), |(known, _)| known).ok());
    found.and_then(|place| TYPES.get(place)).map_or("application/octet-stream", |(_, mime)| mime)
}

#[cfg(test)]
mod tests;
