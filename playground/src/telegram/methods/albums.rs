//! `sendMediaGroup`, and the objects that describe files inside parameters.

use serde_json::{Map, Value, json};

use super::super::media;
use super::super::params::Params;
use super::super::posts::Post;
use super::super::refusal::{Outcome, Refusal};
use super::super::text::{self, Formatted};
use super::super::types::Attachment;
use super::super::world::World;
use super::files::{CheckedFile, Source};
use super::target;

/// Limit of files per album.
const ALBUM_LIMIT: usize = 10;

/// `sendMediaGroup`. Nothing is sent if one of the files is refused.
pub(super) fn send(world: &mut World, params: &Params) -> Outcome {
    let items = params.list("media")?.map(Vec::as_slice).unwrap_or_default();
    match items.len() {
        0 => return Err(Refusal::bad("there are no messages to send")),
        // The real service sends a single file without an album; its documentation does not promise that.
        1 => return Err(Refusal::bad("an album must have 2-10 items")),
        count if count > ALBUM_LIMIT => return Err(Refusal::bad("too many messages to send as an album")),
        _ => {}
    }
    let inputs: Vec<Input> = items.iter().map(Input::read).collect::<Result<_, _>>()?;
    if inputs.iter().any(|input| input.kind == Attachment::Animation) {
        return Err(unreadable("type \"animation\" can't be used in sendMediaGroup"));
    }
    check_mix(&inputs)?;
    let chat = target::writable_chat(world, params)?;
    let reply_to = target::reply_to(world, chat, params)?;
    let topic = target::topic(world, chat, params, reply_to)?;
    let mut checked = Vec::with_capacity(inputs.len());
    for (number, input) in inputs.iter().enumerate() {
        let caption = input.caption("message caption is too long")?;
        let file = input.file(world, params, false).map_err(|refusal| in_album(number + 1, refusal))?;
        checked.push((file, caption));
    }
    let (album, from) = (world.files.next_album(), world.settings.bot_id);
    let mut sent = Vec::with_capacity(checked.len());
    for (file, caption) in checked {
        let mut body = file.into_body(world, &caption);
        body.insert("media_group_id".to_owned(), json!(album));
        sent.push(world.post(chat, Post { from, topic, reply_to, body, reply_markup: None }).raw);
    }
    Ok(Value::Array(sent))
}

/// Documents and music make albums only among themselves.
fn check_mix(inputs: &[Input]) -> Result<(), Refusal> {
    let alone = [Attachment::Audio, Attachment::Document];
    let mixed = inputs
        .iter()
        .map(|input| input.kind)
        .find(|kind| alone.contains(kind) && inputs.iter().any(|other| other.kind != *kind));
    match mixed {
        Some(kind) => {
            Err(Refusal::bad(format!("{} can't be mixed with other media types", media::title(kind))))
        }
        None => Ok(()),
    }
}

fn in_album(number: usize, refusal: Refusal) -> Refusal {
    let server_side = ["IMAGE_PROCESS_FAILED", "PHOTO_INVALID_DIMENSIONS"];
    let Some(reason) = server_side.into_iter().find(|reason| refusal.description.ends_with(reason)) else {
        return refusal;
    };
    Refusal::bad(format!("failed to send message #{number} with the error message \"{reason}\""))
}

fn unreadable(reason: &str) -> Refusal {
    Refusal::bad(format!("can't parse InputMedia: {reason}"))
}

/// An `InputMedia` object.
pub(super) struct Input {
    /// The kind of file.
    pub kind: Attachment,
    /// The id, or the name of the upload.
    media: String,
    fields: Params,
}

impl Input {
    /// Reads one object.
    pub(super) fn read(item: &Value) -> Result<Self, Refusal> {
        let object = item.as_object().ok_or_else(|| unreadable("expected an Object"))?;
        Self::from_object(object)
    }

    pub(super) fn from_object(object: &Map<String, Value>) -> Result<Self, Refusal> {
        let kind = match object.get("type").and_then(Value::as_str) {
            Some("photo") => Attachment::Photo,
            Some("video") => Attachment::Video,
            Some("animation") => Attachment::Animation,
            Some("audio") => Attachment::Audio,
            Some("document") => Attachment::Document,
            Some(other) => return Err(unreadable(&format!("type \"{other}\" is unsupported"))),
            None => return Err(unreadable("can't find field \"type\"")),
        };
        let media = object.get("media").and_then(Value::as_str).unwrap_or_default().to_owned();
        if media.is_empty() {
            return Err(unreadable("media not found"));
        }
        let mut fields = Params::default();
        fields.add_object(object.clone());
        Ok(Self { kind, media, fields })
    }

    /// Returns the caption; a longer one than allowed is refused with this sentence.
    pub(super) fn caption(&self, too_long: &str) -> Result<Formatted, Refusal> {
        let caption = text::formatted(&self.fields, text::CAPTION)?;
        text::within(&caption.text, text::CAPTION_LIMIT, too_long)?;
        Ok(caption)
    }

    /// Returns the checked file.
    pub(super) fn file<'a>(
        &'a self,
        world: &World,
        params: &'a Params,
        detects: bool,
    ) -> Result<CheckedFile<'a>, Refusal> {
        let detects = detects && !self.fields.flag("disable_content_type_detection");
        let source = Source { details: &self.fields, detects, uploads: params };
        source.find(world, self.kind, &self.media)?.ok_or_else(|| unreadable("media not found"))
    }
}
