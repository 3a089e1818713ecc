//! Sending text, streaming drafts, showing chat actions.

use std::time::Instant;

use serde_json::json;

use super::super::markup;
use super::super::params::Params;
use super::super::posts::{Post, text_body};
use super::super::refusal::{Outcome, Refusal};
use super::super::text;
use super::super::types::Draft;
use super::super::world::World;
use super::target;

/// Chat actions that exist.
const ACTIONS: [&str; 11] = [
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
];

/// `sendMessage`.
pub(super) fn send(world: &mut World, params: &Params) -> Outcome {
    let formatted = text::formatted(params, text::MESSAGE)?;
    let chat = target::writable_chat(world, params)?;
    text::readable(&formatted.text)?;
    text::within(&formatted.text, text::TEXT_LIMIT, "message is too long")?;
    let reply_to = target::reply_to(world, chat, params)?;
    let topic = target::topic(world, chat, params, reply_to)?;
    let reply_markup = markup::reply_markup(params)?;
    let body = text_body(&formatted.text, &formatted.entities);
    let from = world.settings.bot_id;
    Ok(world.post(chat, Post { from, topic, reply_to, body, reply_markup }).raw)
}

/// `sendMessageDraft`.
pub(super) fn draft(world: &mut World, params: &Params) -> Outcome {
    let formatted = text::formatted(params, text::MESSAGE)?;
    let chat = target::writable_chat(world, params)?;
    let draft_id = params.int("draft_id").filter(|id| *id != 0);
    let draft_id = draft_id.ok_or_else(|| Refusal::bad("draft_id must be a non-zero integer"))?;
    text::within(&formatted.text, text::TEXT_LIMIT, "message is too long")?;
    let topic = target::topic(world, chat, params, None)?;
    let Some(state) = world.chats.get_mut(&chat).filter(|state| state.is_private()) else {
        return Err(Refusal::bad("message drafts can be sent only to private chats"));
    };
    state.show_draft(Draft {
        draft_id,
        text: formatted.text,
        entities: formatted.entities,
        topic,
        can_stop: params.flag("can_stop"),
        keep_on_stop: params.flag("keep_on_stop"),
        at: Instant::now(),
    });
    world.touch_screen(chat);
    Ok(json!(true))
}

/// `sendChatAction`.
pub(super) fn action(world: &mut World, params: &Params) -> Outcome {
    let chat = target::writable_chat(world, params)?;
    let action = params.text("action").unwrap_or_default();
    if !ACTIONS.contains(&action) {
        return Err(Refusal::bad("wrong parameter action in request"));
    }
    target::topic(world, chat, params, None)?;
    if let Some(state) = world.chats.get_mut(&chat) {
        state.action = Some((action.to_owned(), Instant::now()));
    }
    world.touch_screen(chat);
    Ok(json!(true))
}
