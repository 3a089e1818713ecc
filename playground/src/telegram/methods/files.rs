//! Methods that send one file, and the one that tells the bot where to download files.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::file_body;
use super::super::files::DOWNLOAD_LIMIT;
use super::super::markup;
use super::super::media::{self, Media};
use super::super::params::{Params, Upload};
use super::super::posts::Post;
use super::super::refusal::{Outcome, Refusal};
use super::super::text::{self, Formatted};
use super::super::types::Attachment;
use super::super::world::World;
use super::target;

/// Limit of an uploaded photo, in bytes.
const PHOTO_LIMIT: usize = 10 * 1024 * 1024;
/// Limit of any other uploaded file, in bytes.
const UPLOAD_LIMIT: usize = 50 * 1024 * 1024;
/// Limit of width and height of an uploaded photo together, in pixels.
const PHOTO_SIDES: u32 = 10_000;
/// Limit of the ratio between the sides of an uploaded photo.
const PHOTO_RATIO: u32 = 20;

/// `getFile`.
pub(super) fn get(world: &World, params: &Params) -> Outcome {
    let id = params.text("file_id").unwrap_or_default();
    if id.is_empty() {
        return Err(Refusal::bad("file_id not specified"));
    }
    let file = world
        .files
        .get(id)
        .ok_or_else(|| Refusal::bad("wrong file_id or the file is temporarily unavailable"))?;
    let mut object = world.files.object(id).unwrap_or_default();
    object["file_path"] = match &world.settings.local_files {
        Some(directory) => {
            let place = directory.join(&world.settings.token).join(&file.path);
            store(&place, &file.bytes).map_err(|_| Refusal::new(500, "Internal Server Error"))?;
            json!(place)
        }
        None if file.bytes.len() > DOWNLOAD_LIMIT => return Err(Refusal::bad("file is too big")),
        None => json!(file.path),
    };
    Ok(object)
}

/// Stores a file where a local server keeps it.
fn store(place: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(directory) = place.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(place, bytes)
}

/// `sendPhoto`, `sendDocument` and the other methods that send a file: an upload, or a known `file_id`.
pub(super) fn send(world: &mut World, params: &Params, kind: Attachment) -> Outcome {
    let caption = text::formatted(params, text::CAPTION)?;
    let chat = target::writable_chat(world, params)?;
    text::within(&caption.text, text::CAPTION_LIMIT, "message caption is too long")?;
    let reply_to = target::reply_to(world, chat, params)?;
    let topic = target::topic(world, chat, params, reply_to)?;
    let reply_markup = markup::reply_markup(params)?;
    let field = media::field(kind);
    let missing = || Refusal::bad(format!("there is no {field} in the request"));
    let named = params.text(field).filter(|value| !value.is_empty());
    let value = match named {
        Some(value) => value.to_owned(),
        None if params.uploads.contains_key(field) => format!("{ATTACHED}{field}"),
        None => return Err(missing()),
    };
    let detects = !params.flag("disable_content_type_detection");
    let source = Source { details: params, detects, uploads: params };
    let file = source.find(world, kind, &value)?.ok_or_else(missing)?;
    if file.kind == Attachment::Voice && world.voice_forbidden.contains(&chat) {
        return Err(Refusal::bad("VOICE_MESSAGES_FORBIDDEN"));
    }
    let body = file.into_body(world, &caption);
    let from = world.settings.bot_id;
    Ok(world.post(chat, Post { from, topic, reply_to, body, reply_markup }).raw)
}

/// How an uploaded file is named in a parameter.
const ATTACHED: &str = "attach://";

/// Where a file of a call is looked for.
pub(super) struct Source<'a> {
    /// Duration, size and titles, which belong to the file.
    pub details: &'a Params,
    /// Whether the service may find another kind in the content of a document.
    pub detects: bool,
    /// The files of the request.
    pub uploads: &'a Params,
}

/// A file that passed every check and is not stored yet.
pub(super) struct CheckedFile<'a> {
    /// The kind of message that it becomes.
    pub kind: Attachment,
    content: Content<'a>,
}

enum Content<'a> {
    New(&'a Upload, Map<String, Value>),
    Known(String),
}

impl<'a> Source<'a> {
    /// Returns the file that a parameter names; `None` if the request has no upload of that name.
    pub(super) fn find(
        &self,
        world: &World,
        kind: Attachment,
        value: &str,
    ) -> Result<Option<CheckedFile<'a>>, Refusal> {
        let Some(name) = value.strip_prefix(ATTACHED) else { return known(world, kind, value).map(Some) };
        let Some(upload) = self.uploads.uploads.get(name) else { return Ok(None) };
        check_upload(kind, upload)?;
        let kind = if kind == Attachment::Document && !self.detects {
            kind
        } else {
            media::detected(kind, &upload.bytes)
        };
        let content = Content::New(upload, media::details(kind, self.details));
        Ok(Some(CheckedFile { kind, content }))
    }
}

impl CheckedFile<'_> {
    /// Stores the file and returns the fields of its message.
    pub(super) fn into_body(self, world: &mut World, caption: &Formatted) -> Map<String, Value> {
        let id = match self.content {
            Content::Known(id) => id,
            Content::New(upload, details) => {
                let name = upload.name.rsplit(['/', '\\']).next().unwrap_or_default();
                let bytes = upload.bytes.clone();
                world.files.add(Media { kind: self.kind, name, mime: &upload.mime, details }, bytes)
            }
        };
        let mut body = file_body::body(world, &id);
        media::add_caption(&mut body, &caption.text, &caption.entities);
        body
    }

    /// Returns the id of a file that is sent again.
    pub(super) fn known_id(&self) -> Option<&str> {
        match &self.content {
            Content::Known(id) => Some(id),
            Content::New(..) => None,
        }
    }
}

fn check_upload(kind: Attachment, upload: &Upload) -> Result<(), Refusal> {
    let size = upload.bytes.len();
    if size > UPLOAD_LIMIT {
        return Err(Refusal::new(413, "Request Entity Too Large"));
    }
    if size == 0 {
        return Err(Refusal::bad("file must be non-empty"));
    }
    if kind != Attachment::Photo {
        return Ok(());
    }
    if size > PHOTO_LIMIT {
        return Err(Refusal::bad(format!(
            "file of size {size} bytes is too big for a photo; the maximum size is {PHOTO_LIMIT} bytes"
        )));
    }
    match media::dimensions(&upload.bytes) {
        None => Err(Refusal::bad("IMAGE_PROCESS_FAILED")),
        Some((width, height)) => {
            let ratio = width.max(height) / width.min(height).max(1);
            let fits = width.saturating_add(height) <= PHOTO_SIDES && ratio <= PHOTO_RATIO;
            if fits { Ok(()) } else { Err(Refusal::bad("PHOTO_INVALID_DIMENSIONS")) }
        }
    }
}

fn known<'a>(world: &World, kind: Attachment, id: &str) -> Result<CheckedFile<'a>, Refusal> {
    if id.starts_with("http://") || id.starts_with("https://") {
        // The emulator has no way out.
        return Err(Refusal::bad("failed to get HTTP URL content"));
    }
    let Some(file) = world.files.get(id) else {
        return Err(Refusal::bad("wrong file identifier/HTTP URL specified: Wrong padding in the string"));
    };
    if file.kind != kind {
        let (own, wanted) = (media::title(file.kind), media::title(kind));
        return Err(Refusal::bad(format!("can't use file of type {own} as {wanted}")));
    }
    Ok(CheckedFile { kind, content: Content::Known(id.to_owned()) })
}
