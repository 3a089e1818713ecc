//! Bot API objects of files: the fields of a message with a photo, a document or a voice note.

use serde_json::{Map, Value, json};

use super::params::Params;
use super::types::Attachment;
use crate::{audio, formats};

/// Every kind of file. An animation comes before the document that repeats it.
pub(super) const KINDS: [Attachment; 8] = [
    Attachment::Photo,
    Attachment::Animation,
    Attachment::Document,
    Attachment::Voice,
    Attachment::Audio,
    Attachment::Video,
    Attachment::VideoNote,
    Attachment::Sticker,
];
/// Returns the first part of the download path.
pub(super) fn folder(kind: Attachment) -> &'static str {
    match kind {
        Attachment::Photo => "photos",
        Attachment::Document => "documents",
        Attachment::Voice => "voice",
        Attachment::Audio => "music",
        Attachment::Video => "videos",
        Attachment::VideoNote => "video_notes",
        Attachment::Animation => "animations",
        Attachment::Sticker => "stickers",
    }
}

/// Returns the name of the field in a message, which is also the name of the parameter that sends it.
pub(super) fn field(kind: Attachment) -> &'static str {
    match kind {
        Attachment::Photo => "photo",
        Attachment::Document => "document",
        Attachment::Voice => "voice",
        Attachment::Audio => "audio",
        Attachment::Video => "video",
        Attachment::VideoNote => "video_note",
        Attachment::Animation => "animation",
        Attachment::Sticker => "sticker",
    }
}

/// Returns the name of a kind in the service's sentences.
pub(super) fn title(kind: Attachment) -> &'static str {
    match kind {
        Attachment::Photo => "Photo",
        Attachment::Document => "Document",
        Attachment::Voice => "VoiceNote",
        Attachment::Audio => "Audio",
        Attachment::Video => "Video",
        Attachment::VideoNote => "VideoNote",
        Attachment::Animation => "Animation",
        Attachment::Sticker => "Sticker",
    }
}

/// A file to be stored, without its bytes.
pub(super) struct Media<'a> {
    pub kind: Attachment,
    /// Empty if the sender gave none.
    pub name: &'a str,
    pub mime: &'a str,
    /// Fields that extend and override those that the emulator sets: duration, titles, emoji.
    pub details: Map<String, Value>,
}

/// Returns the kind of message that an uploaded file becomes. The service looks at the content: only OGG, MP3
/// and MP4 are voice notes, only MP3 and MP4 are music, only MP4 is a video, and documents with a GIF, music
/// or a video become that.
pub(super) fn detected(kind: Attachment, bytes: &[u8]) -> Attachment {
    let gif = bytes.starts_with(b"GIF8");
    let mp4 = bytes.get(4..8) == Some(b"ftyp");
    let sound = audio::sound(bytes).map(|sound| sound.format);
    match kind {
        Attachment::Voice if matches!(sound, Some("ogg" | "mp3" | "mp4")) => kind,
        Attachment::Audio if matches!(sound, Some("ogg" | "mp3" | "mp4")) => kind,
        Attachment::Video if mp4 => kind,
        Attachment::Animation | Attachment::Document if gif => Attachment::Animation,
        Attachment::Animation if mp4 && sound.is_none() => kind,
        Attachment::Animation | Attachment::Document if mp4 => Attachment::Video,
        Attachment::Document if sound == Some("mp3") => Attachment::Audio,
        Attachment::Voice | Attachment::Audio | Attachment::Video | Attachment::Animation => {
            Attachment::Document
        }
        Attachment::Photo | Attachment::Document | Attachment::VideoNote | Attachment::Sticker => kind,
    }
}

/// Returns the parameters that describe a file of this kind.
pub(super) fn details(kind: Attachment, params: &Params) -> Map<String, Value> {
    let names: &[&str] = match kind {
        Attachment::Voice => &["duration"],
        Attachment::Audio => &["duration", "performer", "title"],
        Attachment::Video | Attachment::Animation => &["duration", "width", "height"],
        _ => &[],
    };
    let given = |name: &&str| params.get(name).map(|value| ((*name).to_owned(), value.clone()));
    names.iter().filter_map(given).collect()
}

/// Returns the kind of file in a message.
pub(super) fn kind_of(raw: &Value) -> Option<Attachment> {
    KINDS.into_iter().find(|kind| raw.get(field(*kind)).is_some())
}

/// Returns the id of the file in a message, for a photo that of the largest size.
pub(super) fn file_id(raw: &Value) -> Option<&str> {
    let object = &raw[field(kind_of(raw)?)];
    object.as_array().and_then(|sizes| sizes.last()).unwrap_or(object)["file_id"].as_str()
}

/// Adds a caption to the fields of a message; none if it is empty.
pub(super) fn add_caption(body: &mut Map<String, Value>, caption: &str, entities: &[Value]) {
    if caption.is_empty() {
        return;
    }
    body.insert("caption".to_owned(), json!(caption));
    if !entities.is_empty() {
        body.insert("caption_entities".to_owned(), json!(entities));
    }
}

/// Returns the MIME type that the content shows; `None` for kinds that are not recognised.
pub(super) fn content_type(bytes: &[u8]) -> Option<&'static str> {
    if let Some(picture) = formats::picture(bytes) {
        return Some(picture.mime);
    }
    match audio::sound(bytes)?.format {
        "ogg" => Some("audio/ogg"),
        "wav" => Some("audio/wav"),
        "mp3" => Some("audio/mpeg"),
        "flac" => Some("audio/flac"),
        _ => None,
    }
}

/// Returns width and height of a picture that the service can read; `None` for other bytes.
pub(super) fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    if bytes.starts_with(b"BM") {
        let side =
            |at: usize| Some(i32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?).unsigned_abs());
        return side(18).zip(side(22));
    }
    formats::picture(bytes).and_then(|picture| picture.size)
}
