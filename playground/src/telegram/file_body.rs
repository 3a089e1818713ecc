//! The fields of a message with a stored file: what the service tells a bot about it.

use serde_json::{Map, Value, json};

use super::clock::unix_now;
use super::media::{KINDS, Media, field};
use super::types::{Attachment, Message};
use super::world::World;
use crate::{audio, formats, samples};

/// Kinds whose objects have the name of the file.
const NAMED: [Attachment; 4] =
    [Attachment::Document, Attachment::Audio, Attachment::Video, Attachment::Animation];
/// Duration given for a sound or video whose headers tell none, in seconds.
const DURATION_S: u32 = 3;
/// Size in pixels of a picture whose header is unreadable.
const UNKNOWN_SIZE: (u32, u32) = (1280, 960);
/// Longer side of the smaller size of a photo, in pixels.
const SMALL_SIDE: u32 = 320;

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

/// Returns a duration in whole seconds, rounded down as the apps do.
fn whole_seconds(seconds: f64) -> u32 {
    format!("{:.0}", seconds.floor()).parse().unwrap_or(u32::MAX)
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
