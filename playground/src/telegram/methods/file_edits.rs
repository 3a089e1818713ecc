//! Changing the caption or the file of a message.

use super::super::markup;
use super::super::media;
use super::super::params::Params;
use super::super::refusal::{Outcome, Refusal};
use super::super::text;
use super::super::types::{Attachment, Message};
use super::super::world::World;
use super::albums::Input;
use super::edits::{change, not_modified, own_message};
use super::target;

/// `editMessageCaption`. An empty caption removes it.
pub(super) fn caption(world: &mut World, params: &Params) -> Outcome {
    let formatted = text::formatted(params, text::CAPTION)?;
    let chat = target::writable_chat(world, params)?;
    let old = own_message(world, chat, params)?;
    if kind_of(&old).is_none_or(|kind| kind == Attachment::Sticker) {
        return Err(Refusal::bad("there is no caption in the message to edit"));
    }
    text::within(&formatted.text, text::CAPTION_LIMIT, "MEDIA_CAPTION_TOO_LONG")?;
    let markup = markup::reply_markup(params)?;
    if old.text == formatted.text && old.entities == formatted.entities && old.reply_markup == markup {
        return Err(not_modified());
    }
    change(world, chat, old.id, Some((formatted.text, formatted.entities)), markup)
}

/// `editMessageMedia`.
pub(super) fn media(world: &mut World, params: &Params) -> Outcome {
    let object = params.object("media")?.ok_or_else(|| Refusal::bad("media is empty"))?;
    let input = Input::from_object(object)?;
    let caption = input.caption("MEDIA_CAPTION_TOO_LONG")?;
    let chat = target::writable_chat(world, params)?;
    let old = own_message(world, chat, params)?;
    let Some(old_kind) = kind_of(&old) else {
        return Err(Refusal::bad("there is no media in the message to edit"));
    };
    let markup = markup::reply_markup(params)?;
    let file = input.file(world, params, true)?;
    let in_album = old.raw.get("media_group_id").is_some();
    if in_album && family(old_kind) != family(file.kind) {
        return Err(Refusal::bad("MEDIA_GROUPED_INVALID"));
    }
    let same_file = file.known_id().is_some_and(|id| media::file_id(&old.raw) == Some(id));
    if same_file && old.text == caption.text && old.entities == caption.entities && old.reply_markup == markup
    {
        return Err(not_modified());
    }
    let body = file.into_body(world, &caption);
    let edited = world.replace_file(chat, old.id, body, markup);
    edited.map(|message| message.raw).ok_or_else(|| Refusal::bad("message to edit not found"))
}

fn kind_of(message: &Message) -> Option<Attachment> {
    media::kind_of(&message.raw)
}

/// Returns the group of kinds that one album can contain.
fn family(kind: Attachment) -> Attachment {
    if kind == Attachment::Video { Attachment::Photo } else { kind }
}
