//! Methods that send files and that tell the bot where to download them.

use serde_json::{Map, json};

use super::super::files::DOWNLOAD_LIMIT;
use super::super::markup;
use super::super::media;
use super::super::params::{Params, Upload};
use super::super::refusal::{Outcome, Refusal};
use super::super::text;
use super::super::types::Attachment;
use super::super::world::{Post, World};
use super::target;

/// Limit of an uploaded photo, in bytes.
const PHOTO_LIMIT: usize = 10 * 1024 * 1024;
/// Limit of any other uploaded file, in bytes.
const UPLOAD_LIMIT: usize = 50 * 1024 * 1024;

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
    if file.bytes.len() > DOWNLOAD_LIMIT {
        return Err(Refusal::bad("file is too big"));
    }
    let mut object = world.files.object(id).unwrap_or_default();
    object["file_path"] = json!(file.path);
    Ok(object)
}

/// `sendPhoto`, `sendDocument` and the other methods that send a file: an upload, or a known `file_id`.
pub(super) fn send(world: &mut World, params: &Params, kind: Attachment) -> Outcome {
    let caption = text::formatted(params, text::CAPTION)?;
    let chat = target::writable_chat(world, params)?;
    text::within(&caption.text, text::CAPTION_LIMIT, "message caption is too long")?;
    let reply_to = target::reply_to(world, chat, params)?;
    let topic = target::topic(world, chat, params, reply_to)?;
    let reply_markup = markup::reply_markup(params)?;
    let file_id = match upload(params, kind) {
        Some(upload) => store(world, kind, upload)?,
        None => known(world, params, kind)?,
    };
    let mut body: Map<_, _> = media::body(world, kind, &file_id);
    if !caption.text.is_empty() {
        body.insert("caption".to_owned(), json!(caption.text));
        if !caption.entities.is_empty() {
            body.insert("caption_entities".to_owned(), json!(caption.entities));
        }
    }
    let from = world.settings.bot_id;
    Ok(world.post(chat, Post { from, topic, reply_to, body, reply_markup }).raw)
}

/// Returns the uploaded file: under the parameter's own name, or under the name in `attach://`.
fn upload(params: &Params, kind: Attachment) -> Option<&Upload> {
    let field = media::field(kind);
    let attached = params.text(field).and_then(|value| value.strip_prefix("attach://"));
    params.uploads.get(attached.unwrap_or(field))
}

fn store(world: &mut World, kind: Attachment, upload: &Upload) -> Result<String, Refusal> {
    let limit = if kind == Attachment::Photo { PHOTO_LIMIT } else { UPLOAD_LIMIT };
    if upload.bytes.len() > limit {
        return Err(Refusal::new(413, "Request Entity Too Large"));
    }
    if upload.bytes.is_empty() {
        return Err(Refusal::bad("file must be non-empty"));
    }
    if kind == Attachment::Photo && !media::is_picture(&upload.bytes) {
        return Err(Refusal::bad("IMAGE_PROCESS_FAILED"));
    }
    Ok(world.files.add(media::folder(kind), &upload.name, &upload.mime, upload.bytes.clone()))
}

fn known(world: &World, params: &Params, kind: Attachment) -> Result<String, Refusal> {
    let field = media::field(kind);
    let id = params.text(field).unwrap_or_default();
    if id.is_empty() {
        return Err(Refusal::bad(format!("there is no {field} in the request")));
    }
    match world.files.get(id) {
        Some(_) => Ok(id.to_owned()),
        None => Err(Refusal::bad("wrong file identifier/HTTP URL specified: Wrong padding in the string")),
    }
}
