//! Bot API objects of files: the fields of a message with a photo, a document or a voice note.

use serde_json::{Map, Value, json};

use super::clock::unix_now;
use super::params::Params;
use super::types::{Attachment, Message};
use super::world::World;
use crate::{audio, formats, samples};

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
/// Kinds whose objects have the name of the file.
const NAMED: [Attachment; 4] =
    [Attachment::Document, Attachment::Audio, Attachment::Video, Attachment::Animation];
/// Duration given for a sound or video whose headers tell none, in seconds.
const DURATION_S: u32 = 3;
/// Size in pixels of a picture whose header is unreadable.
const UNKNOWN_SIZE: (u32, u32) = (1280, 960);
/// Longer side of the smaller size of a photo, in pixels.
const SMALL_SIDE: u32 = 320;

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

/// Returns the fields of a message with a stored file.
pub(super) fn body(world: &mut World, file_id: &str) -> Map<String, Value> {
    let mut object = world.files.object(file_id).unwrap_or_default();
    let Some(file) = world.files.get(file_id).cloned() else { return Map::new() };
    let (kind, mime) = (file.kind, file.mime);
    let size = picture_size(&file.bytes);
    let duration = audio::sound(&file.bytes).and_then(|sound| sound.seconds);
    let duration = duration.map_or(DURATION_S, whole_seconds);
    let mut add = |fields: Value| {
        if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
            object.extend(fields);
        }
    };
    if !file.name.is_empty() && NAMED.contains(&kind) {
        add(json!({"file_name": file.name}));
    }
    if kind != Attachment::Photo && kind != Attachment::VideoNote && kind != Attachment::Sticker {
        add(json!({"mime_type": mime}));
    }
    match kind {
        Attachment::Photo => add(json!({"width": size.0, "height": size.1})),
        Attachment::Document => {}
        Attachment::Voice => add(json!({"duration": duration})),
        Attachment::Audio if file.name.is_empty() => add(json!({"duration": duration})),
        Attachment::Audio => add(json!({"duration": duration, "title": file.name})),
        Attachment::Video | Attachment::Animation => {
            add(json!({"width": size.0, "height": size.1, "duration": duration}));
        }
        Attachment::VideoNote => add(json!({"length": 384, "duration": duration})),
        Attachment::Sticker => {
            add(json!({"type": "regular", "width": 512, "height": 512, "emoji": "🙂"}));
            let (animated, video) = (mime == "application/x-tgsticker", mime == "video/webm");
            add(json!({"is_animated": animated, "is_video": video}));
        }
    }
    add(Value::Object(file.details));
    let value = if kind == Attachment::Photo { sizes(world, &object, size) } else { object };
    let mut fields = Map::from_iter([(field(kind).to_owned(), value)]);
    if kind == Attachment::Animation {
        // The service repeats an animation as a document, for bots that do not know animations.
        let mut document = fields["animation"].clone();
        if let Some(document) = document.as_object_mut() {
            document.retain(|key, _| !matches!(key.as_str(), "duration" | "width" | "height"));
        }
        fields.insert("document".to_owned(), document);
    }
    fields
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

/// Returns a duration in whole seconds, rounded down as the apps do.
fn whole_seconds(seconds: f64) -> u32 {
    format!("{:.0}", seconds.floor()).parse().unwrap_or(u32::MAX)
}

/// Returns the sizes of a photo, the largest last. Each size is a file of its own.
fn sizes(world: &mut World, full: &Value, (width, height): (u32, u32)) -> Value {
    let longest = width.max(height).max(1);
    if longest <= SMALL_SIDE {
        return json!([full]);
    }
    let [width, height] = [width, height].map(|side| (side * SMALL_SIDE / longest).max(1));
    let [short_width, short_height] = [width, height].map(|side| u16::try_from(side).unwrap_or(u16::MAX));
    let id = full["file_id"].as_str().unwrap_or_default();
    let known = world.files.get(id).and_then(|photo| photo.small.clone());
    let small = known.unwrap_or_else(|| {
        let (kind, mime) = (Attachment::Photo, "image/jpeg");
        let bytes = samples::jpeg(short_width, short_height);
        world.files.add(Media { kind, name: "small.jpg", mime, details: Map::new() }, bytes)
    });
    world.files.set_small(id, &small);
    let mut small = world.files.object(&small).unwrap_or_default();
    small["width"] = json!(width);
    small["height"] = json!(height);
    json!([small, full])
}

/// Returns width and height of a picture; a usual size if they are unreadable.
fn picture_size(bytes: &[u8]) -> (u32, u32) {
    let size = formats::picture(bytes).and_then(|picture| picture.size);
    size.filter(|(width, height)| *width < 20_000 && *height < 20_000).unwrap_or(UNKNOWN_SIZE)
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

impl World {
    /// Replaces the file, the caption and the keyboard of a message. Returns the message; `None` if it does
    /// not exist.
    pub(super) fn replace_file(
        &mut self,
        chat: i64,
        id: i64,
        body: Map<String, Value>,
        markup: Option<Value>,
    ) -> Option<Message> {
        let message = self.chats.get_mut(&chat)?.messages.get_mut(&id)?;
        let raw = message.raw.as_object_mut()?;
        raw.retain(|key, _| {
            !matches!(key.as_str(), "text" | "entities" | "caption" | "caption_entities" | "reply_markup")
                && !KINDS.iter().any(|kind| field(*kind) == key)
        });
        raw.extend(body);
        raw.insert("edit_date".to_owned(), json!(unix_now()));
        if let Some(markup) = &markup {
            raw.insert("reply_markup".to_owned(), markup.clone());
        }
        message.text = raw.get("caption").and_then(Value::as_str).unwrap_or_default().to_owned();
        let entities = raw.get("caption_entities").and_then(Value::as_array).cloned();
        message.entities = entities.unwrap_or_default();
        message.reply_markup = markup;
        message.edits += 1;
        let edited = message.clone();
        self.touch(chat);
        Some(edited)
    }
}
