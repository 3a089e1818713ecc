//! The formats of recordings, by what is said of a file; its content is checked by the service alone.

use crate::domain::file::FileKind;
use crate::llm::files;

/// The extensions that the API accepts, and the others under which files of these formats are known.
const EXTENSIONS: &[(&str, &str)] = &[
    ("flac", "flac"),
    ("m4a", "m4a"),
    ("m4b", "m4a"),
    ("m4v", "mp4"),
    ("mov", "mp4"),
    ("mp3", "mp3"),
    ("mp4", "mp4"),
    ("mpeg", "mpeg"),
    ("mpga", "mpga"),
    ("oga", "ogg"),
    ("ogg", "ogg"),
    ("opus", "ogg"),
    ("wav", "wav"),
    ("webm", "webm"),
];

/// Returns whether a file may contain speech in a format that the service takes. Video containers are taken
/// as they are. Animations have no sound.
pub(crate) fn is_heard(kind: FileKind, mime: &str, name: &str) -> bool {
    match kind {
        FileKind::Voice | FileKind::VideoNote => true,
        FileKind::Audio | FileKind::Video | FileKind::Document => extension(name, mime).is_some(),
        FileKind::Animation | FileKind::Photo | FileKind::Sticker => false,
    }
}

/// Returns whether a file is said to be audio or video, in whatever format.
pub(crate) fn is_media(kind: FileKind, mime: &str) -> bool {
    let essence = files::essence(mime);
    let is_named = essence.starts_with("audio/") || essence.starts_with("video/");
    matches!(kind, FileKind::Audio | FileKind::Video) || (kind == FileKind::Document && is_named)
}

/// Returns a name with an extension that the API accepts. Telegram calls voice messages `.oga`.
pub(super) fn file_name(name: &str, mime: &str) -> String {
    format!("recording.{}", extension(name, mime).unwrap_or("ogg"))
}

/// Returns the extension for a file of this name and type; `None` if neither is known.
fn extension(name: &str, mime: &str) -> Option<&'static str> {
    let own = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    let found = own.and_then(|own| EXTENSIONS.iter().find(|(known, _)| *known == own));
    if let Some((_, extension)) = found {
        return Some(extension);
    }
    match files::essence(mime).as_str() {
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        "audio/mp4" | "audio/x-m4a" | "audio/m4a" | "audio/aac" => Some("m4a"),
        "audio/flac" | "audio/x-flac" => Some("flac"),
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some("wav"),
        "audio/webm" | "video/webm" => Some("webm"),
        "audio/ogg" | "audio/opus" | "application/ogg" => Some("ogg"),
        "video/mp4" | "video/quicktime" | "video/x-m4v" => Some("mp4"),
        "video/mpeg" => Some("mpeg"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
