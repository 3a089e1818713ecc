//! Bot API objects of files: the fields of a message with a photo, a document or a voice note.

use serde_json::{Map, Value, json};

use super::types::Attachment;
use super::world::World;
use crate::{formats, samples};

/// Duration given for every sound and video, in seconds.
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
        Attachment::Sticker => "sticker",
    }
}

/// Returns the fields of a message with a stored file.
pub(super) fn body(world: &mut World, kind: Attachment, file_id: &str) -> Map<String, Value> {
    let mut object = world.files.object(file_id).unwrap_or_default();
    let (name, mime, size) = world.files.get(file_id).map_or_else(
        || (String::new(), String::new(), UNKNOWN_SIZE),
        |file| (file.name.clone(), file.mime.clone(), picture_size(&file.bytes)),
    );
    let mut add = |fields: Value| {
        if let (Some(object), Value::Object(fields)) = (object.as_object_mut(), fields) {
            object.extend(fields);
        }
    };
    match kind {
        Attachment::Photo => add(json!({"width": size.0, "height": size.1})),
        Attachment::Document => add(json!({"file_name": name, "mime_type": mime})),
        Attachment::Voice => add(json!({"duration": DURATION_S, "mime_type": mime})),
        Attachment::Audio => {
            add(json!({"duration": DURATION_S, "file_name": name, "mime_type": mime, "title": name}));
        }
        Attachment::Video => {
            let (width, height) = UNKNOWN_SIZE;
            let looks = json!({"width": width, "height": height, "duration": DURATION_S});
            add(looks);
            add(json!({"file_name": name, "mime_type": mime}));
        }
        Attachment::VideoNote => add(json!({"length": 384, "duration": DURATION_S})),
        Attachment::Sticker => {
            add(json!({"type": "regular", "width": 512, "height": 512, "emoji": "🙂"}));
            add(json!({"is_animated": false, "is_video": false}));
        }
    }
    let value = if kind == Attachment::Photo { sizes(world, &object, size) } else { object };
    Map::from_iter([(field(kind).to_owned(), value)])
}

/// Returns the sizes of a photo, the largest last. Each size is a file of its own.
fn sizes(world: &mut World, full: &Value, (width, height): (u32, u32)) -> Value {
    let longest = width.max(height).max(1);
    if longest <= SMALL_SIDE {
        return json!([full]);
    }
    let [width, height] = [width, height].map(|side| (side * SMALL_SIDE / longest).max(1));
    let [short_width, short_height] = [width, height].map(|side| u16::try_from(side).unwrap_or(u16::MAX));
    let bytes = samples::jpeg(short_width, short_height);
    let id = world.files.add(folder(Attachment::Photo), "small.jpg", "image/jpeg", bytes);
    let mut small = world.files.object(&id).unwrap_or_default();
    small["width"] = json!(width);
    small["height"] = json!(height);
    json!([small, full])
}

/// Returns width and height of a picture; a usual size if they are unreadable.
fn picture_size(bytes: &[u8]) -> (u32, u32) {
    let size = formats::picture(bytes).and_then(|picture| picture.size);
    size.filter(|(width, height)| *width < 20_000 && *height < 20_000).unwrap_or(UNKNOWN_SIZE)
}

/// Returns whether the service would accept these bytes as a picture.
pub(super) fn is_picture(bytes: &[u8]) -> bool {
    formats::picture(bytes).is_some() || bytes.starts_with(b"BM")
}
